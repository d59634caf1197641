"""Keeps jobs moving whatever else fails: sends what is due, takes back what is lost, ends what is late."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import redis
import structlog
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.db.models import F, Q
from django.utils import timezone

from jobs import flow, presence, queues
from jobs.flow import Change, Failure
from jobs.models import Event, Job, Stage, Worker
from jobs.pipeline import Queue
from jobs.runtime import picking

logger = structlog.get_logger(__name__)

TICK_S = 0.2
# A message that nobody took up in this time was lost on the way.
LOST_AFTER = timedelta(seconds=5)
# What each look takes at most, so that no kind of work starves the others.
BATCH = 100
# Workers could not renew their leases while Postgres was away: they get to do it first.
LEASES_DOUBTED_S = 4.0


# Asked first in every round: most of the time nothing of most of this is there.
_GLANCE = """
SELECT
    EXISTS (SELECT 1 FROM jobs_stage WHERE status = 'running' AND lease_until < %(now)s),
    EXISTS (SELECT 1 FROM jobs_stage WHERE status = 'running' AND deadline < %(now)s),
    EXISTS (
        SELECT 1 FROM jobs_stage
        WHERE status = 'running' AND reported_at < %(now)s - quiet_limit
    ),
    EXISTS (
        SELECT 1 FROM jobs_job
        WHERE start_by < %(now)s AND started_at IS NULL AND finished_at IS NULL
    ),
    EXISTS (SELECT 1 FROM jobs_job WHERE finish_by < %(now)s AND finished_at IS NULL),
    EXISTS (
        SELECT 1 FROM jobs_stage
        WHERE status = 'waiting' AND wake_at <= %(now)s AND wait_for = 'retry'
    ),
    EXISTS (
        SELECT 1 FROM jobs_stage
        WHERE status = 'waiting' AND wake_at <= %(now)s AND wait_for = 'time'
    ),
    -- In an index's order: else it might be looked for among all those that have ended.
    (
        SELECT true FROM jobs_stage WHERE status = 'queued'
        ORDER BY queue, priority, owner_id, id LIMIT 1
    ) IS NOT NULL,
    EXISTS (SELECT 1 FROM jobs_stage WHERE vendor_cancel_due)
"""


class Glance(NamedTuple):
    """Of what there is something to do."""

    lost: bool
    late: bool
    quiet: bool
    unstarted: bool
    unfinished: bool
    retries: bool
    waits: bool
    queued: bool
    vendor_cancels: bool


def glance() -> Glance:
    with connection.cursor() as cursor:
        cursor.execute(_GLANCE, {"now": timezone.now()})
        return Glance(*cursor.fetchone())


def tick(*, trust_leases: bool = True) -> None:
    """One round of everything; any number of dispatchers may do this at the same time."""
    seen = glance()
    if seen.lost and trust_leases:
        take_back_lost()
    if seen.late:
        stop_late_stages()
    if seen.quiet:
        stop_quiet_stages()
    if seen.unstarted or seen.unfinished:
        expire_jobs()
    if seen.retries:
        wake_retries()
    # What was taken back or woken just now is in line, too.
    if seen.queued or seen.lost or seen.retries or seen.quiet:
        send_due()
    if seen.waits:
        ring_for_waits()
    if seen.vendor_cancels:
        send_vendor_cancels()


def send_due() -> None:
    """Fill the workers' queues, as far as there is room and stages are due."""
    sent_before = timezone.now() - LOST_AFTER
    for queue, priority in picking.occupied_lines(list(Queue)):
        room = queues.room(queue, priority)
        if room <= 0:
            continue
        due = picking.next_to_send(queue, priority, sent_before=sent_before)
        for candidate in due[:room]:
            queues.send(candidate.stage_id, candidate.attempt, queue, priority)


def ring_for_waits() -> None:
    """One message a line calls a worker, which then claims every wait that is due."""
    now = timezone.now()
    due = Stage.objects.filter(
        Q(sent_at=None) | Q(sent_at__lt=F("wake_at")) | Q(sent_at__lt=now - LOST_AFTER),
        status=Stage.Status.WAITING,
        wait_for=Stage.WaitFor.TIME,
        wake_at__lte=now,
    )
    first_of_lines = due.order_by("queue", "priority", "wake_at").distinct(
        "queue", "priority"
    )
    for stage in first_of_lines.only("attempt", "queue", "priority"):
        if queues.room(stage.queue, stage.priority) > 0:
            queues.send(stage.pk, stage.attempt, stage.queue, stage.priority)


def wake_retries() -> None:
    """Stages whose retry delay is over go into the queue again."""
    due = Stage.objects.filter(
        status=Stage.Status.WAITING,
        wait_for=Stage.WaitFor.RETRY,
        wake_at__lte=timezone.now(),
    )
    _for_each(due, flow.wake)


def take_back_lost() -> None:
    """Running stages whose lease ran out: their worker is gone, or was thought to be."""
    lost = Stage.objects.filter(
        status=Stage.Status.RUNNING, lease_until__lt=timezone.now()
    )
    _for_each(lost, lambda change, stage: flow.lose(change, stage, "its lease ran out"))


def stop_late_stages() -> None:
    late = Stage.objects.filter(
        status=Stage.Status.RUNNING, deadline__lt=timezone.now()
    )
    failure = Failure(
        code="stage_timeout",
        detail="This step took longer than it may. "
        "Try a smaller input or a lower quality.",
        retryable=False,
    )
    _for_each(late, lambda change, stage: flow.fail(change, stage, failure))


def stop_quiet_stages() -> None:
    """Stages that have shown no progress for longer than they said they might."""
    quiet = Stage.objects.filter(
        status=Stage.Status.RUNNING, reported_at__lt=timezone.now() - F("quiet_limit")
    )

    def stop(change: Change, stage: Stage) -> None:
        change.note(Event.Kind.STUCK, stage, quiet_since=str(stage.reported_at))
        failure = Failure(
            code="stage_stuck",
            detail="This step showed no progress for too long and was stopped.",
            retryable=True,
        )
        flow.fail(change, stage, failure)

    _for_each(quiet, stop)


def _for_each(stages: Any, act: Callable[[Change, Stage], None]) -> None:
    """Act on each of these stages under its job's lock, if it is still as it was found."""
    wanted = {"status", "attempt", "wake_at", "lease_until"}
    for found in stages.only("job_id", *wanted)[:BATCH]:
        try:
            with flow.changing(found.job_id, skip_locked=True) as change:
                for stage in change.stages:
                    if stage.pk == found.pk and all(
                        getattr(stage, name) == getattr(found, name) for name in wanted
                    ):
                        act(change, stage)
        except Job.DoesNotExist:
            # Deleted, or in another's hands just now: the next round looks again.
            continue


def expire_jobs() -> None:
    now = timezone.now()
    unstarted = Q(start_by__lt=now, started_at=None, finished_at=None)
    _expire(unstarted, "No worker was free to start it by {:%Y-%m-%d %H:%M %Z}.")
    unfinished = Q(finish_by__lt=now, finished_at=None)
    _expire(unfinished, "It was not finished by {:%Y-%m-%d %H:%M %Z}.")


def _expire(late: Q, reason: str) -> None:
    for job in Job.objects.filter(late).only("pk")[:BATCH]:
        with suppress(Job.DoesNotExist), flow.changing(job.pk) as change:
            # Asked again under the lock: it may have started or ended just now.
            if Job.objects.filter(late, pk=job.pk).exists():
                by = change.job.start_by if "start" in reason else change.job.finish_by
                flow.expire(change, reason.format(by))


def send_vendor_cancels() -> None:
    """Vendors that have still to hear of a cancel."""
    again = timezone.now() - timedelta(seconds=60)
    due = Stage.objects.filter(
        Q(sent_at=None) | Q(sent_at__lt=again) | Q(sent_at__lt=F("finished_at")),
        vendor_cancel_due=True,
    )
    for stage in due[:BATCH]:
        Stage.objects.filter(pk=stage.pk).update(sent_at=timezone.now())
        queues.send_vendor_cancel(stage.pk)


def run(*, should_stop: Callable[[], bool]) -> None:
    """Round after round, through outages of Redis and Postgres, until told to stop."""
    me = None
    pause = TICK_S
    beaten_at = trust_from = 0.0
    while not should_stop():
        try:
            if me is None:
                me = presence.announce(Worker.Duty.DISPATCHER)
            if time.monotonic() - beaten_at > 1:
                presence.beat(me)
                beaten_at = time.monotonic()
            tick(trust_leases=time.monotonic() > trust_from)
            pause = TICK_S
        except (DatabaseError, redis.RedisError) as error:
            logger.warning("round broken off", error=str(error).strip())
            pause = min(pause * 2, 2.0)
            if isinstance(error, DatabaseError):
                connections.close_all()
                trust_from = time.monotonic() + pause + LEASES_DOUBTED_S
        time.sleep(pause)
    if me is not None:
        with suppress(DatabaseError):
            presence.leave(me)
