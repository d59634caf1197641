"""The pipelines that the installed apps brought along."""

from typing import Any

from jobs.errors import NotFoundError
from jobs.pipeline import Pipeline, Queue, Step

# Params differ from pipeline to pipeline: here they are only carried.
AnyPipeline = Pipeline[Any]
AnyStep = Step[Any]

_pipelines: dict[str, AnyPipeline] = {}


class BadPipelineError(Exception):
    """A pipeline is declared in a way that could not run."""


def register(pipeline: AnyPipeline) -> None:
    """Make a pipeline known; called from its app's `ready`."""
    _check(pipeline)
    _pipelines[pipeline.slug] = pipeline


def unregister(slug: str) -> None:
    """Forget a pipeline, as tests do with their own."""
    _pipelines.pop(slug, None)


def get(slug: str) -> AnyPipeline:
    try:
        return _pipelines[slug]
    except KeyError:
        known = ", ".join(sorted(_pipelines))
        raise NotFoundError(
            f"There is no pipeline “{slug}”. Choose one of: {known}."
        ) from None


def all_pipelines() -> list[AnyPipeline]:
    return list(_pipelines.values())


def _check(pipeline: AnyPipeline) -> None:
    names = [step.name for step in pipeline.steps]
    if not names:
        raise BadPipelineError(f"Pipeline {pipeline.slug} has no steps.")
    if len(set(names)) != len(names):
        raise BadPipelineError(f"Pipeline {pipeline.slug} names a step twice.")
    fields = pipeline.params.model_fields
    for step in pipeline.steps:
        where = f"Step {pipeline.slug}.{step.name}"
        if step.queue not in Queue:
            raise BadPipelineError(f"{where} needs the unknown queue {step.queue}.")
        if step.weight <= 0:
            raise BadPipelineError(f"{where} has no weight.")
        if not step.engines:
            raise BadPipelineError(f"{where} has no engine.")
        for name in (*(step.uses or ()), *filter(None, [step.engine_param])):
            if name not in fields:
                raise BadPipelineError(f"{where} uses the unknown param {name}.")
