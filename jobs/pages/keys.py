"""One's API keys: made, shown once, revoked."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from jobs.errors import NotFoundError, RequestError
from jobs.keys import create_key, revoke_key
from jobs.models import ApiKey
from jobs.pages.doorway import page, user_of

LIVES_DAYS = {"30": 30, "90": 90, "365": 365, "": None}


@page
def keys(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    fresh = None
    if request.method == "POST":
        # Answered at once, not redirected: the key is in this one answer only.
        fresh = _create(request)
    rows = ApiKey.objects.filter(owner=user, revoked_at=None)
    context = {
        "keys": rows,
        "fresh": fresh,
        "now": timezone.now(),
        "scopes": _scopes(request),
    }
    answer = render(request, "jobs/keys.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _scopes(request: HttpRequest) -> list[str]:
    scopes = [ApiKey.Scope.READ.value, ApiKey.Scope.WRITE.value]
    return [*scopes, ApiKey.Scope.ADMIN.value] if user_of(request).is_staff else scopes


def _create(request: HttpRequest) -> str:
    name = request.POST.get("name", "").strip()[:100]
    if not name:
        raise RequestError("Give the key a name, so that you know it again.")
    scopes = [s for s in request.POST.getlist("scopes") if s in _scopes(request)]
    if not scopes:
        raise RequestError("Choose what the key may do.")
    days = LIVES_DAYS.get(request.POST.get("days", ""))
    expires_at = timezone.now() + timedelta(days=days) if days else None
    _row, secret = create_key(user_of(request), name, scopes, expires_at)
    return secret


@require_POST
@page
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    row = ApiKey.objects.filter(pk=key_id, owner=user_of(request)).first()
    if row is None:
        raise NotFoundError("There is no such key.")
    revoke_key(row)
    messages.success(request, f"“{row.name}” is revoked: it opens nothing any more.")
    return redirect("studio:keys")
