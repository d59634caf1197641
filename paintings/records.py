"""A painting's job as the first painting service's clients know it."""

from pathlib import PurePosixPath
from typing import Any

from django.db.models import Prefetch, QuerySet

from jobs.models import Asset, Batch, Job
from jobs.snapshots import batch_status, iso, job_urls

Json = dict[str, Any]

_WORDS = {
    Job.Status.QUEUED: "pending",
    Job.Status.RUNNING: "processing",
    Job.Status.WAITING: "processing",
    Job.Status.SUCCEEDED: "completed",
    Job.Status.FAILED: "failed",
    Job.Status.EXPIRED: "failed",
    Job.Status.CANCELLED: "cancelled",
}


def with_record_rows(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.select_related("project").prefetch_related(
        Prefetch("job_inputs"), "job_inputs__asset"
    )


def upload_name(asset: Asset) -> str:
    """The name that an upload goes by here: its id with its own ending."""
    return f"{asset.pk}{PurePosixPath(asset.filename).suffix}"


def upload_json(asset: Asset) -> Json:
    return {
        "file_id": str(asset.pk),
        "filename": upload_name(asset),
        "original_filename": asset.original_filename,
        "size_bytes": asset.size_bytes,
        "path": asset.storage_key,
        "content_type": asset.content_type,
        "width": asset.width,
        "height": asset.height,
    }


def record(job: Job) -> Json:
    """A job that was loaded `with_record_rows`."""
    photo = next((row.asset for row in job.job_inputs.all() if row.asset), None)
    took = None
    if job.started_at and job.finished_at:
        took = round((job.finished_at - job.started_at).total_seconds(), 3)
    return {
        "id": str(job.pk),
        "status": _WORDS[Job.Status(job.status)],
        "mode": job.params.get("mode"),
        "input_filename": photo and upload_name(photo),
        "input_path": photo and photo.storage_key,
        "num_layers": job.params.get("num_layers"),
        "painterly_style": job.params.get("painterly_style"),
        "painterly_strength": job.params.get("painterly_strength"),
        "painterly_seed": job.params.get("painterly_seed"),
        "output_dir": f"{job.project.slug}/jobs/{job.pk}",
        "result_manifest": job.result,
        "error_message": _error(job),
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.finished_at),
        "processing_time": took,
        "progress": round(job.progress, 1),
        "message": job.message,
        "priority": job.get_priority_display(),
        "project": job.project.slug,
        "batch": job.batch_id and str(job.batch_id),
        "urls": job_urls(job),
    }


def batch_record(batch: Batch) -> Json:
    jobs = list(with_record_rows(batch.jobs.order_by("created_at", "id")))
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job.status] = counts.get(job.status, 0) + 1
    return {
        "id": str(batch.pk),
        "status": _WORDS[Job.Status(batch_status(counts))],
        "total": len(jobs),
        "jobs": [record(job) for job in jobs],
    }


def _error(job: Job) -> str | None:
    if job.status == Job.Status.CANCELLED:
        return "Cancelled"
    return str(job.error["detail"]) if job.error else None
