"""Which engine does a step: the one named, else the first that is set up here."""

from dataclasses import dataclass

from django.conf import settings

from jobs.errors import EngineNotConfiguredError, RequestError
from jobs.params import Params
from jobs.registry import AnyPipeline, AnyStep

AUTO = "auto"
LOCAL = "local"

# The setting that an engine cannot work without.
NEEDS = {
    "kiri": "KIRI_API_KEY",
    "fal": "FAL_KEY",
    "replicate": "REPLICATE_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "elevenlabs": "ELEVENLABS_API_KEY",
}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One of a pipeline's engines, as people choose among them."""

    name: str
    configured: bool
    needs: str
    steps: tuple[str, ...]


def engines_of(pipeline: AnyPipeline) -> list[Engine]:
    return [
        Engine(
            name=name,
            configured=is_configured(name),
            needs=NEEDS.get(name, ""),
            steps=tuple(s.name for s in pipeline.steps if name in s.engines),
        )
        for name in pipeline.engines
    ]


def is_configured(engine: str) -> bool:
    return engine not in NEEDS or bool(getattr(settings, NEEDS[engine]))


def check_engine(pipeline: AnyPipeline, wanted: str, params: Params) -> None:
    """Refuse at submit what could not run: an unknown engine, or one without its key."""
    offered = (AUTO, LOCAL, *pipeline.engines)
    if wanted not in offered:
        choices = ", ".join(dict.fromkeys(offered))
        raise RequestError(
            f"{pipeline.title} has no engine “{wanted}”. Choose one of: {choices}.",
            errors={"engine": [f"Choose one of: {choices}."]},
        )
    named = {wanted, *(_named_for(step, params) for step in pipeline.steps)}
    for engine in sorted(named - {AUTO, LOCAL, ""}):
        if not is_configured(engine):
            raise EngineNotConfiguredError(engine, needs=NEEDS[engine])


def choose_engine(step: AnyStep, wanted: str, params: Params) -> str:
    for name in (_named_for(step, params), wanted):
        if name in step.engines:
            return name
    return next((e for e in step.engines if is_configured(e)), step.engines[-1])


def _named_for(step: AnyStep, params: Params) -> str:
    """The engine that a param names for this step alone; empty when it names none."""
    if not step.engine_param:
        return ""
    named = getattr(params, step.engine_param)
    return "" if named in (None, AUTO) else str(named)
