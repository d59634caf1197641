"""The two contracts' words for the states of a job."""

from collections.abc import Iterable
from typing import Any

from jobs.models import Asset, Job, Stage
from jobs.snapshots import asset_url

Status = Job.Status

_SCAN = {
    Status.QUEUED: "queued",
    Status.RUNNING: "processing",
    Status.WAITING: "processing",
    Status.SUCCEEDED: "success",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
    Status.EXPIRED: "expired",
}
_MODEL = {
    "queued": "PENDING",
    "running": "PROGRESS",
    "waiting": "PROGRESS",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "expired": "FAILURE",
    "cancelled": "REVOKED",
}
CANCELLED = "Cancelled"


def scan_status(job: Job, stages: Iterable[Stage] | None = None) -> str:
    """Seed 000's word; what is on its way to KIRI is `uploading`."""
    word = _SCAN[Status(job.status)]
    if word != "processing":
        return word
    rows = (
        job.stages.filter(name="capture", engine="kiri") if stages is None else stages
    )
    for stage in rows:
        going = stage.status == Stage.Status.RUNNING and not stage.checkpoint
        if going or stage.wait_reason.endswith("upload in"):
            return "uploading"
    return word


def scan_error(job: Job) -> str | None:
    if job.status == Status.CANCELLED:
        return CANCELLED
    return job.error["detail"] if job.error else None


def usdz_of(job: Job) -> str | None:
    """The address of a finished scan's USDZ."""
    if job.status != Status.SUCCEEDED:
        return None
    files = Asset.objects.filter(job=job, published=True, role="model_usdz")
    found = files.order_by("created_at").first()
    return asset_url(found) if found else None


def task_json(job: dict[str, Any]) -> dict[str, Any]:
    """Seed 004's status of a job's snapshot."""
    parts = [
        stage
        for stage in job["stages"]
        # Until the photos are grouped nobody knows how many models there will be.
        if stage["name"] == "make" and stage["part"] is not None
    ]
    done = sum(stage["status"] in ("succeeded", "skipped") for stage in parts)
    state = _MODEL[job["status"]]
    error = job["error"]["detail"] if job["error"] else None
    return {
        "task_id": job["id"],
        "job_id": job["id"],
        "state": state,
        "progress": job["progress"],
        "current": done,
        "total": len(parts) or len(job["inputs"]),
        "message": job["message"],
        "result": job["result"] if state == "SUCCESS" else None,
        "error": CANCELLED if state == "REVOKED" else error,
    }
