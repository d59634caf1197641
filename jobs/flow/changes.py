"""One change of a job: made under its lock, and written down with all that follows from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import queues
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
# Texts of other stages can be long and are seldom needed here.
_COLUMNS = [
    str(field.column)
    for field in Stage._meta.concrete_fields
    if field.name not in ("facts", "checkpoint")
]
# Locked too: due waits are claimed many at a time, without their jobs' locks. Spelled
# out, for this is asked at every step of every job and Django would spell it each time.
_LOCK_STAGES = (
    f"SELECT {', '.join(_COLUMNS)} FROM jobs_stage"  # noqa: S608  our own columns
    " WHERE job_id = %s ORDER BY position, part FOR NO KEY UPDATE"
)


class Change:
    """A job whose row is locked, with its stages: their new state, and the events that tell of it."""

    def __init__(self, job: Job, stages: list[Stage], now: datetime) -> None:
        self.job = job
        self.stages = stages
        self.now = now
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
        if self.job._state.adding:
            self._insert()
        alike: list[tuple[dict[str, Any], list[int]]] = []
        for stage, names in self._unwritten.values():
            fields = {name: getattr(stage, name) for name in sorted(names)}
            for known_fields, ids in alike:
                if known_fields == fields:
                    ids.append(stage.pk)
                    break
            else:
                alike.append((fields, [stage.pk]))
        self._unwritten.clear()
        for fields, ids in alike:
            Stage.objects.filter(pk__in=ids).update(**fields)

    def write(self) -> None:
        """Everything: stages, job, events."""
        if self.job._state.adding:
            self._insert()
        else:
            self.write_stages()
            self.job.save(update_fields=_FIELDS_OF_JOB)
        Event.objects.bulk_create(self._events)

    def _insert(self) -> None:
        """A job that is being made is written once, as it has become by now."""
        self.job.save(force_insert=True)
        Stage.objects.bulk_create(self.stages)

    def waiting(self, wait_for: Stage.WaitFor) -> list[Stage]:
        return [
            s
            for s in self.stages
            if s.status == Stage.Status.WAITING and s.wait_for == wait_for
        ]


@contextmanager
def changing(job_id: Any, *, skip_locked: bool = False) -> Iterator[Change]:
    """Lock a job, let it be changed, then write down what follows; raises Job.DoesNotExist.

    Everything that changes a job's state goes through this lock, so that events are
    numbered without a gap and parts that end together agree on who was last.
    """
    with transaction.atomic():
        change = _lock(job_id, skip_locked=skip_locked)
        before = change.job.status
        yield change
        _settle(change, before)


@contextmanager
def beginning(job: Job, stages: list[Stage]) -> Iterator[Change]:
    """The first change of a job that is being made, which writes it down, too."""
    # Its inputs were written in a transaction already: a savepoint would buy nothing.
    with transaction.atomic(savepoint=False):
        change = Change(job, stages, timezone.now())
        before = job.status
        yield change
        _settle(change, before)


def _lock(job_id: Any, *, skip_locked: bool) -> Change:
    rows = Job.objects.select_for_update(
        skip_locked=skip_locked, no_key=True, of=("self",)
    )
    # Whoever works for a job needs to know where its files lie.
    job = rows.select_related("project").get(pk=job_id)
    stages = list(Stage.objects.raw(_LOCK_STAGES, [job_id]))
    for stage in stages:
        stage.job = job
    return Change(job, stages, timezone.now())


def _settle(change: Change, before: str) -> None:
    job = change.job
    if not job.ended:
        job.progress = max(job.progress, min(_progress(change.stages), 99.9))
        job.status = _open_status(job, change.stages)
    change.write()
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
