"""Jobs are written down, one or many at once; they start when this is committed."""

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from jobs import flow
from jobs.access import ensure_project
from jobs.errors import QuotaError, RequestError
from jobs.flow import Change
from jobs.models import Allowance, Batch, Event, Job, JobInput, Priority, Project, Stage
from jobs.services.ordering import CheckedOrder, JobOrder, check_order

logger = structlog.get_logger(__name__)


def submit(owner: User, order: JobOrder, *, batch: Batch | None = None) -> Job:
    """Check the order, and write the job down; it starts when this is committed."""
    return begin(owner, order, batch=batch).job


def begin(owner: User, order: JobOrder, *, batch: Batch | None = None) -> Change:
    """Like `submit`, for those who need the new job's stages, too."""
    checked = check_order(owner, order)
    _check_queue_quota(owner, 1)
    project = _project_for(owner, order, checked)
    with transaction.atomic():
        job, stages = _drawn_up(owner, project, order, checked, batch)
        with flow.beginning(job, stages) as change:
            change.note(Event.Kind.SUBMITTED, by=owner.username)
            flow.open_from(change, 0)
    if job.request_id:
        # Leads who reads the log from the request to the stages of its job.
        logger.info("job submitted", job=str(job.pk), pipeline=job.pipeline)
    return change


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


def _check_queue_quota(owner: User, more: int) -> None:
    own = Allowance.of(owner)
    limit = (own and own.queued_jobs) or settings.MAX_QUEUE_SIZE
    if more > limit or _has_queued(owner, limit - more + 1):
        raise QuotaError(
            f"You may have {limit} jobs waiting to start, and this would be more. "
            "Wait until some have started, or cancel some."
        )


# Whether there is one too many: they need not all be counted.
_THE_NTH_QUEUED = """
SELECT 1 FROM jobs_job WHERE owner_id = %s AND status = 'queued' OFFSET %s LIMIT 1
"""


def _has_queued(owner: User, count: int) -> bool:
    """Whether this owner has at least so many jobs that wait to start."""
    with connection.cursor() as cursor:
        cursor.execute(_THE_NTH_QUEUED, [owner.pk, count - 1])
        return cursor.fetchone() is not None


def _project_for(owner: User, order: JobOrder, checked: CheckedOrder) -> Project:
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


def _drawn_up(
    owner: User,
    project: Project,
    order: JobOrder,
    checked: CheckedOrder,
    batch: Batch | None,
) -> tuple[Job, list[Stage]]:
    """A job and its stages, not written down yet; its inputs are."""
    pipeline = checked.pipeline
    delay = order.retry_delay_seconds
    job = Job(
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
    stages = [
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
    ]
    return job, stages
