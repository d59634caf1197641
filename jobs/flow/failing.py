"""What happens to a stage that goes wrong: another try, or the end of its job."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jobs import registry
from jobs.flow.changes import Change
from jobs.flow.ending import fail_job
from jobs.flow.steps import queue, step_ended
from jobs.models import Event, Stage

# A stage that took its worker down this often is taken to be the cause.
MOST_LOSSES = 8
LONGEST_RETRY_DELAY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error as data."""

    code: str
    detail: str
    retryable: bool
    retry_after: timedelta | None = None
    # Whose service was the cause, where one was.
    vendor: str = ""


def fail(change: Change, stage: Stage, failure: Failure) -> None:
    """Try again when that can help and attempts are left; else the stage has failed."""
    failures = stage.failures + 1
    if failure.retryable and failures < change.job.max_attempts:
        _retry_later(change, stage, failure, failures)
        return
    change.set(
        stage,
        status=Stage.Status.FAILED,
        failures=failures,
        error=_error_json(stage, failure),
        finished_at=change.now,
        lease_until=None,
        worker_id=None,
    )
    change.note(Event.Kind.FAILED, stage, **_told(failure))
    if registry.get(stage.pipeline).step(stage.name).tolerates_failed_parts:
        step_ended(change, stage)
    else:
        fail_job(change, stage.error)


def _retry_later(change: Change, stage: Stage, failure: Failure, failures: int) -> None:
    grown = change.job.retry_delay_seconds * 2 ** (failures - 1)
    delay = min(timedelta(seconds=grown), LONGEST_RETRY_DELAY)
    delay = max(delay, failure.retry_after or timedelta())
    change.set(
        stage,
        status=Stage.Status.WAITING,
        attempt=stage.attempt + 1,
        failures=failures,
        wait_for=Stage.WaitFor.RETRY,
        wait_reason=f"Trying again after: {failure.detail}"[:300],
        wake_at=change.now + delay,
        error=_error_json(stage, failure),
        lease_until=None,
        worker_id=None,
    )
    change.note(
        Event.Kind.RETRIED,
        stage,
        **_told(failure),
        attempt=stage.attempt,
        delay_seconds=delay.total_seconds(),
    )


def lose(change: Change, stage: Stage, why: str) -> None:
    """The stage's worker is gone; another takes it up from its checkpoint."""
    losses = stage.losses + 1
    change.set(
        stage,
        attempt=stage.attempt + 1,
        losses=losses,
        worker_id=None,
        lease_until=None,
    )
    change.note(Event.Kind.LOST, stage, why=why, attempt=stage.attempt)
    if losses < MOST_LOSSES:
        queue(change, [stage])
        return
    failure = Failure(
        code="worker_lost",
        detail=f"This step took its worker down {losses} times. It may need more memory "
        "than there is; try a smaller input or a lower quality.",
        retryable=False,
    )
    fail(change, stage, failure)


def gave_up(stage: Stage) -> Failure:
    return Failure(
        code="wait_timeout",
        detail=f"This step waited too long ({stage.wait_reason or 'no answer'}). "
        "Try again, or raise POLLING_TIMEOUT_MINUTES.",
        retryable=False,
    )


def _told(failure: Failure) -> dict[str, str]:
    told = {"code": failure.code, "detail": failure.detail}
    return told | ({"vendor": failure.vendor} if failure.vendor else {})


def _error_json(stage: Stage, failure: Failure) -> dict[str, Any]:
    return {
        "code": failure.code,
        "detail": failure.detail,
        "stage": stage.name,
        "part": stage.part,
        "retryable": failure.retryable,
    }
