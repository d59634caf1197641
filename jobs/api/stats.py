"""Counts: what there is, what was used, and who one is."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import ledger
from jobs.access import assets_of, jobs_of
from jobs.api.auth import caller
from jobs.api.base import ApiView
from jobs.api.keys import key_json
from jobs.api.shapes import MeShape, StatsShape, UsageShape
from jobs.errors import RequestError
from jobs.files.quotas import bytes_left
from jobs.live.signing import owners_secret
from jobs.models import ApiKey, Job, Purchase, Stage, Worker
from jobs.presence import alive
from jobs.snapshots import Json

MONTHS = OpenApiParameter(
    "months", {"type": "integer", "minimum": 1, "maximum": 36, "default": 12}
)


class StatsView(ApiView):
    tag = "stats"
    rate_scope = "stats"

    @extend_schema(operation_id="get_stats", responses=StatsShape)
    def get(self, request: Request) -> Response:
        """Your jobs and files in numbers; staff see everybody's."""
        user = caller(request)
        counts = dict.fromkeys(Job.Status.values, 0)
        rows = jobs_of(user).order_by().select_related(None)
        for row in rows.values("status").annotate(count=Count("pk")):
            counts[row["status"]] = row["count"]
        files = assets_of(user).aggregate(count=Count("pk"), total=Sum("size_bytes"))
        return Response(
            {
                "jobs": counts,
                "total_jobs": sum(counts.values()),
                "assets": files["count"],
                "stored_bytes": files["total"] or 0,
                "stored_bytes_left": bytes_left(user),
                "spent_usd_this_month": float(_spent_this_month(user)),
                "queues": _queued(),
                "workers_alive": len(alive(Worker.Duty.WORKER)),
            }
        )


class UsageView(ApiView):
    tag = "stats"
    rate_scope = "stats"

    @extend_schema(operation_id="get_usage", parameters=[MONTHS], responses=UsageShape)
    def get(self, request: Request) -> Response:
        """Jobs, working time and cost by project and month; staff see everybody's."""
        since = _months_ago(_months(request))
        return Response({"results": _usage(caller(request), since)})


class MeView(ApiView):
    tag = "me"
    rate_scope = "me"

    @extend_schema(operation_id="get_me", responses=MeShape)
    def get(self, request: Request) -> Response:
        """Who you are here, and what you may use."""
        user = caller(request)
        key = request.auth if isinstance(request.auth, ApiKey) else None
        limit = ledger.month_limit(user)
        return Response(
            {
                "username": user.username,
                "email": user.email,
                "staff": user.is_staff,
                "key": key_json(key) if key else None,
                "limits": {
                    "stored_bytes_left": bytes_left(user),
                    "month_budget_usd": float(limit) if limit is not None else None,
                    "rate": settings.RATE_LIMIT,
                    "form_bytes": settings.UPLOAD_MAX_SIZE,
                    "form_image_bytes": settings.MAX_UPLOAD_SIZE_MB * 2**20,
                    "resumable_bytes": settings.RESUMABLE_MAX_SIZE,
                },
                "webhook_secret": owners_secret(user.pk),
            }
        )


def _spent_this_month(user: User) -> Decimal:
    rows = Purchase.objects.filter(created_at__gte=ledger.this_month())
    return ledger.spent(rows if user.is_staff else rows.filter(owner=user))


def _queued() -> dict[str, int]:
    rows = Stage.objects.filter(status=Stage.Status.QUEUED).order_by()
    counts = rows.values("queue").annotate(count=Count("pk"))
    return {row["queue"]: row["count"] for row in counts}


def _usage(user: User, since: datetime) -> list[Json]:
    mine = Q() if user.is_staff else Q(owner=user)
    jobs = (
        Job.objects.filter(mine, created_at__gte=since)
        .order_by()
        .values("project__slug", month=TruncMonth("created_at"))
        .annotate(count=Count("pk"), cost=Sum("cost_usd"))
    )
    seconds = (
        Stage.objects.filter(
            mine, job__created_at__gte=since, status__in=Stage.DONE, cached_from=None
        )
        .order_by()
        .values("job__project__slug", month=TruncMonth("job__created_at"))
        .annotate(worked=Sum(F("finished_at") - F("started_at")))
    )
    worked = {
        (row["month"], row["job__project__slug"]): row["worked"] for row in seconds
    }
    rows = []
    for row in sorted(
        jobs, key=lambda r: (r["month"], r["project__slug"]), reverse=True
    ):
        span = worked.get((row["month"], row["project__slug"]))
        rows.append(
            {
                "month": row["month"].strftime("%Y-%m"),
                "project": row["project__slug"],
                "jobs": row["count"],
                "stage_seconds": round(span.total_seconds(), 3) if span else 0.0,
                "cost_usd": float(row["cost"] or 0),
            }
        )
    return rows


def _months(request: Request) -> int:
    text = request.query_params.get("months", "12")
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:4]) <= 36:
        raise RequestError(
            "months is a number from 1 to 36.",
            errors={"months": ["Choose a number from 1 to 36."]},
        )
    return int(text)


def _months_ago(count: int) -> datetime:
    now = timezone.now()
    months = now.year * 12 + now.month - 1 - (count - 1)
    return now.replace(
        year=months // 12,
        month=months % 12 + 1,
        day=1,
        hour=0,
        minute=0,
        second=0,
        microsecond=0,
    )
