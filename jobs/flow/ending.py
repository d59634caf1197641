"""How a job ends, and with it every stage that is still open."""

from typing import Any

from jobs import registry
from jobs.flow.changes import Change
from jobs.models import Event, Job, Purchase, Stage
from jobs.sofar import JobSoFar


def succeed_job(change: Change, so_far: JobSoFar) -> None:
    summarize = registry.get(change.job.pipeline).summarize
    if summarize:
        change.write_stages()
        change.job.result = dict(summarize(so_far))
    change.job.progress = 100
    failed_parts = sum(s.status == Stage.Status.FAILED for s in change.stages)
    change.job.message = f"{failed_parts} parts failed" if failed_parts else ""
    _end(change, Job.Status.SUCCEEDED, error=None)


def fail_job(change: Change, error: dict[str, Any] | None) -> None:
    """Fail with the error of the stage that caused it."""
    _end(change, Job.Status.FAILED, error=error)


def cancel(change: Change) -> None:
    error = _error(change, code="cancelled", detail="Cancelled")
    _end(change, Job.Status.CANCELLED, error=error)


def expire(change: Change, detail: str) -> None:
    error = _error(change, code="expired", detail=detail)
    _end(change, Job.Status.EXPIRED, error=error)


def _error(change: Change, *, code: str, detail: str) -> dict[str, Any]:
    """An end that no stage caused: told with the step that the job had come to."""
    at = next((s.name for s in change.stages if s.status in Stage.OPEN), None)
    return {"code": code, "detail": detail, "stage": at, "retryable": True}


def _end(change: Change, status: Job.Status, *, error: dict[str, Any] | None) -> None:
    stage_status = (
        Stage.Status.EXPIRED if status == Job.Status.EXPIRED else Stage.Status.CANCELLED
    )
    for stage in change.stages:
        # Its worker notices that the stage is no longer its own, and stops.
        if stage.status in Stage.OPEN:
            change.set(
                stage,
                status=stage_status,
                finished_at=change.now,
                lease_until=None,
                worker_id=None,
                wake_at=None,
                wait_for="",
                vendor_cancel_due=_vendor_must_hear(stage),
            )
    job = change.job
    job.status = status
    job.error = error
    job.finished_at = change.now
    change.note(
        Event.Kind.ENDED,
        status=status.value,
        progress=round(job.progress, 1),
        cost_usd=float(job.cost_usd),
        error=error,
    )


def _vendor_must_hear(stage: Stage) -> bool:
    if registry.get(stage.pipeline).step(stage.name).cancel is None:
        return False
    return stage.purchases.filter(state=Purchase.State.KNOWN).exists()
