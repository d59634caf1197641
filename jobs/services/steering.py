"""Jobs under way, or ended, are cancelled, retried, approved, amended, woken."""

from collections.abc import Sequence

from pydantic import BaseModel

from jobs import flow, registry
from jobs.errors import ConflictError, RequestError
from jobs.models import Asset, Event, Job, Priority, Purchase, Stage


def cancel(job: Job) -> Job:
    """Stop the job wherever it is; one that has ended already is a conflict."""
    with flow.changing(job.pk) as change:
        if change.job.ended:
            raise ConflictError(f"This job has ended already: {change.job.status}.")
        flow.cancel(change)
    return change.job


def retry(job: Job, *, from_step: str | None = None) -> Job:
    """Run an ended job again, from the step that failed or from the one that is named."""
    names = [step.name for step in registry.get(job.pipeline).steps]
    if from_step is not None and from_step not in names:
        choices = ", ".join(names)
        raise RequestError(
            f"This job has no step “{from_step}”. Choose one of: {choices}.",
            errors={"from": [f"Choose one of: {choices}."]},
        )
    with flow.changing(job.pk) as change:
        if not change.job.ended:
            raise ConflictError("This job is still under way. Cancel it first.")
        bad = [s.position for s in change.stages if s.status not in Stage.DONE]
        if from_step is None and not bad:
            raise ConflictError(
                "Nothing failed in this job. Name the step to start again from."
            )
        position = min(bad) if from_step is None else names.index(from_step)
        begin_at = _first_with_lost_files(change.job, names[:position], position)
        keep = from_step is None and begin_at == position
        flow.reopen(change, begin_at, keep_good_parts=keep)
    return change.job


def _first_with_lost_files(job: Job, earlier: Sequence[str], position: int) -> int:
    """Where to begin so that no step misses a file: clean-up may have taken some since."""
    lost = Asset.objects.filter(
        job=job, step__in=earlier, status=Asset.Status.MISSING
    ).order_by()
    steps = set(lost.values_list("step", flat=True).distinct())
    return min((earlier.index(step) for step in steps), default=position)


def approve(job: Job) -> Job:
    """Let a job that waits for a person go on."""
    with flow.changing(job.pk) as change:
        if not change.waiting(Stage.WaitFor.PERSON):
            raise ConflictError("This job does not wait for an approval.")
        flow.approve(change)
    return change.job


def amend(job: Job, step: str, facts: BaseModel) -> Job:
    """Replace what a step found by what a person edited, while the job waits for approval."""
    with flow.changing(job.pk) as change:
        if not any(s.wait_for == Stage.WaitFor.PERSON for s in change.stages):
            raise ConflictError(
                "This can be edited only while the job waits for approval."
            )
        stage = next(s for s in change.stages if s.name == step)
        change.set(stage, facts=facts.model_dump_json())
        change.note(Event.Kind.EDITED, stage)
    return change.job


def change_priority(job: Job, priority: str) -> Job:
    level = Priority[priority.upper()]
    with flow.changing(job.pk) as change:
        if change.job.ended:
            raise ConflictError("This job has ended already.")
        change.job.priority = level
        for stage in change.stages:
            if stage.status in Stage.OPEN:
                change.set(stage, priority=level, sent_at=None)
        change.note(Event.Kind.PRIORITY, priority=priority)
    return change.job


def wake_for_vendor(vendor: str, vendor_id: str) -> bool:
    """A vendor says that its task changed: look at it now. False when nobody waits for it."""
    purchase = (
        Purchase.objects.filter(vendor=vendor, vendor_id=vendor_id)
        .exclude(state=Purchase.State.VOID)
        .first()
    )
    if purchase is None:
        return False
    with flow.changing(purchase.job_id) as change:
        return flow.wake_early(change, purchase.stage_id, by=vendor)


def wake_stage(job_id: str, stage_id: int, *, by: str) -> bool:
    """Somebody says that this stage need not wait any longer. False when it does not wait."""
    with flow.changing(job_id) as change:
        return flow.wake_early(change, stage_id, by=by)
