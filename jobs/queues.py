"""The way to the workers: RQ queues that carry a stage's id and attempt, nothing else."""

import logging
from collections.abc import Sequence
from functools import cache

import django_rq
import redis
from django.db import transaction
from django.utils import timezone
from rq import Queue as RqQueue
from rq.exceptions import DequeueTimeout
from rq.job import Job as RqJob

from jobs.models import Priority, Stage
from jobs.pipeline import Queue

logger = logging.getLogger(__name__)

# What a horse runs, by name: this floor must not import the runtime above it.
RUN_STAGE = "jobs.runtime.horse.run_stage"
CANCEL_AT_VENDOR = "jobs.runtime.horse.cancel_at_vendor"
# No more messages lie in one RQ queue than workers can soon take: the truth is in Postgres.
WINDOW = 8
# Only a last resort: stages have deadlines of their own, and one horse may run many.
HORSE_TIMEOUT_S = 24 * 3600
# Nor is a message kept longer that somebody took and did not live to delete.
MESSAGE_TTL_S = 24 * 3600


def queue_name(queue: str, priority: int) -> str:
    return f"{queue}-{Priority(priority).label}"


def queue_names(queues: Sequence[Queue]) -> list[str]:
    """The RQ queues that a worker listens to: priority first, then as it named them."""
    return [queue_name(q, p) for p in Priority.values for q in queues]


def with_room(stages: Sequence[Stage]) -> list[Stage]:
    """Those of these stages that workers can soon take; the dispatcher sends the others."""
    left: dict[tuple[str, int], int] = {}
    chosen = []
    try:
        for stage in stages:
            line = (stage.queue, stage.priority)
            if line not in left:
                left[line] = room(*line)
            if left[line] > 0:
                left[line] -= 1
                chosen.append(stage)
    except redis.RedisError as error:
        logger.warning("the dispatcher will send what Redis cannot take: %s", error)
    return chosen


def offer(stages: Sequence[Stage]) -> None:
    """After the commit, ring for stages that have become due, and are said to be sent."""
    due = [(s.pk, s.attempt, s.queue, s.priority) for s in stages]
    if due:
        transaction.on_commit(lambda: _offer(due))


def _offer(due: list[tuple[int, int, str, int]]) -> None:
    unsent = []
    try:
        for stage_id, attempt, queue, priority in due:
            # Asked again: much may have been offered in one transaction.
            if room(queue, priority) > 0:
                _ring(stage_id, attempt, queue, priority)
            else:
                unsent.append(stage_id)
    except redis.RedisError as error:
        logger.warning("the dispatcher will send what Redis did not take: %s", error)
        # Some may have been: a message sent twice does no harm.
        unsent = [stage_id for stage_id, *_ in due]
    if unsent:
        Stage.objects.filter(pk__in=unsent).update(sent_at=None)


def send(stage_id: int, attempt: int, queue: str, priority: int) -> None:
    """Ring for this stage, and remember when: what is not taken up is sent again."""
    now = timezone.now()
    _ring(stage_id, attempt, queue, priority)
    # Afterwards: a worker may begin meanwhile, and a message sent twice does no harm.
    Stage.objects.filter(pk=stage_id, attempt=attempt).update(sent_at=now)


def _ring(stage_id: int, attempt: int, queue: str, priority: int) -> None:
    line = _rq_queue(queue, priority)
    with line.connection.pipeline() as together:
        line.enqueue_call(
            RUN_STAGE,
            args=(stage_id, attempt),
            timeout=HORSE_TIMEOUT_S,
            ttl=MESSAGE_TTL_S,
            result_ttl=0,
            failure_ttl=MESSAGE_TTL_S,
            description=f"stage {stage_id}, attempt {attempt}",
            pipeline=together,
        )
        together.execute()


def take(served: Sequence[str], *, wait_s: int) -> RqJob | None:
    """The next message for who serves these queues, as RQ's workers take it."""
    lines = [_rq_queue(queue, level) for level in Priority.values for queue in served]
    try:
        taken = RqQueue.dequeue_any(lines, wait_s, connection=lines[0].connection)
    except DequeueTimeout:
        return None
    return taken[0] if taken else None


def put_back(message: RqJob) -> None:
    """Let somebody else take it, before all others."""
    line = RqQueue(message.origin, connection=message.connection)
    line.push_job_id(message.id, at_front=True)


def forget(message: RqJob) -> None:
    """One that was taken and is done with; RQ's own way asks seven registries first."""
    message.connection.delete(message.key)


def room(queue: str, priority: int) -> int:
    """How many more messages this queue may hold."""
    rq_queue = _rq_queue(queue, priority)
    return WINDOW - int(rq_queue.connection.llen(rq_queue.key))


@cache
def _rq_queue(queue: str, priority: int) -> RqQueue:
    return django_rq.get_queue(queue_name(queue, priority))


def send_vendor_cancel(stage_id: int) -> None:
    _rq_queue(Queue.IO, Priority.HIGH).enqueue_call(
        CANCEL_AT_VENDOR,
        args=(stage_id,),
        timeout=120,
        ttl=MESSAGE_TTL_S,
        result_ttl=0,
        failure_ttl=MESSAGE_TTL_S,
        description=f"vendor cancel of stage {stage_id}",
    )
