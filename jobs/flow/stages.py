"""What happens to a stage in a worker's hands, where nothing goes wrong."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from jobs import registry
from jobs.flow.changes import Change
from jobs.flow.steps import queue, step_ended
from jobs.models import Event, Stage


def claim(
    change: Change,
    stage: Stage,
    *,
    worker_id: UUID,
    engine: str,
    lease: timedelta,
) -> None:
    step = registry.get(stage.pipeline).step(stage.name)
    change.set(
        stage,
        status=Stage.Status.RUNNING,
        worker_id=worker_id,
        engine=engine,
        lease_until=change.now + lease,
        deadline=change.now + step.timeout,
        quiet_limit=step.quiet_limit,
        reported_at=change.now,
        claimed_at=change.now,
        started_at=stage.started_at or change.now,
        wait_for="",
        wait_reason="",
        wake_at=None,
    )
    change.job.started_at = change.job.started_at or change.now
    change.job.message = step.label
    change.note(
        Event.Kind.CLAIMED,
        stage,
        worker=str(worker_id),
        attempt=stage.attempt,
        engine=engine,
    )


def succeed(
    change: Change, stage: Stage, *, facts: str, note: str, cache_key: str = ""
) -> None:
    change.set(
        stage,
        cache_key=cache_key,
        status=Stage.Status.SUCCEEDED,
        progress=100,
        facts=facts,
        note=note,
        message="",
        error=None,
        finished_at=change.now,
        lease_until=None,
        worker_id=None,
    )
    change.note(Event.Kind.SUCCEEDED, stage, note=note, attempt=stage.attempt)
    step_ended(change, stage)


def skip_for(change: Change, stage: Stage, earlier: Stage) -> None:
    """Serve an earlier stage's result instead of doing the same work again."""
    change.set(
        stage,
        status=Stage.Status.SKIPPED,
        progress=100,
        facts=earlier.facts,
        note=earlier.note,
        cached_from=earlier,
        finished_at=change.now,
        lease_until=None,
        worker_id=None,
    )
    change.note(Event.Kind.SKIPPED, stage, reason="cached", job=str(earlier.job_id))
    step_ended(change, stage)


def hand_back(change: Change, stage: Stage) -> None:
    """A worker that shuts down gives its stage to whoever comes next."""
    # The one that gave it back may still be ending: its writes must not count any more.
    change.set(stage, attempt=stage.attempt + 1, worker_id=None, lease_until=None)
    change.note(Event.Kind.HANDED_BACK, stage)
    queue(change, [stage])


def add_cost(change: Change, stage: Stage, amount_usd: Decimal) -> None:
    change.job.cost_usd += amount_usd
    change.set(stage, cost_usd=stage.cost_usd + amount_usd)
