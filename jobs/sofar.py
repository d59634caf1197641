"""What is known of a job between two steps, read from its rows when it is asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db.models import prefetch_related_objects

from jobs import registry
from jobs.engines import choose_engine
from jobs.inputs import InputFacts
from jobs.models import Job, Stage
from jobs.params import F, Params


class JobSoFar:
    """The `SoFar` of a stored job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._pipeline = registry.get(job.pipeline)

    @cached_property
    def params(self) -> Any:
        params: Params = self._pipeline.params.model_validate(self._job.params)
        return params

    @cached_property
    def inputs(self) -> Sequence[InputFacts]:
        # Asks nothing where many jobs' inputs were loaded together.
        prefetch_related_objects([self._job], "job_inputs__asset")
        rows = self._job.job_inputs.all()
        return [row.asset.facts() for row in rows if row.asset]

    def facts(self, step: str, kind: type[F]) -> F:
        stages = Stage.objects.filter(job=self._job, name=step, status__in=Stage.DONE)
        return kind.model_validate_json(stages.values_list("facts", flat=True)[0])

    def engine(self, step: str) -> str:
        return choose_engine(self._pipeline.step(step), self._job.engine, self.params)
