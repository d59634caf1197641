"""Links that show one job's results to whoever holds them, until they end."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from jobs.access import find_job
from jobs.errors import NotFoundError, RequestError
from jobs.files.downloads import asset_response, thumbnail_response
from jobs.models import Asset, Job, ShareLink
from jobs.pages.doorway import page, saying_errors, user_of
from jobs.pages.job import job_context
from jobs.snapshots import with_snapshot_rows

LIVES_DAYS = {"1": 1, "7": 7, "30": 30}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@require_POST
@page
def share(request: HttpRequest, job_id: UUID) -> HttpResponse:
    found = find_job(user_of(request), job_id)
    days = LIVES_DAYS.get(request.POST.get("days", ""))
    if days is None:
        raise RequestError("Choose how long the link shall work.")
    token = secrets.token_urlsafe(24)
    ShareLink.objects.create(
        job=found,
        digest=_digest(token),
        expires_at=timezone.now() + timedelta(days=days),
    )
    address = request.build_absolute_uri(reverse("studio:shared", args=[token]))
    return render(
        request,
        "jobs/shared_made.html",
        {"job": found, "address": address, "days": days},
    )


@require_POST
@page
def revoke(request: HttpRequest, job_id: UUID, link_id: UUID) -> HttpResponse:
    found = find_job(user_of(request), job_id)
    ShareLink.objects.filter(pk=link_id, job=found).update(revoked_at=timezone.now())
    messages.success(request, "The link is closed.")
    return redirect("studio:job", job_id)


def _open(token: str) -> ShareLink:
    link = ShareLink.objects.filter(
        digest=_digest(token), revoked_at=None, expires_at__gt=timezone.now()
    ).first()
    if link is None:
        raise NotFoundError("This link has ended, or never was one.")
    return link


@saying_errors
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The results alone: no params, no log, no cost."""
    link = _open(token)
    job = with_snapshot_rows(Job.objects.all()).get(pk=link.job_id)
    context = job_context(job, shared=True) | {"link": link, "share_token": token}
    answer = render(request, "jobs/shared.html", context)
    # The token is in the address: it must not travel on.
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@saying_errors
def shared_file(
    request: HttpRequest, token: str, asset_id: UUID, filename: str = ""
) -> HttpResponseBase:
    return asset_response(request, _asset(token, asset_id))


@saying_errors
def shared_thumbnail(
    request: HttpRequest, token: str, asset_id: UUID
) -> HttpResponseBase:
    return thumbnail_response(request, _asset(token, asset_id))


def _asset(token: str, asset_id: UUID) -> Asset:
    rows = Asset.objects.filter(pk=asset_id, published=True, job=_open(token).job_id)
    asset = rows.first()
    if asset is None:
        raise NotFoundError("There is no such file.")
    return asset
