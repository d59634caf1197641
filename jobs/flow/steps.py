"""From step to step: which one comes next, and into which parts it spreads."""

from collections.abc import Sequence

from jobs import registry
from jobs.flow.changes import Change
from jobs.flow.ending import fail_job, succeed_job
from jobs.models import Event, Stage
from jobs.registry import AnyStep
from jobs.sofar import JobSoFar


def open_from(change: Change, position: int) -> None:
    """Begin the first step from here on that this job needs, or end the job."""
    job = change.job
    steps = registry.get(job.pipeline).steps
    so_far = JobSoFar(job)
    for step_position in range(position, len(steps)):
        step = steps[step_position]
        stage = next(s for s in change.stages if s.position == step_position)
        if step.parts or step.when:
            # They are asked for what the stages before them found.
            change.write_stages()
        labels = step.parts(so_far) if step.parts else None
        if labels == [] or (step.when and not step.when(so_far)):
            _skip_unneeded(change, stage)
            continue
        _open(change, step, _spread(change, stage, labels))
        return
    succeed_job(change, so_far)


def step_ended(change: Change, stage: Stage) -> None:
    """Go on when this was the last part of its step."""
    parts = [s for s in change.stages if s.position == stage.position]
    if any(part.status in Stage.OPEN for part in parts):
        return
    if any(part.status in Stage.DONE for part in parts):
        open_from(change, stage.position + 1)
        return
    fail_job(change, next(part.error for part in parts if part.error))


def queue(change: Change, stages: Sequence[Stage]) -> None:
    for stage in stages:
        change.set(
            stage,
            status=Stage.Status.QUEUED,
            queued_at=change.now,
            sent_at=None,
            wait_for="",
            wait_reason="",
            wake_at=None,
        )
        change.note(Event.Kind.QUEUED, stage, queue=stage.queue)


def _open(change: Change, step: AnyStep, stages: Sequence[Stage]) -> None:
    job = change.job
    if step.after_review and job.review and job.approved_at is None:
        _wait_for_person(change, stages)
    else:
        queue(change, stages)


def _wait_for_person(change: Change, stages: Sequence[Stage]) -> None:
    for stage in stages:
        change.set(
            stage,
            status=Stage.Status.WAITING,
            wait_for=Stage.WaitFor.PERSON,
            wait_reason="Waiting for your approval",
        )
        change.note(Event.Kind.WAITING, stage, reason="approval")


def _skip_unneeded(change: Change, stage: Stage) -> None:
    change.set(
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
    change.set(stage, part=0, part_label=labels[0][:200], weight=weight)
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
