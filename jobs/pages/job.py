"""One job: its page, the parts of it that live pages redraw, and what may be done to it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs import registry, services, waiting
from jobs.access import find_job
from jobs.errors import NotFoundError
from jobs.models import Asset, Job, JobInput, ShareLink, Stage
from jobs.pages import fields, panels, results
from jobs.pages.doorway import go_back, page, user_of
from jobs.pages.history import history
from jobs.pages.timeline import timeline
from jobs.registry import AnyPipeline
from jobs.snapshots import load_snapshot, with_snapshot_rows


def _load(request: HttpRequest, job_id: UUID) -> Job:
    found = find_job(user_of(request), job_id)
    return with_snapshot_rows(Job.objects.select_related("owner", "batch")).get(
        pk=found.pk
    )


def job_context(job: Job, *, shared: bool = False) -> dict[str, Any]:
    """What the page and its live parts show of a job loaded `with_snapshot_rows`."""
    outputs: list[Asset] = job.published_files  # type: ignore[attr-defined]  # set by the prefetch
    rows = JobInput.objects.filter(job=job).select_related("asset")
    inputs = [row.asset for row in rows if row.asset]
    drawn = (
        panels.panels_for(job, results.by_role(outputs), shared=shared)
        if outputs or job.review
        else []
    )
    taken = frozenset(role for d in drawn for role in d.panel.takes)
    steps = timeline(job)
    return {
        "job": job,
        "pipeline": _pipeline(job),
        "inputs": inputs,
        "panels": drawn,
        # What a job was made from is nothing that it made: links do not show it.
        "results": results.arrange(outputs, [] if shared else inputs, taken),
        "steps": steps,
        "current": next((s for s in steps if s.status in ("running", "waiting")), None),
        "awaits_review": any(
            s.wait_for == Stage.WaitFor.PERSON and s.status == Stage.Status.WAITING
            for s in steps
        ),
        "params": _params_in_words(job),
    }


def _params_in_words(job: Job) -> list[tuple[str, str]]:
    pipeline = _pipeline(job)
    if pipeline:
        return fields.said(pipeline.params, job.params)
    return [(name, str(value)) for name, value in job.params.items()]


def _pipeline(job: Job) -> AnyPipeline | None:
    try:
        return registry.get(job.pipeline)
    except NotFoundError:
        return None


@page
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    found = _load(request, job_id)
    links = ShareLink.objects.filter(job=found, revoked_at=None).order_by("expires_at")
    context = job_context(found) | {"history": history(found), "links": links}
    return render(request, "jobs/job.html", context)


@page
def live(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The parts of the page that follow the job; put in place by the page's script."""
    found = _load(request, job_id)
    context = job_context(found) | {"history": history(found)}
    return render(request, "jobs/_job_live.html", context)


@page
def why(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """What it waits for, its place in line and how long still: asked for by itself."""
    found = find_job(user_of(request), job_id)
    context = {
        "job": found,
        "waiting": waiting.explain(found, list(found.stages.all())),
    }
    return render(request, "jobs/_job_why.html", context)


@page
def state(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The snapshot that a page asks for when its socket is cut."""
    return JsonResponse(load_snapshot(find_job(user_of(request), job_id).pk))


def _page_of(job_id: UUID) -> str:
    """Where one goes that did not come from there: staff go back to their own page."""
    return reverse("studio:job", args=[job_id])


@require_POST
@page
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    services.cancel(find_job(user_of(request), job_id))
    messages.info(request, "Cancelled. What was done so far is kept.")
    return go_back(request, _page_of(job_id))


@require_POST
@page
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    step = request.POST.get("from") or None
    services.retry(find_job(user_of(request), job_id), from_step=step)
    return go_back(request, _page_of(job_id))


@require_POST
@page
def approve(request: HttpRequest, job_id: UUID) -> HttpResponse:
    services.approve(find_job(user_of(request), job_id))
    messages.success(request, "Approved: it goes on.")
    return go_back(request, _page_of(job_id))


@require_POST
@page
def delete(request: HttpRequest, job_id: UUID) -> HttpResponse:
    found = find_job(user_of(request), job_id)
    services.delete_job(found)
    messages.success(request, "The job is deleted, with the files it made.")
    return redirect("studio:project", found.project.slug)


@require_POST
@page
def set_notify(request: HttpRequest, job_id: UUID) -> HttpResponse:
    found = find_job(user_of(request), job_id)
    Job.objects.filter(pk=found.pk).update(notify="notify" in request.POST)
    return redirect("studio:job", job_id)
