"""How a job goes from step to step: every change of state there is, each made under the job's lock."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from jobs import queues, registry
from jobs.live import webhooks
from jobs.live.events import STATUS_CHANNEL, Change, locked, tell_watchers
from jobs.models import Asset, Event, Job, Purchase, Stage
from jobs.pipeline import Wait
from jobs.sofar import JobSoFar

# A stage that took its worker down this often is taken to be the cause.
MOST_LOSSES = 8
LONGEST_RETRY_DELAY = timedelta(minutes=10)
POLL_GROWTH = 1.5
POLL_JITTER = 0.25


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error as data."""

    code: str
    detail: str
    retryable: bool
    retry_after: timedelta | None = None


@contextmanager
def changing(job_id: Any, *, skip_locked: bool = False) -> Iterator[Change]:
    """Lock a job, let it be changed, then write down what follows from the change."""
    with locked(job_id, skip_locked=skip_locked) as change:
        before = change.job.status
        yield change
        _settle(change, before)


def _settle(change: Change, before: str) -> None:
    job = change.job
    if not job.ended:
        job.progress = max(job.progress, min(_progress(change.stages), 99.9))
        job.status = _open_status(job, change.stages)
    job.save(
        update_fields=[
            "status",
            "progress",
            "message",
            "result",
            "error",
            "seq",
            "cost_usd",
            "priority",
            "approved_at",
            "started_at",
            "finished_at",
            "updated_at",
        ]
    )
    due = [
        s for s in change.stages if s.status == Stage.Status.QUEUED and not s.sent_at
    ]
    queues.offer(due)
    if job.status != before:
        webhooks.plan(job, f"job.{job.status}")
    tell_watchers(job, STATUS_CHANNEL)


def _progress(stages: Sequence[Stage]) -> float:
    total = sum(stage.weight for stage in stages)
    return sum(stage.weight * stage.progress for stage in stages) / total


def _open_status(job: Job, stages: Sequence[Stage]) -> str:
    states = {stage.status for stage in stages}
    if Stage.Status.RUNNING in states:
        return Job.Status.RUNNING
    if Stage.Status.QUEUED in states:
        return Job.Status.RUNNING if job.started_at else Job.Status.QUEUED
    return Job.Status.WAITING


def write(stage: Stage, **fields: Any) -> None:
    """Change a stage's row and the copy at hand together."""
    for name, value in fields.items():
        setattr(stage, name, value)
    Stage.objects.filter(pk=stage.pk).update(**fields)


# From step to step --------------------------------------------------------------------


def open_from(change: Change, position: int) -> None:
    """Begin the first step from here on that this job needs, or end the job."""
    job = change.job
    steps = registry.get(job.pipeline).steps
    so_far = JobSoFar(job)
    for step_position in range(position, len(steps)):
        step = steps[step_position]
        stage = next(s for s in change.stages if s.position == step_position)
        labels = step.parts(so_far) if step.parts else None
        if labels == [] or (step.when and not step.when(so_far)):
            _skip_unneeded(change, stage)
            continue
        opened = _spread(change, stage, labels)
        if step.after_review and job.review and job.approved_at is None:
            _wait_for_person(change, opened)
        else:
            _queue(change, opened)
        return
    _succeed_job(change, so_far)


def _skip_unneeded(change: Change, stage: Stage) -> None:
    write(
        stage,
        status=Stage.Status.SKIPPED,
        progress=100,
        note="Not needed for this job.",
        finished_at=change.now,
    )
    change.note(Event.Kind.SKIPPED, stage, reason="not needed")


def _spread(change: Change, stage: Stage, labels: Sequence[str] | None) -> list[Stage]:
    """A step's stages: itself, or one a part."""
    if labels is None:
        return [stage]
    weight = stage.weight / len(labels)
    write(stage, part=0, part_label=labels[0][:200], weight=weight)
    others = [
        Stage(
            job=change.job,
            position=stage.position,
            name=stage.name,
            part=part,
            part_label=label[:200],
            owner_id=stage.owner_id,
            pipeline=stage.pipeline,
            priority=stage.priority,
            queue=stage.queue,
            weight=weight,
            # Writes of an earlier life of these parts must not count for the new ones.
            attempt=stage.attempt,
        )
        for part, label in enumerate(labels[1:], start=1)
    ]
    Stage.objects.bulk_create(others)
    change.stages.extend(others)
    return [stage, *others]


def _queue(change: Change, stages: Sequence[Stage]) -> None:
    for stage in stages:
        write(
            stage,
            status=Stage.Status.QUEUED,
            queued_at=change.now,
            sent_at=None,
            wait_for="",
            wait_reason="",
            wake_at=None,
        )
        change.note(Event.Kind.QUEUED, stage, queue=stage.queue)


def _wait_for_person(change: Change, stages: Sequence[Stage]) -> None:
    for stage in stages:
        write(
            stage,
            status=Stage.Status.WAITING,
            wait_for=Stage.WaitFor.PERSON,
            wait_reason="Waiting for your approval",
        )
        change.note(Event.Kind.WAITING, stage, reason="approval")


def _step_ended(change: Change, stage: Stage) -> None:
    """Go on when this was the last part of its step."""
    parts = [s for s in change.stages if s.position == stage.position]
    if any(part.status in Stage.OPEN for part in parts):
        return
    if any(part.status in Stage.DONE for part in parts):
        open_from(change, stage.position + 1)
        return
    first_error = next(part.error for part in parts if part.error)
    _end_job(change, Job.Status.FAILED, error=first_error)


# What happens to a stage --------------------------------------------------------------


def claim(
    change: Change,
    stage: Stage,
    *,
    worker_id: UUID,
    engine: str,
    lease: timedelta,
) -> None:
    step = registry.get(stage.pipeline).step(stage.name)
    write(
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
    write(
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
    _step_ended(change, stage)


def skip_for(change: Change, stage: Stage, earlier: Stage) -> None:
    """Serve an earlier stage's result instead of doing the same work again."""
    write(
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
    _step_ended(change, stage)


def wait(change: Change, stage: Stage, told: Wait) -> None:
    """Let the worker go until a vendor or a time is due."""
    fields = wait_fields(stage, told, change.now)
    if stage.wake_at and stage.claimed_at and stage.wake_at > stage.claimed_at:
        # Called for while it asked: it asks again at once.
        fields["wake_at"] = change.now
    write(stage, **fields)
    change.job.message = stage.wait_reason
    if stage.wakes == 1:
        change.note(Event.Kind.WAITING, stage, reason=told.reason)


def wait_fields(stage: Stage, told: Wait, now: datetime) -> dict[str, Any]:
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


def gave_up(stage: Stage) -> Failure:
    return Failure(
        code="wait_timeout",
        detail=f"This step waited too long ({stage.wait_reason or 'no answer'}). "
        "Try again, or raise POLLING_TIMEOUT_MINUTES.",
        retryable=False,
    )


def wake(change: Change, stage: Stage) -> None:
    """A waiting stage is due: by its time, by a vendor's call, or by a person."""
    _queue(change, [stage])


def wake_early(change: Change, stage_id: int, *, by: str) -> bool:
    """Do not wait for the time any longer; False when the stage has nothing to wait for."""
    stage = next((s for s in change.stages if s.pk == stage_id), None)
    if stage is None:
        return False
    if stage.status == Stage.Status.RUNNING:
        # It may have asked just before the answer was there.
        write(stage, wake_at=change.now)
        return True
    if stage not in change.waiting(Stage.WaitFor.TIME):
        return False
    change.note(Event.Kind.WOKEN, stage, by=by)
    wake(change, stage)
    return True


def fail(change: Change, stage: Stage, failure: Failure) -> None:
    """Try again when that can help and attempts are left; else the stage has failed."""
    failures = stage.failures + 1
    if failure.retryable and failures < change.job.max_attempts:
        _retry_later(change, stage, failure, failures)
        return
    write(
        stage,
        status=Stage.Status.FAILED,
        failures=failures,
        error=_error_json(stage, failure),
        finished_at=change.now,
        lease_until=None,
        worker_id=None,
    )
    change.note(Event.Kind.FAILED, stage, code=failure.code, detail=failure.detail)
    if registry.get(stage.pipeline).step(stage.name).tolerates_failed_parts:
        _step_ended(change, stage)
    else:
        _end_job(change, Job.Status.FAILED, error=stage.error)


def _retry_later(change: Change, stage: Stage, failure: Failure, failures: int) -> None:
    grown = change.job.retry_delay_seconds * 2 ** (failures - 1)
    delay = min(timedelta(seconds=grown), LONGEST_RETRY_DELAY)
    delay = max(delay, failure.retry_after or timedelta())
    write(
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
        code=failure.code,
        detail=failure.detail,
        attempt=stage.attempt,
        delay_seconds=delay.total_seconds(),
    )


def lose(change: Change, stage: Stage, why: str) -> None:
    """The stage's worker is gone; another takes it up from its checkpoint."""
    losses = stage.losses + 1
    write(
        stage,
        attempt=stage.attempt + 1,
        losses=losses,
        worker_id=None,
        lease_until=None,
    )
    change.note(Event.Kind.LOST, stage, why=why, attempt=stage.attempt)
    if losses < MOST_LOSSES:
        _queue(change, [stage])
        return
    failure = Failure(
        code="worker_lost",
        detail=f"This step took its worker down {losses} times. It may need more memory "
        "than there is; try a smaller input or a lower quality.",
        retryable=False,
    )
    fail(change, stage, failure)


def hand_back(change: Change, stage: Stage) -> None:
    """A worker that shuts down gives its stage to whoever comes next."""
    # The one that gave it back may still be ending: its writes must not count any more.
    write(stage, attempt=stage.attempt + 1, worker_id=None, lease_until=None)
    change.note(Event.Kind.HANDED_BACK, stage)
    _queue(change, [stage])


def _error_json(stage: Stage, failure: Failure) -> dict[str, Any]:
    return {
        "code": failure.code,
        "detail": failure.detail,
        "stage": stage.name,
        "part": stage.part,
        "retryable": failure.retryable,
    }


# What happens to a job ----------------------------------------------------------------


def _succeed_job(change: Change, so_far: JobSoFar) -> None:
    summarize = registry.get(change.job.pipeline).summarize
    if summarize:
        change.job.result = dict(summarize(so_far))
    change.job.progress = 100
    failed_parts = sum(s.status == Stage.Status.FAILED for s in change.stages)
    change.job.message = f"{failed_parts} parts failed" if failed_parts else ""
    _end_job(change, Job.Status.SUCCEEDED, error=None)


def cancel(change: Change) -> None:
    _end_job(
        change,
        Job.Status.CANCELLED,
        error={
            "code": "cancelled",
            "detail": "Cancelled",
            "stage": _at(change),
            "retryable": True,
        },
    )


def expire(change: Change, detail: str) -> None:
    _end_job(
        change,
        Job.Status.EXPIRED,
        error={
            "code": "expired",
            "detail": detail,
            "stage": _at(change),
            "retryable": True,
        },
    )


def _at(change: Change) -> str | None:
    """The step that the job has come to."""
    open_stages = [s for s in change.stages if s.status in Stage.OPEN]
    return open_stages[0].name if open_stages else None


def _end_job(
    change: Change, status: Job.Status, *, error: dict[str, Any] | None
) -> None:
    stage_status = (
        Stage.Status.EXPIRED if status == Job.Status.EXPIRED else Stage.Status.CANCELLED
    )
    for stage in change.stages:
        # Its worker notices that the stage is no longer its own, and stops.
        if stage.status in Stage.OPEN:
            write(
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


def approve(change: Change) -> None:
    change.job.approved_at = change.now
    change.note(Event.Kind.APPROVED)
    _queue(change, change.waiting(Stage.WaitFor.PERSON))


def reopen(change: Change, position: int, *, keep_good_parts: bool) -> None:
    """Begin an ended job again at a step; what stands before it is kept.

    With `keep_good_parts`, so are the parts of that step that came out well.
    """
    job = change.job
    steps = registry.get(job.pipeline).steps
    here = [s for s in change.stages if s.position == position]
    bad_parts = [s for s in here if s.part is not None and s.status not in Stage.DONE]
    spread = keep_good_parts and bool(bad_parts)
    for later, step in enumerate(steps[position:], start=position):
        if not (spread and later == position):
            _gather(change, later, weight=step.weight)
    later_stages = [s for s in change.stages if s.position > position]
    _forget_results(change.job, [*(bad_parts if spread else here[:1]), *later_stages])
    job.error = None
    job.result = None
    job.finished_at = None
    job.message = ""
    job.status = Job.Status.RUNNING
    job.progress = 0
    if any(step.after_review for step in steps[position:]):
        job.approved_at = None
    change.note(Event.Kind.RETRIED, step=steps[position].name, by="request")
    if spread:
        _queue(change, bad_parts)
    else:
        open_from(change, position)


def _gather(change: Change, position: int, *, weight: float) -> None:
    """Make one stage of a step's parts again; how many it needs is asked anew."""
    first, *others = [s for s in change.stages if s.position == position]
    change.stages[:] = [s for s in change.stages if s not in others]
    Stage.objects.filter(pk__in=[s.pk for s in others]).delete()
    write(first, part=None, part_label="", weight=weight)


def _forget_results(job: Job, stages: Sequence[Stage]) -> None:
    """Back to pending, with a higher attempt than any worker out there holds."""
    for stage in stages:
        write(
            stage,
            status=Stage.Status.PENDING,
            attempt=stage.attempt + 1,
            failures=0,
            losses=0,
            wakes=0,
            progress=0,
            message="",
            note="",
            facts="",
            error=None,
            wait_for="",
            wait_reason="",
            wake_at=None,
            give_up_at=None,
            cached_from=None,
            started_at=None,
            finished_at=None,
            vendor_cancel_due=False,
        )
        made = Asset.objects.filter(job=job, step=stage.name)
        if stage.part is not None:
            made = made.filter(part=stage.part)
        made.delete()
        # What follows is bought anew; the step that failed goes on with what it has bought.
        if stage.position > min(s.position for s in stages):
            write(stage, checkpoint=None)
            stage.purchases.update(state=Purchase.State.VOID)


def add_cost(change: Change, stage: Stage, amount_usd: Any) -> None:
    change.job.cost_usd += amount_usd
    stage.cost_usd += amount_usd
    Stage.objects.filter(pk=stage.pk).update(cost_usd=F("cost_usd") + amount_usd)
