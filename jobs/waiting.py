"""Why is this job waiting, and for how long still: an answer in words and in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from jobs.models import Job, Stage, Worker
from jobs.presence import ALIVE_WITHIN, alive

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
_LINE = """
WITH own AS (
    SELECT count(*) + 1 AS turn FROM jobs_stage s
    WHERE s.status = 'queued' AND s.queue = %(queue)s
        AND s.priority = %(priority)s AND s.owner_id = %(owner)s AND s.id < %(stage)s
)
SELECT
    (
        SELECT count(*) FROM jobs_stage s
        WHERE s.status = 'queued' AND s.queue = %(queue)s
            AND s.priority < %(priority)s
    ) + (
        SELECT COALESCE(sum(least(theirs.stages, own.turn)), 0) FROM (
            SELECT count(*) AS stages FROM jobs_stage s
            WHERE s.status = 'queued' AND s.queue = %(queue)s
                AND s.priority = %(priority)s AND s.owner_id <> %(owner)s
            GROUP BY s.owner_id
        ) theirs
    ) + own.turn - 1,
    (
        SELECT count(*) FROM jobs_worker w
        WHERE w.duty = 'worker' AND w.stopped_at IS NULL
            AND w.seen_at > %(alive_after)s AND %(queue)s = ANY(w.queues)
    )
FROM own
"""
# How long the last runs of each of these steps took.
_PAST = """
SELECT step.name, extract(epoch FROM past.took)
FROM unnest(%(names)s::text[]) AS step(name), LATERAL (
    SELECT s.finished_at - s.started_at AS took FROM jobs_stage s
    WHERE s.pipeline = %(pipeline)s AND s.name = step.name
        AND s.status = 'succeeded' AND s.finished_at <= now()
    ORDER BY s.finished_at DESC LIMIT %(runs)s
) past
WHERE past.took IS NOT NULL
ORDER BY past.took
"""


def explain(job: Job, stages: Sequence[Stage]) -> Waiting:
    """Read from the rows what this job's stages are doing."""
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
    queue = current[0].queue
    serving = sum(queue in worker.queues for worker in alive(Worker.Duty.WORKER))
    return Waiting(reason=reason, ahead=None, workers_alive=serving, eta=eta)


def _in_line(stage: Stage, eta: Span | None) -> Waiting:
    ahead, workers = _ahead_and_serving(stage)
    if not workers:
        reason = (
            f"No worker for “{stage.queue}” is alive. Start one, or ask the operator."
        )
    elif ahead:
        reason = f"{ahead} steps are ahead of it in the “{stage.queue}” line."
    else:
        reason = "It is next in line."
    return Waiting(reason=reason, ahead=ahead, workers_alive=workers, eta=eta)


def _ahead_and_serving(stage: Stage) -> tuple[int, int]:
    """How many stages come before this one, and how many workers take them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _LINE,
            {
                "queue": stage.queue,
                "priority": stage.priority,
                "owner": stage.owner_id,
                "stage": stage.pk,
                "alive_after": timezone.now() - ALIVE_WITHIN,
            },
        )
        ahead, workers = cursor.fetchone()
        return int(ahead), int(workers)


def remaining(stages: Sequence[Stage]) -> Span | None:
    """How long the stages that are still open took in other jobs."""
    still = [stage for stage in stages if stage.status in Stage.OPEN]
    known = _past_seconds(still)
    low = high = 0.0
    for stage in still:
        past = known.get(stage.name)
        if not past:
            return None
        left = 1 - stage.progress / 100
        low += past[len(past) // 4] * left
        high += past[(len(past) - 1) * 9 // 10] * left
    return Span(low_s=low, high_s=high)


def _past_seconds(stages: Sequence[Stage]) -> dict[str, list[float]]:
    """By step of one job, how long its past runs took, shortest first."""
    found: dict[str, list[float]] = {}
    if not stages:
        return found
    names = sorted({stage.name for stage in stages})
    with connection.cursor() as cursor:
        cursor.execute(
            _PAST,
            {"names": names, "pipeline": stages[0].pipeline, "runs": PAST_RUNS},
        )
        for name, seconds in cursor.fetchall():
            found.setdefault(name, []).append(float(seconds))
    return found
