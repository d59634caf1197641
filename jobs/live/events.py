"""A job's history grows here, and its watchers are told that it did."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs.models import Event, Job, Stage

logger = logging.getLogger(__name__)

STATUS_CHANNEL = "job_status_updates"
PROGRESS_CHANNEL = "job_progress_updates"


class Change:
    """One change of a job, made while its row is locked: state, stages and events together."""

    def __init__(self, job: Job, stages: list[Stage], now: datetime) -> None:
        self.job = job
        self.stages = stages
        self.now = now
        self._events: list[Event] = []

    def note(self, kind: Event.Kind, stage: Stage | None = None, **data: Any) -> None:
        """Append an event; its number is the job's next."""
        self.job.seq += 1
        self._events.append(
            Event(
                job=self.job,
                seq=self.job.seq,
                at=self.now,
                kind=kind,
                stage=stage_label(stage) if stage else "",
                data=data,
            )
        )

    def waiting(self, wait_for: Stage.WaitFor) -> list[Stage]:
        return [
            s
            for s in self.stages
            if s.status == Stage.Status.WAITING and s.wait_for == wait_for
        ]

    def write_events(self) -> None:
        Event.objects.bulk_create(self._events)


@contextmanager
def locked(job_id: Any, *, skip_locked: bool = False) -> Iterator[Change]:
    """Lock a job's row and hold it with its stages; raises Job.DoesNotExist.

    Everything that changes a job's state goes through this lock, so that
    events are numbered without a gap and parts that end together agree on
    who was last.
    """
    with transaction.atomic():
        rows = Job.objects.select_for_update(
            skip_locked=skip_locked, no_key=True, of=("self",)
        )
        # Whoever works for a job needs to know where its files lie.
        job = rows.select_related("project").get(pk=job_id)
        # Locked too: due waits are claimed many at a time, without their jobs' locks.
        rows_of_stages = job.stages.select_for_update(no_key=True)
        # Texts of other stages can be long and are seldom needed here.
        stages = list(rows_of_stages.defer("facts", "checkpoint"))
        change = Change(job, stages, timezone.now())
        yield change
        change.write_events()


def stage_label(stage: Stage) -> str:
    return stage.name if stage.part is None else f"{stage.name}/{stage.part}"


def tell_watchers(job: Job, channel: str) -> None:
    """Say that a job changed, once the change is committed; only a hint that may be lost."""
    message = json.dumps(
        {
            "job_id": str(job.pk),
            "status": job.status,
            "progress": round(job.progress, 1),
            "message": job.message,
            "seq": job.seq,
            "project": str(job.project_id),
            "owner": job.owner_id,
        }
    )
    transaction.on_commit(lambda: publish(channel, message))


def publish(channel: str, message: str) -> None:
    try:
        _connection().publish(channel, message)
    except redis.RedisError as error:
        logger.warning("watchers could not be told: %s", error)


@cache
def _connection() -> redis.Redis:
    # One pool a process: a new connection for each message would cost 1.5 ms.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
    )
