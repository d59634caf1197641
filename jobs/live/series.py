"""The series that Prometheus gets, each counted anew in Postgres' rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import CharField, Count, F, Func, Max, Min, Q, Sum, Value
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from jobs import registry
from jobs.models import Asset, Event, Job, Purchase, Stage, WebhookDelivery, Worker

# Whoever has not been seen for this long is not counted as alive.
ALIVE = timedelta(seconds=30)
RECENT = timedelta(hours=1)


class Series:
    """A collector that counts anew at every scrape."""

    def collect(self) -> Iterator[Metric]:
        yield from _jobs()
        yield from _stages()
        yield from _waits()
        yield from _ended_stages()
        yield from _troubles()
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


def _waits() -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "mediaforge_waits",
        "Stages that wait for a vendor (time), another try (retry) or a person.",
        labels=["pipeline", "stage", "wait_for"],
    )
    overdue = GaugeMetricFamily(
        "mediaforge_wait_overdue_seconds",
        "How long ago the wait that is most overdue should have ended.",
    )
    now = timezone.now()
    first = None
    waiting = Stage.objects.filter(status=Stage.Status.WAITING).order_by()
    rows = waiting.values("pipeline", "name", "wait_for")
    for row in rows.annotate(count=Count("pk"), first=Min("wake_at")):
        counts.add_metric([row["pipeline"], row["name"], row["wait_for"]], row["count"])
        first = min(filter(None, (first, row["first"])), default=None)
    overdue.add_metric([], max(0.0, (now - first).total_seconds()) if first else 0.0)
    yield counts
    yield overdue


def _ended_stages() -> Iterator[Metric]:
    labels = ["pipeline", "stage", "engine"]
    ended = GaugeMetricFamily(
        "mediaforge_stages_ended_last_hour",
        "Stages that ended in the last hour.",
        labels=[*labels, "status"],
    )
    seconds = GaugeMetricFamily(
        "mediaforge_stage_seconds_last_hour",
        "What the stages that succeeded in the last hour took together.",
        labels=labels,
    )
    longest = GaugeMetricFamily(
        "mediaforge_stage_longest_seconds_last_hour",
        "What the longest of these stages took.",
        labels=labels,
    )
    pipelines = registry.all_pipelines()
    took = F("finished_at") - F("started_at")
    rows = (
        # All of its names are asked for, so that the index by finish serves.
        Stage.objects.filter(
            pipeline__in=[pipeline.slug for pipeline in pipelines],
            name__in={step.name for p in pipelines for step in p.steps},
            finished_at__gt=timezone.now() - RECENT,
        )
        .order_by()
        .values("pipeline", "name", "engine", "status")
        .annotate(count=Count("pk"), total=Sum(took), most=Max(took))
    )
    for row in rows:
        names = [row["pipeline"], row["name"], row["engine"]]
        ended.add_metric([*names, row["status"]], row["count"])
        if row["status"] == Stage.Status.SUCCEEDED and row["total"]:
            seconds.add_metric(names, row["total"].total_seconds())
            longest.add_metric(names, row["most"].total_seconds())
    yield ended
    yield seconds
    yield longest


def _troubles() -> Iterator[Metric]:
    troubles = GaugeMetricFamily(
        "mediaforge_troubles_last_hour",
        "Stages retried, lost, stuck or failed in the last hour, by their error.",
        labels=["pipeline", "stage", "kind", "code"],
    )
    by_vendor = GaugeMetricFamily(
        "mediaforge_vendor_errors_last_hour",
        "Errors that a vendor's service was the cause of.",
        labels=["vendor", "code"],
    )
    stage = Func(
        F("stage"),
        Value("/"),
        Value(1),
        function="split_part",
        output_field=CharField(),
    )
    rows = (
        Event.objects.filter(kind__in=Event.TROUBLES, at__gt=timezone.now() - RECENT)
        .exclude(stage="")
        .order_by()
        .values_list("job__pipeline", stage, "kind", "data__code", "data__vendor")
        .annotate(count=Count("pk"))
    )
    counts: Counter[tuple[str, ...]] = Counter()
    vendors: Counter[tuple[str, str]] = Counter()
    for pipeline, name, kind, code, vendor, count in rows:
        counts[pipeline, name, kind, code or ""] += count
        if vendor:
            vendors[vendor, code] += count
    for trouble, count in counts.items():
        troubles.add_metric(trouble, count)
    for error, count in vendors.items():
        by_vendor.add_metric(error, count)
    yield troubles
    yield by_vendor


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
