"""One change of a job: made under its lock, and written down with all that follows from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import queues
from jobs.flow import rows
from jobs.flow.rows import Breath
from jobs.live import webhooks
from jobs.live.events import STATUS_CHANNEL, stage_label, tell_watchers
from jobs.models import Event, Job, Stage

# What a change may alter of a job; the rest is as it was submitted.
_FIELDS_OF_JOB = (
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
)


class Change:
    """A job whose row is locked, with its stages: their new state, and the events that tell of it."""

    def __init__(self, job: Job, stages: list[Stage]) -> None:
        self.job = job
        self.stages = stages
        self.now = timezone.now()
        self._events: list[Event] = []
        self._unwritten: dict[int, tuple[Stage, set[str]]] = {}

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

    def set(self, stage: Stage, **fields: Any) -> None:
        """Change a stage; written with all its other changes, each row once."""
        for name, value in fields.items():
            setattr(stage, name, value)
        if self.job._state.adding:
            # Written whole with the job.
            return
        _, names = self._unwritten.setdefault(stage.pk, (stage, set()))
        names.update(fields)

    def write_stages(self) -> None:
        """Let whoever asks the database from here on see the stages as they are now."""
        breath = Breath()
        self._tell_stages(breath)
        breath.out()

    def write(self) -> None:
        """Everything: stages, job, events."""
        breath = Breath()
        is_new = self.job._state.adding
        self._tell_stages(breath)
        if not is_new:
            breath.update(self.job, _FIELDS_OF_JOB, [self.job.pk])
        breath.insert(self._events)
        breath.out()

    def _tell_stages(self, breath: Breath) -> None:
        if self.job._state.adding:
            # A job that is being made is written once, as it has become by now.
            breath.insert([self.job])
            breath.insert(self.stages)
            return
        alike: list[tuple[dict[str, Any], list[Stage]]] = []
        for stage, names in self._unwritten.values():
            fields = {name: getattr(stage, name) for name in sorted(names)}
            for known_fields, stages in alike:
                if known_fields == fields:
                    stages.append(stage)
                    break
            else:
                alike.append((fields, [stage]))
        self._unwritten.clear()
        for fields, stages in alike:
            breath.update(stages[0], list(fields), [stage.pk for stage in stages])

    def waiting(self, wait_for: Stage.WaitFor) -> list[Stage]:
        return [
            s
            for s in self.stages
            if s.status == Stage.Status.WAITING and s.wait_for == wait_for
        ]


@contextmanager
def changing(
    job_id: Any, *, skip_locked: bool = False, lasting: bool = True
) -> Iterator[Change]:
    """Lock a job, let it be changed, then write down what follows; raises Job.DoesNotExist.

    Everything that changes a job's state goes through this lock, so that events are
    numbered without a gap and parts that end together agree on who was last.
    A change that is not `lasting` need not be on the disk when this ends.
    """
    with transaction.atomic():
        locked = rows.lock(job_id, skip_locked=skip_locked, lasting=lasting)
        with _settling(locked) as change:
            yield change


@contextmanager
def taking_up(stage_id: int, attempt: int) -> Iterator[Change]:
    """Like `changing`, for the job of a stage that nobody has taken up yet; not lasting."""
    with transaction.atomic():
        locked = rows.lock_if_due(stage_id, attempt)
        with _settling(locked) as change:
            yield change


@contextmanager
def beginning(job: Job, stages: list[Stage]) -> Iterator[Change]:
    """The first change of a job that is being made, which writes it down, too."""
    new = rows.Locked(job=job, stages=stages, has_listeners=True)
    # Its inputs were written in a transaction already: a savepoint would buy nothing.
    with transaction.atomic(savepoint=False), _settling(new) as change:
        yield change


@contextmanager
def _settling(locked: rows.Locked) -> Iterator[Change]:
    change = Change(locked.job, locked.stages)
    before = locked.job.status
    yield change
    _settle(change)
    job = change.job
    if job.status != before:
        webhooks.plan(job, f"job.{job.status}", to_endpoints=locked.has_listeners)
    tell_watchers(job, STATUS_CHANNEL)


def _settle(change: Change) -> None:
    job = change.job
    if not job.ended:
        job.progress = max(job.progress, min(_progress(change.stages), 99.9))
        job.status = _open_status(job, change.stages)
    due = [
        s for s in change.stages if s.status == Stage.Status.QUEUED and not s.sent_at
    ]
    offered = queues.with_room(due)
    for stage in offered:
        # Said here, so that it costs no write of its own once it is true.
        change.set(stage, sent_at=change.now)
    change.write()
    queues.offer(offered)


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
