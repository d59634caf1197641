"""Stages that wait for a vendor or a time, and hold no worker meanwhile."""

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from jobs.flow.changes import Change
from jobs.flow.rows import NOT_LASTING
from jobs.flow.steps import queue
from jobs.models import Event, Stage
from jobs.pipeline import Wait

POLL_GROWTH = 1.5
POLL_JITTER = 0.25


def wait(change: Change, stage: Stage, told: Wait) -> None:
    """Let the worker go until a vendor or a time is due."""
    fields = _fields(stage, told, change.now)
    if stage.wake_at and stage.claimed_at and stage.wake_at > stage.claimed_at:
        # Called for while it asked: it asks again at once.
        fields["wake_at"] = change.now
    change.set(stage, **fields)
    change.job.message = stage.wait_reason
    if stage.wakes == 1:
        change.note(Event.Kind.WAITING, stage, reason=told.reason)


# Somebody may have called for it while it asked: then it asks again at once.
_WAIT_AGAIN = """
UPDATE jobs_stage SET {fields},
    wake_at = CASE WHEN wake_at > claimed_at THEN %(now)s ELSE %(wake_at)s END
WHERE id = %(stage)s AND attempt = %(attempt)s AND status = 'running'
"""


def wait_again(stage: Stage, told: Wait) -> None:
    """A wait after the first, in one message: nobody but the stage has to be told of it."""
    now = timezone.now()
    fields = _fields(stage, told, now)
    kept = ", ".join(f"{name} = %({name})s" for name in fields if name != "wake_at")
    statement = _WAIT_AGAIN.format(fields=kept)
    if told.checkpoint is None:
        # What a crash of Postgres undoes is asked for again when the lease is over;
        # what the stage would need to go on is another matter.
        statement = NOT_LASTING + statement
    values = {**fields, "now": now, "stage": stage.pk, "attempt": stage.attempt}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _fields(stage: Stage, told: Wait, now: datetime) -> dict[str, Any]:
    """What a stage's row says while it waits."""
    patience = told.give_up_after or timedelta(minutes=settings.POLLING_TIMEOUT_MINUTES)
    progress = stage.progress if told.progress is None else told.progress * 100
    fields: dict[str, Any] = {
        "status": Stage.Status.WAITING,
        "wait_for": Stage.WaitFor.TIME,
        "wait_reason": told.reason[:300],
        "wake_at": told.until or now + poll_delay(stage.wakes),
        "give_up_at": stage.give_up_at or now + patience,
        "wakes": stage.wakes + 1,
        "progress": max(stage.progress, min(progress, 99.9)),
        "lease_until": None,
        "worker_id": None,
    }
    if told.checkpoint is not None:
        fields["checkpoint"] = told.checkpoint.model_dump_json()
    return fields


def poll_delay(wakes: int) -> timedelta:
    """The documented backoff: growing, capped, and spread so that jobs do not return in step."""
    grown = settings.POLLING_INITIAL_DELAY * POLL_GROWTH ** min(wakes, 50)
    base = min(grown, settings.POLLING_MAX_DELAY)
    spread = random.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)
    return timedelta(seconds=base * spread)


def wake(change: Change, stage: Stage) -> None:
    """A waiting stage is due: by its time, by a vendor's call, or by a person."""
    queue(change, [stage])


def wake_early(change: Change, stage_id: int, *, by: str) -> bool:
    """Do not wait for the time any longer; False when the stage has nothing to wait for."""
    stage = next((s for s in change.stages if s.pk == stage_id), None)
    if stage is None:
        return False
    if stage.status == Stage.Status.RUNNING:
        # It may have asked just before the answer was there.
        change.set(stage, wake_at=change.now)
        return True
    if stage not in change.waiting(Stage.WaitFor.TIME):
        return False
    change.note(Event.Kind.WOKEN, stage, by=by)
    wake(change, stage)
    return True
