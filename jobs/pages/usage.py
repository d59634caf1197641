"""What was used and what it cost, month by month; and what one may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs import ledger
from jobs.models import Allowance, Asset, Job, Purchase, Stage
from jobs.pages.doorway import page, user_of

MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Month:
    at: date
    jobs: int
    succeeded: int
    failed: int
    cost_usd: Decimal
    # Its height in the chart, of 100.
    height: float


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing of which there is only so much."""

    name: str
    used: float
    most: float | None
    unit: str
    explains: str

    @property
    def percent(self) -> float:
        return min(100.0, 100 * self.used / self.most) if self.most else 0.0


@page
def usage(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    vendors = (
        Purchase.objects.filter(owner=user, created_at__gte=ledger.this_month())
        .values("vendor")
        .annotate(calls=Count("pk"), cost=Sum("actual_usd"))
        .order_by("-cost")
    )
    by_project = (
        Purchase.objects.filter(owner=user, created_at__gte=ledger.this_month())
        .values("project__name", "project__slug")
        .annotate(calls=Count("pk"), cost=Sum("actual_usd"))
        .order_by("-cost")[:10]
    )
    months = _months(user)
    return render(
        request,
        "jobs/usage.html",
        {
            "months": months,
            "this_month": months[-1],
            "vendors": vendors,
            "by_project": by_project,
            "limits": _limits(user),
        },
    )


def _months(user: User) -> list[Month]:
    first = ledger.this_month()
    starts = [first := _before(first) if n else first for n in range(MONTHS)][::-1]
    since = starts[0]
    jobs = {
        row["month"].date(): row
        for row in Job.objects.filter(owner=user, created_at__gte=since)
        .order_by()
        .annotate(month=TruncMonth("created_at"))
        .values("month")
        .annotate(
            jobs=Count("pk"),
            succeeded=Count("pk", filter=Q(status=Job.Status.SUCCEEDED)),
            failed=Count("pk", filter=Q(status=Job.Status.FAILED)),
        )
    }
    costs = dict(
        Purchase.objects.filter(owner=user, created_at__gte=since)
        .annotate(month=TruncMonth("created_at"))
        .values("month")
        .annotate(cost=Coalesce(Sum("actual_usd"), Decimal(0)))
        .values_list("month", "cost")
    )
    by_day = {moment.date(): cost for moment, cost in costs.items()}
    most = max((row["jobs"] for row in jobs.values()), default=0) or 1
    return [_month(at.date(), jobs.get(at.date(), {}), by_day, most) for at in starts]


def _month(
    at: date, row: Mapping[str, Any], costs: dict[date, Decimal], most: int
) -> Month:
    count = row.get("jobs", 0)
    return Month(
        at=at,
        jobs=count,
        succeeded=row.get("succeeded", 0),
        failed=row.get("failed", 0),
        cost_usd=costs.get(at, Decimal(0)),
        height=100 * count / most,
    )


def _before(month: datetime) -> datetime:
    return (month - timedelta(days=1)).replace(day=1)


def _limits(user: User) -> list[Limit]:
    own = Allowance.objects.filter(owner=user).first() or Allowance(owner=user)
    stored = Asset.objects.filter(project__owner=user).aggregate(
        total=Coalesce(Sum("size_bytes"), 0)
    )["total"]
    running = Stage.objects.filter(owner=user, status=Stage.Status.RUNNING).count()
    queued = Job.objects.filter(owner=user, status=Job.Status.QUEUED).count()
    month = Purchase.objects.filter(owner=user, created_at__gte=ledger.this_month())
    budget = ledger.month_limit(user)
    return [
        Limit(
            name="Storage",
            used=stored,
            most=own.stored_bytes or settings.OWNER_BYTES_LIMIT or None,
            unit="bytes",
            explains="Uploads and results together.",
        ),
        Limit(
            name="Spent this month",
            used=float(ledger.committed(month)),
            most=float(budget) if budget else None,
            unit="usd",
            explains="What vendors were paid, and what is reserved for calls under way.",
        ),
        Limit(
            name="Steps running",
            used=running,
            most=own.running_stages or settings.OWNER_RUNNING_LIMIT or None,
            unit="count",
            explains="More wait in line; owners take turns.",
        ),
        Limit(
            name="Jobs in line",
            used=queued,
            most=own.queued_jobs or settings.MAX_QUEUE_SIZE or None,
            unit="count",
            explains="Above this, new jobs are refused until some have started.",
        ),
    ]
