"""Taking stages: what makes a stage one worker's own, and nobody else's."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from jobs import flow, registry
from jobs.engines import choose_engine
from jobs.flow import Change
from jobs.models import Job, Stage
from jobs.registry import AnyStep
from jobs.runtime import picking
from jobs.runtime.background import Background


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A stage that this process holds, as it was when it was claimed."""

    job: Job
    stage: Stage
    step: AnyStep
    background: Background

    @property
    def attempt(self) -> int:
        return self.stage.attempt


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """Who claims: the worker, and the queues it serves."""

    worker_id: UUID
    queues: Sequence[str]


def claim_this(claimant: Claimant, stage_id: int, attempt: int) -> Claimed | None:
    """The stage that a message names, if it still waits for a worker."""
    return _claim(claimant, stage_id, attempt, flow.taking_up(stage_id, attempt))


def claim_next(claimant: Claimant) -> Claimed | None:
    """The stage whose turn it is."""
    for candidate in picking.next_to_run(claimant.queues):
        held = flow.changing(candidate.job_id, skip_locked=True, lasting=False)
        claimed = _claim(claimant, candidate.stage_id, candidate.attempt, held)
        if claimed:
            return claimed
    return None


def claim_following(
    claimant: Claimant,
    change: Change,
    background_of: Callable[[Stage], Background],
) -> Claimed | None:
    """Within a job's change: its next stage, when this worker serves its queue."""
    for stage in change.stages:
        if stage.status == Stage.Status.QUEUED and stage.queue in claimant.queues:
            return _claim_in(claimant, change, stage, background_of(stage))
    return None


class _NotDueError(Exception):
    """Leaves a claim's transaction without a trace."""


class _NoRoomError(Exception):
    """The stage's owner, or its pipeline, runs as much as it may."""


def _claim(
    claimant: Claimant,
    stage_id: int,
    attempt: int,
    holding_job: AbstractContextManager[Change],
) -> Claimed | None:
    try:
        with holding_job as change:
            stage = _still_due(change, stage_id, attempt)
            background = Background(change.job, stage.position)
            return _claim_in(claimant, change, stage, background)
    except _NoRoomError:
        # Heard of too early: it is sent again once there is room.
        Stage.objects.filter(pk=stage_id, attempt=attempt).update(sent_at=None)
    except (Job.DoesNotExist, _NotDueError):
        # Deleted, or another worker is changing it just now, or has taken it.
        pass
    return None


def _still_due(change: Change, stage_id: int, attempt: int) -> Stage:
    stage = next((s for s in change.stages if s.pk == stage_id), None)
    if stage is None or stage.attempt != attempt or not _due(stage):
        raise _NotDueError
    if not picking.may_start(stage):
        raise _NoRoomError
    return stage


def _due(stage: Stage) -> bool:
    if stage.status == Stage.Status.QUEUED:
        return True
    return (
        stage.status == Stage.Status.WAITING
        and stage.wake_at is not None
        and stage.wake_at <= timezone.now()
    )


def _claim_in(
    claimant: Claimant, change: Change, stage: Stage, background: Background
) -> Claimed:
    step = registry.get(stage.pipeline).step(stage.name)
    flow.claim(
        change,
        stage,
        worker_id=claimant.worker_id,
        engine=_engine(change.job, step, background),
        lease=timedelta(seconds=settings.LEASE_SECONDS),
    )
    if stage.attempt == 1 and stage.wakes == 0:
        # Nobody has worked on it yet.
        stage.checkpoint = None
    else:
        stage.refresh_from_db(fields=["checkpoint"])
    return Claimed(job=change.job, stage=stage, step=step, background=background)


def _engine(job: Job, step: AnyStep, background: Background) -> str:
    if len(step.engines) == 1:
        return step.engines[0]
    return choose_engine(step, job.engine, background.so_far.params)


# Many due waits are claimed by one statement, without their jobs' locks: nothing but
# the stages' rows changes, and whoever holds a job's lock holds its stages' rows too.
_CLAIM_WAITS = """
UPDATE jobs_stage SET
    status = 'running', worker_id = %(worker)s, claimed_at = %(now)s,
    lease_until = %(lease_until)s,
    reported_at = %(now)s, quiet_limit = interval '10 minutes',
    deadline = GREATEST(give_up_at, %(now)s + interval '10 minutes')
WHERE id IN (
    SELECT id FROM jobs_stage
    WHERE status = 'waiting' AND wake_at <= %(now)s AND queue = ANY(%(queues)s)
        AND wait_for = 'time'
    ORDER BY wake_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def claim_due_waits(claimant: Claimant, limit: int) -> list[Claimed]:
    """Stages that waited for a vendor or a time, and are due."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            # Both in one message, and so in one transaction.
            flow.NOT_LASTING + _CLAIM_WAITS,
            {
                "worker": claimant.worker_id,
                "now": now,
                "lease_until": now + timedelta(seconds=settings.LEASE_SECONDS),
                "queues": list(claimant.queues),
                "limit": limit,
            },
        )
        cursor.nextset()
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    stages = Stage.objects.select_related("job__project").filter(pk__in=ids)
    # In two questions for all of them, instead of one each.
    stages = stages.prefetch_related("job__job_inputs__asset")
    return [claimed_before(stage) for stage in stages]


def claimed_before(stage: Stage) -> Claimed:
    """A stage that somebody has claimed, from its row."""
    return Claimed(
        job=stage.job,
        stage=stage,
        step=registry.get(stage.pipeline).step(stage.name),
        background=Background(stage.job, stage.position),
    )


def own_stage(change: Change, claimed: Claimed) -> Stage | None:
    """The stage under its job's lock, if it still belongs to this attempt."""
    for stage in change.stages:
        if stage.pk == claimed.stage.pk:
            mine = stage.attempt == claimed.attempt
            return stage if mine and stage.status == Stage.Status.RUNNING else None
    return None
