"""The two contracts' words for the states of a job."""

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet
from django.db.models.fields.json import KT

from jobs.models import Asset, Job, Stage
from jobs.snapshots import asset_url
from jobs.vendors.kiri import WORDS
from jobs.vendors.kiri import Status as Kiri
from scans.errors import ScanExpiredError

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
# KIRI's own codes -1 and 3; while it computes (0) a scan is processing like any other.
_KIRI = {WORDS[Kiri.UPLOADING]: "uploading", WORDS[Kiri.QUEUING]: "queued"}
STATUSES = ("queued", "uploading", "processing", "success", "failed", "expired")


def scan_status(job: Job, stages: Iterable[Stage] | None = None) -> str:
    """Seed 000's word; what is at KIRI reads as KIRI's code says."""
    word = _SCAN[Status(job.status)]
    if word == "failed" and (job.error or {}).get("code") == ScanExpiredError.code:
        return "expired"
    if word != "processing":
        return word
    for stage in at_kiri(job.stages.all()) if stages is None else stages:
        return _word_at_kiri(stage.wait_reason, has_task=stage.checkpoint is not None)
    return word


def at_kiri(stages: QuerySet[Stage]) -> QuerySet[Stage]:
    """The stages that are being sent to KIRI, or that wait for it."""
    return stages.filter(
        name="capture",
        engine="kiri",
        status__in=(Stage.Status.RUNNING, Stage.Status.WAITING),
    )


def _word_at_kiri(wait_reason: str, *, has_task: bool) -> str:
    if not has_task:
        return "uploading"
    return _KIRI.get(wait_reason, "processing")


def scan_counts(jobs: QuerySet[Job]) -> dict[str, int]:
    """How many scans are in each of the seed's states."""
    counts = dict.fromkeys(STATUSES, 0)
    rows = jobs.order_by().select_related(None)
    told = rows.values("status", code=KT("error__code")).annotate(count=Count("pk"))
    for row in told:
        job = Job(status=row["status"], error={"code": row["code"]})
        counts[scan_status(job, stages=())] += row["count"]
    under_way = rows.filter(status__in=(Status.RUNNING, Status.WAITING))
    sent = at_kiri(Stage.objects.filter(job__in=under_way.values("pk")))
    has_task = ExpressionWrapper(
        Q(checkpoint__isnull=False), output_field=BooleanField()
    )
    at_work = sent.order_by().values("wait_reason", has_task=has_task)
    for stage in at_work.annotate(count=Count("pk")):
        counts["processing"] -= stage["count"]
        word = _word_at_kiri(stage["wait_reason"], has_task=stage["has_task"])
        counts[word] += stage["count"]
    return counts


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
