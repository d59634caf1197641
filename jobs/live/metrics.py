"""What Prometheus reads; any web process can answer, since all is counted in Postgres."""

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from jobs import keys
from jobs.live.series import Series
from jobs.live.visitors import user_of_key


def show(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        detail = "Send METRICS_TOKEN or a staff member's API key as a bearer token."
        answer = {"detail": detail, "code": "not_authenticated", "errors": {}}
        return JsonResponse(
            answer, status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    registry = CollectorRegistry()
    registry.register(Series())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if request.user.is_staff:
        return True
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return False
    token = settings.METRICS_TOKEN
    if token and hmac.compare_digest(secret.encode(), token.encode()):
        return True
    row = keys.find_key(secret)
    return row is not None and user_of_key(row).is_staff
