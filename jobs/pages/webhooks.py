"""One's webhooks: who is told of what, the secret shown once, and every telling."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs.access import find_project, projects_of
from jobs.errors import NotFoundError, RequestError
from jobs.live import deliveries, signing, webhooks
from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.pages import lists
from jobs.pages.doorway import go_back, page, user_of
from jobs.toolbox.fetch import FetchError

DELIVERIES_A_PAGE = 20
URL_LETTERS = 2000


@page
def endpoints(request: HttpRequest) -> HttpResponse:
    """All of them, with the last that each was told; a new one is made here."""
    user = user_of(request)
    if request.method == "POST":
        made = _create(request, user)
        return _show(request, made, secret=made.secret)
    last = WebhookDelivery.objects.filter(endpoint=OuterRef("pk")).order_by(
        "-created_at"
    )
    rows = (
        WebhookEndpoint.objects.filter(owner=user)
        .select_related("project")
        .annotate(
            last_status=Subquery(last.values("status")[:1]),
            last_at=Subquery(last.values("created_at")[:1]),
        )
    )
    told = _told(WebhookDelivery.objects.filter(owner=user))
    context = {
        "endpoints": rows,
        "projects": projects_of(user).filter(owner=user)[:100],
        "events": webhooks.EVENTS,
        "ends": webhooks.ENDS,
        "slice": lists.cut(told, request.GET, count=DELIVERIES_A_PAGE),
    }
    return render(request, "jobs/webhooks.html", context)


def _told(rows: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    return rows.select_related("job")


def _create(request: HttpRequest, user: User) -> WebhookEndpoint:
    named = request.POST.get("project", "")
    try:
        return webhooks.add_endpoint(
            user,
            _address(request),
            project=find_project(user, named) if named else None,
            events=_events(request),
        )
    except FetchError as error:
        raise RequestError(error.detail) from error


def _address(request: HttpRequest) -> str:
    url = request.POST.get("url", "").strip()
    if not url.startswith(("https://", "http://")) or len(url) > URL_LETTERS:
        raise RequestError(
            "Give the address in full, such as https://example.com/hook."
        )
    return url


def _events(request: HttpRequest) -> list[str]:
    """Whoever hears of the ends alone is stored as one who named nothing."""
    chosen = [e for e in request.POST.getlist("events") if e in webhooks.EVENTS]
    return [] if set(chosen) == set(webhooks.ENDS) else chosen


@page
def endpoint(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    found = _find(request, webhook_id)
    if request.method != "POST":
        return _show(request, found)
    try:
        found.url = webhooks.check_address(_address(request))
    except FetchError as error:
        raise RequestError(error.detail) from error
    found.events = _events(request)
    found.active = "active" in request.POST
    found.save(update_fields=["url", "events", "active"])
    messages.success(request, "Saved.")
    return redirect("studio:webhook", found.pk)


@require_POST
@page
def rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    found = _find(request, webhook_id)
    # Answered at once, not redirected: the secret is in this one answer only.
    return _show(request, found, secret=signing.rotate(found))


@require_POST
@page
def ping(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    found = _find(request, webhook_id)
    webhooks.ping(found)
    messages.success(request, "A first word is on its way: its answer appears below.")
    return redirect("studio:webhook", found.pk)


@require_POST
@page
def delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    found = _find(request, webhook_id)
    found.delete()
    messages.success(request, f"{found.url} is told nothing any more.")
    return redirect("studio:webhooks")


@require_POST
@page
def redeliver(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    row = WebhookDelivery.objects.filter(pk=delivery_id, owner=user_of(request)).first()
    if row is None:
        raise NotFoundError("There is no such delivery.")
    deliveries.redeliver(row)
    messages.success(request, "It is sent again, under the same id.")
    return go_back(request, reverse("studio:webhooks"))


def _find(request: HttpRequest, webhook_id: UUID) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.filter(pk=webhook_id, owner=user_of(request))
    row = rows.select_related("project").first()
    if row is None:
        raise NotFoundError("There is no such webhook.")
    return row


def _show(
    request: HttpRequest, found: WebhookEndpoint, *, secret: str = ""
) -> HttpResponse:
    told = _told(WebhookDelivery.objects.filter(endpoint=found))
    context = {
        "endpoint": found,
        "secret": secret,
        "events": webhooks.EVENTS,
        "chosen": found.events or webhooks.ENDS,
        "slice": lists.cut(told, request.GET, count=DELIVERIES_A_PAGE),
    }
    answer = render(request, "jobs/webhook.html", context)
    if secret:
        answer.headers["Cache-Control"] = "no-store"
    return answer
