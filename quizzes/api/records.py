"""Jobs and videos in the words of the quiz system's contract."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet

from jobs.errors import RequestError
from jobs.models import Asset, Event, Job
from jobs.snapshots import asset_url, iso

Json = dict[str, Any]

_WORDS = {
    Job.Status.QUEUED: "queued",
    Job.Status.RUNNING: "running",
    Job.Status.WAITING: "running",
    Job.Status.SUCCEEDED: "completed",
    Job.Status.FAILED: "failed",
    Job.Status.CANCELLED: "cancelled",
    Job.Status.EXPIRED: "failed",
}
_MOST_LOGS = 200


def statuses_of(words: Sequence[str]) -> list[str]:
    """Our states for the contract's words."""
    unknown = sorted(set(words) - set(_WORDS.values()))
    if unknown:
        known = ", ".join(dict.fromkeys(_WORDS.values()))
        raise RequestError(
            f"There is no status “{unknown[0]}”. Choose among: {known}.",
            errors={"status": [f"Choose among: {known}."]},
        )
    return [status.value for status, word in _WORDS.items() if word in words]


def loaded(rows: QuerySet[Job]) -> QuerySet[Job]:
    published = Asset.objects.filter(published=True).select_related("project")
    return rows.select_related("project").prefetch_related(
        "stages",
        "job_inputs",
        "events",
        Prefetch("files", published, to_attr="published_files"),
    )


def job_record(job: Job) -> Json:
    return {
        "job_id": str(job.pk),
        "project_id": job.project.slug,
        "job_type": job.pipeline,
        "status": _WORDS[Job.Status(job.status)],
        "progress": round(job.progress, 1),
        "payload": _payload(job),
        "attempts": max((stage.attempt for stage in job.stages.all()), default=0),
        "max_attempts": job.max_attempts,
        "retry_delay_seconds": job.retry_delay_seconds,
        "logs": _logs(job),
        "result": _result(job),
        "error": _error(job),
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
    }


def record_text(job_id: uuid.UUID) -> str | None:
    job = loaded(Job.objects.filter(pk=job_id)).first()
    return None if job is None else json.dumps(job_record(job))


def _payload(job: Job) -> Json:
    first = next(iter(job.job_inputs.all()), None)
    asset = {"asset_id": str(first.asset_id)} if first and first.asset_id else {}
    return {**asset, **job.params}


def _logs(job: Job) -> list[Json]:
    events = list(job.events.all())[-_MOST_LOGS:]
    return [
        {
            "timestamp": iso(event.at),
            "level": event.data.get("level", "info"),
            "message": _told(event),
        }
        for event in events
    ]


def _told(event: Event) -> str:
    if event.kind == Event.Kind.LOG:
        return str(event.data.get("message", ""))
    where = f"{event.stage}: " if event.stage else ""
    return f"{where}{event.kind.replace('_', ' ')}"


def _result(job: Job) -> Json | None:
    if job.status != Job.Status.SUCCEEDED:
        return None
    files: Sequence[Asset] = job.published_files  # type: ignore[attr-defined]  # see loaded
    return {
        **(job.result or {}),
        "outputs": [
            {
                "asset_id": str(asset.pk),
                "role": asset.role,
                "filename": asset.original_filename,
                "size_bytes": asset.size_bytes,
                "url": asset_url(asset),
            }
            for asset in files
        ],
    }


def _error(job: Job) -> str | None:
    if job.status == Job.Status.CANCELLED:
        return "Cancelled"
    return str(job.error["detail"]) if job.error else None


def video_record(asset: Asset) -> Json:
    return {
        "asset_id": str(asset.pk),
        "filename": asset.filename,
        "original_filename": asset.original_filename,
        "size_bytes": asset.size_bytes,
        "project_id": asset.project.slug,
        "status": asset.status,
        "content_type": asset.content_type,
        "duration": asset.duration,
        "width": asset.width,
        "height": asset.height,
        "created_at": iso(asset.created_at),
        "url": asset_url(asset),
    }


def as_uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        # No row has it: a malformed id is just one that nobody has.
        return uuid.UUID(int=0)
