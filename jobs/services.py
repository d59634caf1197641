"""What may be done to a job: the one way in for every door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Sum
from pydantic import BaseModel, ValidationError

from jobs import flow, queues, registry
from jobs.access import assets_of, ensure_project
from jobs.engines import AUTO, check_engine, choose_engine
from jobs.errors import ConflictError, QuotaError, RequestError
from jobs.files import storage
from jobs.inputs import InputFacts
from jobs.live.events import Change
from jobs.models import (
    Allowance,
    Asset,
    Batch,
    Event,
    Job,
    JobInput,
    Priority,
    Project,
    Purchase,
    Stage,
)
from jobs.params import Params, asset_refs
from jobs.pipeline import Estimate
from jobs.registry import AnyPipeline


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """All that somebody can ask for when submitting a job."""

    pipeline: str
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    # A slug or an id; empty: the pipeline's home project.
    project: str = ""
    engine: str = AUTO
    priority: str = Priority.NORMAL.label
    review: bool = False
    cache: bool = True
    max_attempts: int | None = None
    retry_delay_seconds: float | None = None
    start_by: datetime | None = None
    finish_by: datetime | None = None
    budget_usd: Decimal | None = None
    webhook_url: str = ""
    notify: bool = False


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """An order that can be run."""

    pipeline: AnyPipeline
    params: Params
    inputs: list[Asset]


# Submitting ---------------------------------------------------------------------------


def submit(owner: User, order: JobOrder, *, batch: Batch | None = None) -> Job:
    """Check the order, and write the job down; it starts when this is committed."""
    checked = _check(owner, order)
    _check_queue_quota(owner, 1)
    project = _project_for(owner, order, checked)
    with transaction.atomic():
        job = _create(owner, project, order, checked, batch)
        with flow.changing(job.pk) as change:
            change.note(Event.Kind.SUBMITTED, by=owner.username)
            flow.open_from(change, 0)
    return change.job


def submit_batch(owner: User, orders: Sequence[JobOrder], *, name: str = "") -> Batch:
    """All of these jobs, or none."""
    if not orders:
        raise RequestError("A batch needs at least one job.")
    _check_queue_quota(owner, len(orders))
    with transaction.atomic():
        batch = Batch.objects.create(owner=owner, name=name)
        for number, order in enumerate(orders, start=1):
            try:
                submit(owner, order, batch=batch)
            except RequestError as error:
                error.detail = f"Job {number} of the batch: {error.detail}"
                raise
    return batch


def estimate(owner: User, order: JobOrder) -> Estimate:
    """What the job would probably take, without submitting it."""
    checked = _check(owner, order)
    so_far = _Proposed(order, checked)
    total = Estimate(seconds=0)
    for step in checked.pipeline.steps:
        if step.estimate is None or (step.when and not step.when(so_far)):
            continue
        part = step.estimate(so_far, so_far.engine(step.name))
        total = Estimate(
            seconds=total.seconds + part.seconds,
            cost_usd=total.cost_usd + part.cost_usd,
        )
    return total


class _Proposed:
    """The `SoFar` of a job that is not there yet: it has no facts."""

    def __init__(self, order: JobOrder, checked: _Checked) -> None:
        self._order = order
        self._pipeline = checked.pipeline
        self.params: Any = checked.params
        self.inputs: Sequence[InputFacts] = [a.facts() for a in checked.inputs]

    def facts(self, step: str, kind: type[BaseModel]) -> Any:
        raise RequestError(f"{kind.__name__} of {step} is known only once it has run.")

    def engine(self, step: str) -> str:
        return choose_engine(self._pipeline.step(step), self._order.engine, self.params)


def _check(owner: User, order: JobOrder) -> _Checked:
    pipeline = registry.get(order.pipeline)
    params = parse_params(pipeline, order.params)
    check_engine(pipeline, order.engine, params)
    if order.priority not in Priority.labels:
        raise RequestError(
            f"“{order.priority}” is no priority. Choose high, normal or low.",
            errors={"priority": ["Choose high, normal or low."]},
        )
    inputs = _find_assets(owner, order.inputs, field_name="inputs")
    for name, ids in asset_refs(params).items():
        _find_assets(owner, ids, field_name=f"params.{name}")
    _check_inputs(pipeline, inputs)
    if pipeline.check:
        pipeline.check(params, [asset.facts() for asset in inputs])
    return _Checked(pipeline=pipeline, params=params, inputs=inputs)


def parse_params(pipeline: AnyPipeline, values: Mapping[str, Any]) -> Params:
    try:
        params: Params = pipeline.params.model_validate(dict(values))
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for fault in error.errors():
            name = ".".join(str(place) for place in fault["loc"]) or "params"
            errors.setdefault(name, []).append(fault["msg"])
        first, messages = next(iter(errors.items()))
        raise RequestError(f"{first}: {messages[0]}.", errors=errors) from error
    return params


def _find_assets(owner: User, ids: Sequence[str], *, field_name: str) -> list[Asset]:
    try:
        found = {str(a.pk): a for a in assets_of(owner).filter(pk__in=list(ids))}
    except (ValueError, TypeError, DjangoValidationError):
        found = {}
    missing = [i for i in ids if str(i) not in found]
    if missing:
        raise RequestError(
            f"There is no asset {missing[0]}. Upload the file first.",
            errors={field_name: [f"There is no asset {i}." for i in missing]},
        )
    return [found[str(i)] for i in ids]


def _check_inputs(pipeline: AnyPipeline, inputs: Sequence[Asset]) -> None:
    rule = pipeline.inputs
    kinds = " or ".join(sorted(rule.kinds))
    if not rule.at_least <= len(inputs) <= rule.at_most:
        wanted = (
            f"{rule.at_least}"
            if rule.at_least == rule.at_most
            else f"{rule.at_least} to {rule.at_most}"
        )
        detail = f"{pipeline.title} takes {wanted} inputs ({kinds}), not {len(inputs)}."
        raise RequestError(detail, errors={"inputs": [detail]})
    for asset in inputs:
        if asset.kind not in rule.kinds:
            detail = (
                f"{asset.original_filename} is of kind {asset.kind}; "
                f"{pipeline.title} takes {kinds}."
            )
            raise RequestError(detail, errors={"inputs": [detail]})


def _check_queue_quota(owner: User, more: int) -> None:
    own = Allowance.objects.filter(owner=owner).values_list("queued_jobs", flat=True)
    limit = own.first() or settings.MAX_QUEUE_SIZE
    queued = Job.objects.filter(owner=owner, status=Job.Status.QUEUED)[: limit + 1]
    if queued.count() + more > limit:
        raise QuotaError(
            f"You may have {limit} jobs waiting to start, and this would be more. "
            "Wait until some have started, or cancel some."
        )


def _project_for(owner: User, order: JobOrder, checked: _Checked) -> Project:
    if order.project:
        return ensure_project(owner, order.project)
    if checked.pipeline.home_project:
        return ensure_project(owner, checked.pipeline.home_project)
    if checked.inputs:
        return checked.inputs[0].project
    raise RequestError(
        "Say which project this job belongs to.",
        errors={"project": ["This field is required."]},
    )


def _create(
    owner: User,
    project: Project,
    order: JobOrder,
    checked: _Checked,
    batch: Batch | None,
) -> Job:
    pipeline = checked.pipeline
    delay = order.retry_delay_seconds
    job = Job.objects.create(
        owner=owner,
        project=project,
        batch=batch,
        pipeline=pipeline.slug,
        params=checked.params.model_dump(mode="json"),
        engine=order.engine,
        priority=Priority[order.priority.upper()],
        review=order.review,
        cache=order.cache,
        max_attempts=order.max_attempts or settings.JOB_MAX_ATTEMPTS,
        retry_delay_seconds=settings.JOB_RETRY_DELAY_SECONDS
        if delay is None
        else delay,
        start_by=order.start_by,
        finish_by=order.finish_by,
        budget_usd=order.budget_usd,
        webhook_url=order.webhook_url,
        notify=order.notify,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    JobInput.objects.bulk_create(
        JobInput(job=job, position=position, asset=asset)
        for position, asset in enumerate(checked.inputs)
    )
    Stage.objects.bulk_create(
        Stage(
            job=job,
            position=position,
            name=step.name,
            owner=owner,
            pipeline=pipeline.slug,
            priority=job.priority,
            queue=step.queue,
            weight=step.weight,
        )
        for position, step in enumerate(pipeline.steps)
    )
    return job


# Steering -----------------------------------------------------------------------------


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
        flow.reopen(change, position, keep_good_parts=from_step is None)
    return change.job


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
        flow.write(stage, facts=facts.model_dump_json())
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
                flow.write(stage, priority=level, sent_at=None)
        change.note(Event.Kind.PRIORITY, priority=priority)
        queues.offer([s for s in change.stages if s.status == Stage.Status.QUEUED])
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
        return _wake(change, purchase.stage_id, by=vendor)


def wake_stage(job_id: str, stage_id: int, *, by: str) -> bool:
    """Somebody says that this stage need not wait any longer. False when it does not wait."""
    with flow.changing(job_id) as change:
        return _wake(change, stage_id, by=by)


def _wake(change: Change, stage_id: int, *, by: str) -> bool:
    for stage in change.waiting(Stage.WaitFor.TIME):
        if stage.pk == stage_id:
            change.note(Event.Kind.WOKEN, stage, by=by)
            flow.wake(change, stage)
            return True
    return False


# Removing -----------------------------------------------------------------------------


def delete_job(job: Job) -> None:
    """Remove a job with its files; one that is under way is stopped first."""
    with transaction.atomic():
        with flow.changing(job.pk) as change:
            if not change.job.ended:
                flow.cancel(change)
        files = list(Asset.objects.filter(job=job))
        _delete_files_on_commit(files)
        Job.objects.filter(pk=job.pk).delete()


def delete_asset(asset: Asset) -> None:
    """Remove an asset and its file, unless a job under way still needs it."""
    busy = Job.objects.filter(job_inputs__asset=asset).exclude(status__in=Job.ENDED)
    if busy.exists():
        raise ConflictError(
            f"{asset.original_filename} is used by a job that is still under way."
        )
    with transaction.atomic():
        _delete_files_on_commit([asset])
        Asset.objects.filter(pk=asset.pk).delete()


def delete_project(project: Project) -> None:
    """Remove a project with everything in it."""
    wipe_project(project)
    Project.objects.filter(pk=project.pk).delete()


def wipe_project(project: Project) -> None:
    """Remove a project's jobs and files, and keep the project."""
    for job in Job.objects.filter(project=project):
        delete_job(job)
    with transaction.atomic():
        files = list(Asset.objects.filter(project=project))
        _delete_files_on_commit(files)
        Asset.objects.filter(project=project).delete()


def _delete_files_on_commit(assets: Sequence[Asset]) -> None:
    keys = [key for a in assets for key in (a.storage_key, a.thumbnail_key) if key]

    def delete_all() -> None:
        for key in keys:
            storage.delete(key)

    transaction.on_commit(delete_all)


# Quotas -------------------------------------------------------------------------------


def bytes_left(owner: User) -> int | None:
    """How much more this owner may store; None without a limit."""
    own = Allowance.objects.filter(owner=owner).values_list("stored_bytes", flat=True)
    limit = own.first() or settings.OWNER_BYTES_LIMIT
    if not limit:
        return None
    stored = Asset.objects.filter(project__owner=owner).aggregate(
        total=Sum("size_bytes")
    )
    return max(0, limit - (stored["total"] or 0))


def check_bytes_quota(owner: User, more: int) -> None:
    left = bytes_left(owner)
    if left is not None and more > left:
        raise QuotaError(
            f"You have {left} bytes of storage left, and this needs {more}. "
            "Delete something first."
        )
