"""Jobs and assets as every door shows them: the fixed wire shapes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from jobs import whole
from jobs.models import Asset, Batch, Job, Project, Stage
from jobs.whole import WholeJob

Json = dict[str, Any]

# Loads everything that snapshots of many jobs need in a handful of queries.
_PREFETCHES = (
    Prefetch("stages", Stage.objects.defer("facts", "checkpoint")),
    Prefetch(
        "files",
        Asset.objects.filter(published=True).order_by("created_at", "id"),
        to_attr="published_files",
    ),
    "job_inputs",
)


def with_snapshot_rows(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.select_related("project").prefetch_related(*_PREFETCHES)


def load_snapshot(job_id: UUID) -> Json:
    """The job as it is now; raises Job.DoesNotExist."""
    found = whole.load([job_id])
    if not found:
        raise Job.DoesNotExist
    return snapshot_of(found[0])


def snapshot_of(found: WholeJob) -> Json:
    return _told(found.job, found.stages, found.inputs, found.outputs)


def snapshot(job: Job) -> Json:
    """A job that was loaded `with_snapshot_rows`, as JSON."""
    inputs = [str(row.asset_id) for row in job.job_inputs.all() if row.asset_id]
    outputs: Iterable[Asset] = job.published_files  # type: ignore[attr-defined]  # set by the prefetch
    return _told(job, job.stages.all(), inputs, outputs)


def snapshot_of_new(job: Job, stages: Iterable[Stage], inputs: Sequence[str]) -> Json:
    """A job that was written down just now, as JSON, without asking for its rows."""
    ordered = sorted(stages, key=lambda stage: (stage.position, stage.part or 0))
    return _told(job, ordered, inputs, outputs=())


def _told(
    job: Job,
    stages: Iterable[Stage],
    inputs: Sequence[str],
    outputs: Iterable[Asset],
) -> Json:
    return {
        "id": str(job.pk),
        "pipeline": job.pipeline,
        "project": job.project.slug,
        "status": job.status,
        "progress": round(job.progress, 1),
        "message": job.message,
        "engine": job.engine,
        "priority": job.get_priority_display(),
        "params": job.params,
        "inputs": list(inputs),
        "stages": [stage_json(stage) for stage in stages],
        "outputs": [output_json(asset) for asset in outputs],
        "result": job.result,
        "error": job.error,
        "cost_usd": float(job.cost_usd),
        "review": job.review,
        "batch": job.batch_id and str(job.batch_id),
        "seq": job.seq,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "urls": job_urls(job),
    }


def stage_json(stage: Stage) -> Json:
    return {
        "name": stage.name,
        "part": stage.part,
        "label": stage.part_label,
        "status": stage.status,
        "progress": round(stage.progress, 1),
        "attempt": stage.attempt,
        "engine": stage.engine,
        "message": stage.wait_reason or stage.message,
        "note": stage.note,
        "waits_for": stage.wait_for or None,
        "wakes_at": iso(stage.wake_at),
        "cost_usd": float(stage.cost_usd),
        "started_at": iso(stage.started_at),
        "finished_at": iso(stage.finished_at),
        "error": stage.error,
    }


def output_json(asset: Asset) -> Json:
    return {
        "id": str(asset.pk),
        "role": asset.role,
        "filename": asset.original_filename,
        "content_type": asset.content_type,
        "size_bytes": asset.size_bytes,
        "width": asset.width,
        "height": asset.height,
        "duration": asset.duration,
        "part": asset.part,
        "url": asset_url(asset),
    }


def asset_json(asset: Asset) -> Json:
    return {
        "id": str(asset.pk),
        "project": asset.project.slug,
        "kind": asset.kind,
        "role": asset.role,
        "filename": asset.filename,
        "original_filename": asset.original_filename,
        "content_type": asset.content_type,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "width": asset.width,
        "height": asset.height,
        "duration": asset.duration,
        "status": asset.status,
        "job": asset.job_id and str(asset.job_id),
        "created_at": iso(asset.created_at),
        "url": asset_url(asset),
        "thumbnail_url": thumbnail_url(asset),
    }


def batch_json(batch: Batch) -> Json:
    jobs = list(with_snapshot_rows(batch.jobs.order_by("created_at", "id")))
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job.status] = counts.get(job.status, 0) + 1
    return {
        "id": str(batch.pk),
        "name": batch.name,
        "status": batch_status(counts),
        "progress": round(sum(job.progress for job in jobs) / max(len(jobs), 1), 1),
        "counts": counts,
        "created_at": iso(batch.created_at),
        "jobs": [snapshot(job) for job in jobs],
    }


def batch_status(counts: dict[str, int]) -> str:
    """A batch is what its liveliest job is; once all ended, what its worst job is."""
    status = Job.Status
    open_first = (status.RUNNING, status.WAITING, status.QUEUED)
    worst_first = (status.FAILED, status.EXPIRED, status.CANCELLED, status.SUCCEEDED)
    for word in (*open_first, *worst_first):
        if counts.get(word):
            return word.value
    return status.SUCCEEDED.value


def job_urls(job: Job) -> Json:
    base = f"/{settings.API_V1_PREFIX}/jobs/{job.pk}"
    return {
        "self": f"{base}/",
        "cancel": f"{base}/cancel/",
        "retry": f"{base}/retry/",
        "approve": f"{base}/approve/",
        "events": f"{base}/events/",
        "outputs": f"{base}/outputs/",
        "archive": f"{base}/archive/",
        "page": f"/studio/jobs/{job.pk}/",
    }


def project_urls(project: Project) -> Json:
    base = f"/{settings.API_V1_PREFIX}/projects/{project.slug}"
    return {
        "self": f"{base}/",
        "assets": f"{base}/assets/",
        "jobs": f"/{settings.API_V1_PREFIX}/jobs/?project={project.pk}",
        "page": f"/studio/projects/{project.slug}/",
    }


def asset_url(asset: Asset) -> str:
    return f"/{settings.API_V1_PREFIX}/assets/{asset.pk}/file/{asset.filename}"


def thumbnail_url(asset: Asset) -> str | None:
    if not asset.thumbnail_key:
        return None
    return f"/{settings.API_V1_PREFIX}/assets/{asset.pk}/thumbnail/"


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
