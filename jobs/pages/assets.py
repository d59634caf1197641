"""One asset: looked at, used for a new job, deleted."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from jobs import registry, services
from jobs.access import find_asset
from jobs.inputs import Kind
from jobs.models import Job
from jobs.pages.doorway import page, user_of
from jobs.pages.rows import with_row_facts


@page
def asset(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    found = find_asset(user_of(request), asset_id)
    used_by = Job.objects.filter(job_inputs__asset=found)
    takers = [p for p in registry.all_pipelines() if Kind(found.kind) in p.inputs.kinds]
    return render(
        request,
        "jobs/asset.html",
        {
            "asset": found,
            "maker": found.job,
            "used_by": with_row_facts(used_by)[:10],
            "pipelines": takers,
        },
    )


@require_POST
@page
def delete(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    found = find_asset(user_of(request), asset_id)
    services.delete_asset(found)
    messages.success(request, f"{found.original_filename} is deleted.")
    return redirect("studio:project", found.project.slug)
