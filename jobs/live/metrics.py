"""What Prometheus reads: counts of Postgres' rows, so that any web process can answer."""

import hmac
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from jobs import keys
from jobs.live.visitors import user_of_key
from jobs.models import Asset, Job, Purchase, Stage, WebhookDelivery, Worker

# Whoever has not been seen for this long is not counted as alive.
ALIVE = timedelta(seconds=30)
RECENT = timedelta(hours=1)


def show(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        detail = "Send METRICS_TOKEN or a staff member's API key as a bearer token."
        answer = {"detail": detail, "code": "not_authenticated", "errors": {}}
        return JsonResponse(
            answer, status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    registry = CollectorRegistry()
    registry.register(_Rows())
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


class _Rows:
    """A collector that counts anew at every scrape."""

    def collect(self) -> Iterator[Metric]:
        yield from _jobs()
        yield from _stages()
        yield from _workers()
        yield from _money_and_files()
        yield _gauge(
            "mediaforge_webhooks_due",
            "Webhook deliveries that are still owed.",
            WebhookDelivery.objects.filter(status=WebhookDelivery.Status.DUE).count(),
        )


def _jobs() -> Iterator[Metric]:
    now = timezone.now()
    open_jobs = GaugeMetricFamily(
        "mediaforge_jobs_open", "Jobs under way.", labels=["pipeline", "status"]
    )
    rows = Job.objects.exclude(status__in=Job.ENDED).order_by()
    for row in rows.values("pipeline", "status").annotate(count=Count("pk")):
        open_jobs.add_metric([row["pipeline"], row["status"]], row["count"])
    yield open_jobs
    ended = GaugeMetricFamily(
        "mediaforge_jobs_ended_last_hour",
        "Jobs that ended in the last hour.",
        labels=["pipeline", "status"],
    )
    rows = Job.objects.filter(finished_at__gt=now - RECENT).order_by()
    for row in rows.values("pipeline", "status").annotate(count=Count("pk")):
        ended.add_metric([row["pipeline"], row["status"]], row["count"])
    yield ended


def _stages() -> Iterator[Metric]:
    now = timezone.now()
    counts = GaugeMetricFamily(
        "mediaforge_stages", "Stages by state.", labels=["queue", "status"]
    )
    oldest = GaugeMetricFamily(
        "mediaforge_oldest_queued_seconds",
        "How long the oldest queued stage has waited.",
        labels=["queue"],
    )
    status = Stage.Status
    for word in (status.QUEUED, status.RUNNING, status.WAITING):
        rows = Stage.objects.filter(status=word).order_by().values("queue")
        for row in rows.annotate(count=Count("pk"), first=Min("queued_at")):
            counts.add_metric([row["queue"], word.value], row["count"])
            if word == status.QUEUED and row["first"]:
                waited = (now - row["first"]).total_seconds()
                oldest.add_metric([row["queue"]], waited)
    yield counts
    yield oldest


def _workers() -> Iterator[Metric]:
    alive = GaugeMetricFamily(
        "mediaforge_alive", "Workers and dispatchers seen lately.", labels=["duty"]
    )
    seen = GaugeMetricFamily(
        "mediaforge_last_seen_seconds",
        "How long ago the last one of a duty was seen.",
        labels=["duty"],
    )
    now = timezone.now()
    live = Q(seen_at__gt=now - ALIVE, stopped_at=None)
    rows = Worker.objects.order_by().values("duty")
    for row in rows.annotate(count=Count("pk", filter=live), last=Max("seen_at")):
        alive.add_metric([row["duty"]], row["count"])
        seen.add_metric([row["duty"]], (now - row["last"]).total_seconds())
    yield alive
    yield seen


def _money_and_files() -> Iterator[Metric]:
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = GaugeMetricFamily(
        "mediaforge_spent_usd_this_month", "Paid to vendors.", labels=["vendor"]
    )
    rows = Purchase.objects.filter(created_at__gte=month).order_by().values("vendor")
    for row in rows.annotate(total=Sum("actual_usd")):
        spent.add_metric([row["vendor"]], float(row["total"]))
    yield spent
    stored = Asset.objects.aggregate(count=Count("pk"), total=Sum("size_bytes"))
    yield _gauge("mediaforge_assets", "Stored files.", stored["count"])
    yield _gauge("mediaforge_asset_bytes", "Stored bytes.", stored["total"] or 0)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    metric = GaugeMetricFamily(name, help_text)
    metric.add_metric([], value)
    return metric
