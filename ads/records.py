"""Ads in the words of their contract: job and stage records."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from ads.script import ScriptFacts
from jobs.models import Asset, Job, Stage
from jobs.snapshots import iso, snapshot

Json = dict[str, Any]

_WORDS = {
    Job.Status.QUEUED: "pending",
    Job.Status.RUNNING: "processing",
    Job.Status.WAITING: "processing",
    Job.Status.SUCCEEDED: "completed",
    Job.Status.FAILED: "failed",
    Job.Status.CANCELLED: "failed",
    Job.Status.EXPIRED: "failed",
}
_DONE = ("succeeded", "skipped")


def ad_json(job: Job) -> Json:
    """A job that was loaded `with_snapshot_rows`."""
    told = snapshot(job)
    stages = list(job.stages.all())
    outputs = told["outputs"]
    videos = [_video_json(output) for output in outputs if output["role"] == "video"]
    mp4 = next((v for v in videos if v["content_type"] == "video/mp4"), None)
    return {
        "id": told["id"],
        "status": _WORDS[Job.Status(job.status)],
        "created_at": told["created_at"],
        "updated_at": iso(job.updated_at),
        "product_name": job.params["product_name"],
        "style": job.params["style"],
        "cta_text": job.params["cta_text"],
        "product_image_path": _image_path(job),
        "video_url": mp4["url"] if mp4 else None,
        "error_message": _error_message(job),
        "cost_usd": told["cost_usd"],
        "progress": told["progress"],
        "message": told["message"],
        "duration": job.params["duration"],
        "aspect": job.params["aspect"],
        "seed": job.params["seed"],
        "review": told["review"],
        "waits_for_approval": any(s.wait_for == Stage.WaitFor.PERSON for s in stages),
        "script": script_json(job),
        "videos": videos,
        "stages": [_stage_json(job, rows) for rows in _by_name(stages)],
        "outputs": outputs,
        "batch": told["batch"],
        "project": told["project"],
        "urls": ad_urls(job)
        | {"job": told["urls"]["self"], "page": told["urls"]["page"]},
    }


def script_facts(job: Job) -> ScriptFacts | None:
    """The script as it now stands; None before it is written."""
    rows = Stage.objects.filter(job=job, name="script_gen", status__in=Stage.DONE)
    facts = rows.exclude(facts="").values_list("facts", flat=True).first()
    return ScriptFacts.model_validate_json(facts) if facts else None


def script_json(job: Job) -> Json | None:
    facts = script_facts(job)
    return facts.script.model_dump(mode="json") if facts else None


def ad_urls(job: Job) -> dict[str, str]:
    base = f"/{settings.API_V1_PREFIX}/ads/{job.pk}"
    return {
        "self": f"{base}/",
        "script": f"{base}/script/",
        "approve": f"{base}/approve/",
    }


def _video_json(output: Json) -> Json:
    wide, high = output["width"] or 0, output["height"] or 0
    aspect = "1:1" if wide == high else "16:9" if wide > high else "9:16"
    return {
        "aspect": aspect,
        "url": output["url"],
        "content_type": output["content_type"],
        "width": output["width"],
        "height": output["height"],
        "duration": output["duration"],
        "size_bytes": output["size_bytes"],
    }


def _by_name(stages: Iterable[Stage]) -> list[list[Stage]]:
    """The parts of a step together, steps in their order."""
    steps: dict[str, list[Stage]] = {}
    for stage in stages:
        steps.setdefault(stage.name, []).append(stage)
    return list(steps.values())


def _stage_json(job: Job, parts: Sequence[Stage]) -> Json:
    ended = [part.finished_at for part in parts]
    errors = [part.error["detail"] for part in parts if part.error]
    status = _step_status(parts)
    over = status in ("completed", "failed") and all(ended)
    return {
        "id": parts[0].pk,
        "job_id": str(job.pk),
        "stage_name": parts[0].name,
        "status": status,
        "progress": round(sum(part.progress for part in parts) / len(parts)),
        "started_at": iso(
            min((p.started_at for p in parts if p.started_at), default=None)
        ),
        "completed_at": iso(max(e for e in ended if e)) if over else None,
        "stage_data": {
            "engine": parts[0].engine,
            "cost_usd": float(sum(part.cost_usd for part in parts)),
            "parts": [
                {
                    "label": part.part_label,
                    "status": part.status,
                    "progress": round(part.progress),
                    "note": part.note,
                }
                for part in parts
                if part.part is not None
            ],
        },
        "error_message": errors[0] if errors else None,
    }


def _step_status(parts: Sequence[Stage]) -> str:
    states = {part.status for part in parts}
    if states <= set(_DONE):
        return "completed"
    if states & {"failed", "cancelled", "expired"}:
        return "failed"
    return "pending" if states <= {"pending", "queued"} else "processing"


def _error_message(job: Job) -> str | None:
    if job.status == Job.Status.CANCELLED:
        return "Cancelled"
    return job.error["detail"] if job.error else None


def _image_path(job: Job) -> str | None:
    row = next((row for row in job.job_inputs.all() if row.asset_id), None)
    asset: Asset | None = row.asset if row else None
    return asset.storage_key if asset else None
