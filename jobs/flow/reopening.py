"""What people let go on: a job that waits for their approval, or one that has ended."""

from collections.abc import Sequence

from jobs import registry
from jobs.flow.changes import Change
from jobs.flow.steps import open_from, queue
from jobs.models import Asset, Event, Job, Purchase, Stage


def approve(change: Change) -> None:
    change.job.approved_at = change.now
    change.note(Event.Kind.APPROVED)
    queue(change, change.waiting(Stage.WaitFor.PERSON))


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
    _forget_results(change, [*(bad_parts if spread else here[:1]), *later_stages])
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
        queue(change, bad_parts)
    else:
        open_from(change, position)


def _gather(change: Change, position: int, *, weight: float) -> None:
    """Make one stage of a step's parts again; how many it needs is asked anew."""
    first, *others = [s for s in change.stages if s.position == position]
    change.stages[:] = [s for s in change.stages if s not in others]
    Stage.objects.filter(pk__in=[s.pk for s in others]).delete()
    change.set(first, part=None, part_label="", weight=weight)


def _forget_results(change: Change, stages: Sequence[Stage]) -> None:
    """Back to pending, with a higher attempt than any worker out there holds."""
    first = min(stage.position for stage in stages)
    for stage in stages:
        change.set(
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
        made = Asset.objects.filter(job=change.job, step=stage.name)
        if stage.part is not None:
            made = made.filter(part=stage.part)
        made.delete()
        # What follows is bought anew; the step that failed goes on with what it has bought.
        if stage.position > first:
            change.set(stage, checkpoint=None)
            stage.purchases.update(state=Purchase.State.VOID)
