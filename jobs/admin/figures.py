"""The dashboard's figures, each from an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from jobs.models import Job, Priority, Purchase, Stage, Worker
from jobs.pipeline import Queue
from jobs.presence import alive

HOURS = 24
DAYS = 14
FAILURES_SINCE = timedelta(days=7)
# Charts are drawn on a field of this size.
WIDTH, HEIGHT = 480.0, 120.0


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    name: str
    by_priority: Sequence[tuple[str, int]]
    running: int
    waiting: int
    workers: int

    @property
    def queued(self) -> int:
        return sum(count for _, count in self.by_priority)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar, or one piece of a stacked one, with its place in the chart."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    bars: Sequence[Bar]
    most: str
    first: str
    last: str
    says: str


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    code: str
    pipeline: str
    stage: str
    count: int
    latest: datetime
    detail: str


def queue_lines() -> list[QueueLine]:
    status = Stage.Status
    counts: dict[tuple[str, str, int], int] = {}
    rows = (
        Stage.objects.filter(status__in=(status.QUEUED, status.RUNNING, status.WAITING))
        .order_by()
        .values_list("queue", "status", "priority")
        .annotate(count=Count("pk"))
    )
    for queue, state, priority, count in rows:
        counts[queue, state, priority] = count
    workers = alive(Worker.Duty.WORKER)
    return [
        QueueLine(
            name=queue.value,
            by_priority=[
                (p.label, counts.get((queue, status.QUEUED, p.value), 0))
                for p in Priority
            ],
            running=sum(
                counts.get((queue, status.RUNNING, p.value), 0) for p in Priority
            ),
            waiting=sum(
                counts.get((queue, status.WAITING, p.value), 0) for p in Priority
            ),
            workers=sum(queue in worker.queues for worker in workers),
        )
        for queue in Queue
    ]


def throughput() -> Chart:
    """Jobs that ended, hour by hour."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=HOURS - 1 - n) for n in range(HOURS)]
    rows = (
        Job.objects.filter(finished_at__gte=hours[0])
        .order_by()
        .annotate(hour=TruncHour("finished_at"))
        .values_list("hour", "status")
        .annotate(count=Count("pk"))
    )
    ended = {(hour, status): count for hour, status, count in rows}
    good = [ended.get((h, Job.Status.SUCCEEDED), 0) for h in hours]
    bad_words = (Job.Status.FAILED, Job.Status.EXPIRED)
    bad = [sum(ended.get((h, word), 0) for word in bad_words) for h in hours]
    return _stacked(
        [h.strftime("%H:00") for h in hours],
        [("good", [float(n) for n in good]), ("bad", [float(n) for n in bad])],
        unit="jobs",
        says=f"{sum(good)} jobs succeeded and {sum(bad)} failed in {HOURS} hours",
    )


def cost() -> Chart:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    rows = (
        Purchase.objects.filter(created_at__gte=days[0])
        .order_by()
        .annotate(day=TruncDay("created_at"))
        .values_list("day")
        .annotate(cost=Sum("actual_usd"))
    )
    spent = dict(rows)
    sums = [float(spent.get(day, Decimal(0))) for day in days]
    return _stacked(
        [d.strftime("%d %b") for d in days],
        [("ember", sums)],
        unit="USD",
        says=f"{sum(sums):.2f} USD in {DAYS} days",
    )


def _stacked(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    unit: str,
    says: str,
) -> Chart:
    totals = [sum(values[n] for _, values in series) for n in range(len(labels))]
    most = max(totals, default=0) or 1
    step = WIDTH / len(labels)
    bars = []
    for n, label in enumerate(labels):
        y = HEIGHT
        for tone, values in series:
            height = values[n] / most * HEIGHT
            y -= height
            if height:
                bars.append(
                    Bar(
                        x=round(n * step + step * 0.12, 2),
                        y=round(y, 2),
                        width=round(step * 0.76, 2),
                        height=round(height, 2),
                        tone=tone,
                        label=f"{label}: {values[n]:g} {unit}",
                    )
                )
    return Chart(
        bars=bars, most=f"{most:g} {unit}", first=labels[0], last=labels[-1], says=says
    )


def failures() -> list[FailureGroup]:
    """Failed jobs of the last days by what went wrong, the most frequent first."""
    rows = (
        Job.objects.filter(
            status=Job.Status.FAILED, finished_at__gte=timezone.now() - FAILURES_SINCE
        )
        .order_by()
        .values("pipeline", code=KT("error__code"), stage=KT("error__stage"))
        .annotate(
            count=Count("pk"),
            latest=Max("finished_at"),
            detail=Max(KT("error__detail")),
        )
        .order_by("-count")[:50]
    )
    return [
        FailureGroup(
            code=row["code"] or "unknown",
            pipeline=row["pipeline"],
            stage=row["stage"] or "",
            count=row["count"],
            latest=row["latest"],
            detail=row["detail"] or "",
        )
        for row in rows
    ]
