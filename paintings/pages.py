"""Correcting a painting: a mask or a depth map, drawn over the photo or sent along."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from jobs import services
from jobs.access import as_uuid, assets_of, find_job
from jobs.errors import ConflictError, RequestError
from jobs.models import Asset, Job
from jobs.pages import sending
from jobs.pages.doorway import page, user_of
from jobs.services import JobOrder
from jobs.snapshots import asset_url
from paintings.pipeline import PAINTING

CORRECTIONS = ("mask", "depth_map")
# What every browser draws; for others the finished picture is drawn upon.
_DRAWN_BY_BROWSERS = ("image/jpeg", "image/png", "image/webp", "image/avif")


def panel_context(job: Job, outputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The way to the correction, once there is something to correct."""
    return {} if job.ended and outputs.get("depth") else None


@page
def correct(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Draw what is in front, or how near things are; the painting is made again."""
    job = find_job(user_of(request), job_id)
    if job.pipeline != PAINTING.slug:
        raise ConflictError("There is no painting to correct here.")
    if request.method != "POST":
        return render(request, "paintings/correct.html", _drawn_upon(request, job))
    changes = {
        name: str(_received(job, file).pk)
        for name in CORRECTIONS
        for file in request.FILES.getlist(name)[:1]
    }
    if not changes:
        raise RequestError("Paint over the photo, or choose a picture, first.")
    again = services.submit(user_of(request), _order(job, changes))
    messages.success(request, "It is made again with your correction.")
    return redirect("studio:job", job_id=again.pk)


def _drawn_upon(request: HttpRequest, job: Job) -> dict[str, Any]:
    """The photo, our depth of it, and the mask that was drawn last time."""
    row = job.job_inputs.select_related("asset").first()
    photo = row.asset if row else None
    if photo is None or photo.content_type not in _DRAWN_BY_BROWSERS:
        photo = _output(job, "composite")
    depth = _output(job, "depth")
    if photo is None or depth is None:
        raise ConflictError("Its photo or its depth map is no longer there.")
    last = as_uuid(job.params.get("mask") or "")
    mask = assets_of(user_of(request)).filter(pk=last).first() if last else None
    return {
        "job": job,
        "photo": photo,
        "depth_url": asset_url(depth),
        "mask_url": asset_url(mask) if mask else "",
    }


def _output(job: Job, role: str) -> Asset | None:
    made = Asset.objects.filter(job=job, published=True, role=role)
    return made.order_by("original_filename").first()


def _received(job: Job, file: UploadedFile[Any]) -> Asset:
    return sending.receive_form_file(job.project, file, PAINTING)


def _order(job: Job, changes: Mapping[str, str]) -> JobOrder:
    """The same again but for the correction: steps before it come from the cache."""
    rows = job.job_inputs.exclude(asset=None).values_list("asset_id", flat=True)
    return JobOrder(
        pipeline=job.pipeline,
        params={**job.params, **changes},
        inputs=[str(pk) for pk in rows],
        project=str(job.project_id),
        engine=job.engine,
        priority=job.get_priority_display(),
        budget_usd=job.budget_usd,
    )
