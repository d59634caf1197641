"""A job's stages as people follow them: one line a step, its parts inside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from jobs import registry
from jobs.errors import NotFoundError
from jobs.models import Job, Stage

_LIVELIEST_FIRST = (
    Stage.Status.RUNNING,
    Stage.Status.WAITING,
    Stage.Status.QUEUED,
    Stage.Status.FAILED,
    Stage.Status.EXPIRED,
    Stage.Status.CANCELLED,
    Stage.Status.PENDING,
    Stage.Status.SUCCEEDED,
    Stage.Status.SKIPPED,
)


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """One step of a job."""

    name: str
    label: str
    status: str
    progress: float
    message: str
    note: str
    engine: str
    attempt: int
    seconds: float | None
    cost_usd: Decimal
    error: dict[str, Any] | None
    wait_for: str
    stages: Sequence[Stage]
    from_cache: bool

    @property
    def parts(self) -> Sequence[Stage]:
        return [s for s in self.stages if s.part is not None]

    @property
    def parts_done(self) -> int:
        return sum(s.status in Stage.DONE for s in self.parts)


def timeline(job: Job) -> list[StepLine]:
    """From a job that was loaded with its stages."""
    by_step: dict[str, list[Stage]] = {}
    for stage in job.stages.all():
        by_step.setdefault(stage.name, []).append(stage)
    labels = _labels(job)
    return [_line(name, labels, stages) for name, stages in by_step.items()]


def _labels(job: Job) -> dict[str, str]:
    try:
        return {s.name: s.label for s in registry.get(job.pipeline).steps}
    except NotFoundError:
        return {}


def _line(name: str, labels: dict[str, str], stages: list[Stage]) -> StepLine:
    status = _status(stages)
    speaking = next((s for s in stages if s.status == status), stages[0])
    weight = sum(s.weight for s in stages) or 1
    return StepLine(
        name=name,
        label=labels.get(name, name.replace("_", " ").capitalize()),
        status=status,
        progress=sum(s.progress * s.weight for s in stages) / weight,
        message=_message(speaking),
        note=speaking.note,
        engine=speaking.engine,
        attempt=max(s.failures + s.losses for s in stages) + 1,
        seconds=_seconds(stages),
        cost_usd=sum((s.cost_usd for s in stages), Decimal(0)),
        error=next((s.error for s in stages if s.error), None)
        if status in (Stage.Status.FAILED, Stage.Status.WAITING)
        else None,
        wait_for=speaking.wait_for if status == Stage.Status.WAITING else "",
        stages=stages,
        from_cache=all(s.cached_from_id for s in stages),
    )


def _status(stages: list[Stage]) -> str:
    statuses = {s.status for s in stages}
    return next(str(s.value) for s in _LIVELIEST_FIRST if s in statuses)


def _message(stage: Stage) -> str:
    if stage.status == Stage.Status.WAITING:
        return stage.wait_reason
    return stage.message if stage.status == Stage.Status.RUNNING else ""


def _seconds(stages: list[Stage]) -> float | None:
    started = [s.started_at for s in stages if s.started_at]
    if not started:
        return None
    ends = [s.finished_at or timezone.now() for s in stages if s.started_at]
    took: timedelta = max(ends) - min(started)
    return max(0.0, took.total_seconds())
