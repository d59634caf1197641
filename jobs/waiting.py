"""Why is this job waiting, and for how long still: an answer in words and in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F
from django.utils import timezone

from jobs.models import Job, Stage, Worker
from jobs.presence import alive

# How many past runs of a step an estimate looks at.
PAST_RUNS = 20


@dataclass(frozen=True, kw_only=True)
class Span:
    """From the good case to the bad one."""

    low_s: float
    high_s: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a job waits for now."""

    reason: str
    # Stages that will be taken before its own; None when it is not in line.
    ahead: int | None
    workers_alive: int
    # Until the job is done, from past runs of its remaining steps; None without any.
    eta: Span | None


# Owners take turns, so before somebody's n-th stage come at most n of each other
# owner's, and all of a higher priority.
_AHEAD = """
SELECT
    (
        SELECT count(*) FROM jobs_stage s
        WHERE s.status = 'queued' AND s.queue = %(queue)s
            AND s.priority < %(priority)s
    ) + (
        SELECT COALESCE(sum(least(theirs.stages, %(turn)s)), 0) FROM (
            SELECT count(*) AS stages FROM jobs_stage s
            WHERE s.status = 'queued' AND s.queue = %(queue)s
                AND s.priority = %(priority)s AND s.owner_id <> %(owner)s
            GROUP BY s.owner_id
        ) theirs
    ) + %(turn)s - 1
"""


def explain(job: Job) -> Waiting:
    """Read from the rows: what the job's open stages are doing."""
    stages = list(job.stages.defer("facts", "checkpoint"))
    current = [s for s in stages if s.status in Stage.OPEN]
    if job.ended or not current:
        return Waiting(reason="", ahead=None, workers_alive=0, eta=None)
    eta = remaining(stages)
    waiting = next((s for s in current if s.status == Stage.Status.WAITING), None)
    running = [s for s in current if s.status == Stage.Status.RUNNING]
    queued = next((s for s in current if s.status == Stage.Status.QUEUED), None)
    if queued and not running:
        return _in_line(queued, eta)
    reason = waiting.wait_reason if waiting and not running else ""
    return Waiting(
        reason=reason, ahead=None, workers_alive=_serving(current[0]), eta=eta
    )


def _in_line(stage: Stage, eta: Span | None) -> Waiting:
    workers = _serving(stage)
    ahead = _stages_ahead(stage)
    if not workers:
        reason = (
            f"No worker for “{stage.queue}” is alive. Start one, or ask the operator."
        )
    elif ahead:
        reason = f"{ahead} steps are ahead of it in the “{stage.queue}” line."
    else:
        reason = "It is next in line."
    return Waiting(reason=reason, ahead=ahead, workers_alive=workers, eta=eta)


def _serving(stage: Stage) -> int:
    return sum(stage.queue in worker.queues for worker in alive(Worker.Duty.WORKER))


def _stages_ahead(stage: Stage) -> int:
    own_before = Stage.objects.filter(
        status=Stage.Status.QUEUED,
        queue=stage.queue,
        priority=stage.priority,
        owner_id=stage.owner_id,
        pk__lt=stage.pk,
    ).count()
    with connection.cursor() as cursor:
        cursor.execute(
            _AHEAD,
            {
                "queue": stage.queue,
                "priority": stage.priority,
                "owner": stage.owner_id,
                "turn": own_before + 1,
            },
        )
        return int(cursor.fetchone()[0])


def remaining(stages: Sequence[Stage]) -> Span | None:
    """How long the stages that are still open took in other jobs."""
    low = high = 0.0
    for stage in stages:
        if stage.status not in Stage.OPEN:
            continue
        past = _past_seconds(stage)
        if not past:
            return None
        left = 1 - stage.progress / 100
        low += past[len(past) // 4] * left
        high += past[(len(past) - 1) * 9 // 10] * left
    return Span(low_s=low, high_s=high)


def _past_seconds(stage: Stage) -> list[float]:
    took = ExpressionWrapper(
        F("finished_at") - F("started_at"), output_field=DurationField()
    )
    rows = (
        Stage.objects.filter(
            pipeline=stage.pipeline,
            name=stage.name,
            status=Stage.Status.SUCCEEDED,
            finished_at__lte=timezone.now(),
        )
        .order_by("-finished_at")
        .values_list(took, flat=True)[:PAST_RUNS]
    )
    durations: list[timedelta | None] = [*rows]
    return sorted(took.total_seconds() for took in durations if took is not None)
