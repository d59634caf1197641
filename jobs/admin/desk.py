"""The dashboard, and the desk where failed and stuck work is dealt with many at a time."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from jobs import accounts, services
from jobs.admin import figures
from jobs.errors import RequestError
from jobs.models import Job, Stage, Worker

MOST_AT_ONCE = 500
LONG_WAIT = timedelta(hours=1)


def dashboard(request: HttpRequest) -> HttpResponse:
    recent = timezone.now() - timedelta(minutes=5)
    workers = Worker.objects.filter(stopped_at=None, seen_at__gt=recent)
    context = admin.site.each_context(request) | {
        "title": "Dashboard",
        "queues": figures.queue_lines(),
        "throughput": figures.throughput(),
        "cost": figures.cost(),
        "accounts": accounts.standings(),
        "failures": figures.failures()[:6],
        "workers": workers.order_by("duty", "host", "pid")[:24],
        "width": figures.WIDTH,
        "height": figures.HEIGHT,
        "open_jobs": Job.objects.exclude(status__in=Job.ENDED).select_related(
            "project"
        )[:8],
    }
    return render(request, "admin/dashboard.html", context)


def failures(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    context = admin.site.each_context(request) | {
        "title": "Failed work",
        "groups": figures.failures(),
        "stuck": _stuck().select_related("job")[:50],
        "most": MOST_AT_ONCE,
    }
    return render(request, "admin/failures.html", context)


def _stuck() -> QuerySet[Stage]:
    """Waiting for more than an hour, on a vendor or a person."""
    return Stage.objects.filter(
        status=Stage.Status.WAITING, started_at__lt=timezone.now() - LONG_WAIT
    ).defer("facts", "checkpoint")


def _act(request: HttpRequest) -> HttpResponse:
    if request.POST.get("do") == "cancel":
        rows = Job.objects.filter(stages__in=_ids(request)).distinct()
        _each(request, rows, services.cancel, "cancelled")
    else:
        for chosen in request.POST.getlist("group"):
            code, _, rest = chosen.partition("|")
            pipeline, _, stage = rest.partition("|")
            rows = Job.objects.filter(
                status=Job.Status.FAILED,
                pipeline=pipeline,
                error__code=code,
                finished_at__gte=timezone.now() - figures.FAILURES_SINCE,
            )
            if stage:
                rows = rows.filter(error__stage=stage)
            _each(request, rows, services.retry, "started again")
    return redirect("staff:failures")


def _ids(request: HttpRequest) -> list[int]:
    return [int(text) for text in request.POST.getlist("stages") if text.isdigit()]


def _each(
    request: HttpRequest, rows: QuerySet[Job], act: Callable[[Job], Job], words: str
) -> None:
    done, refused = 0, ""
    for job in rows[:MOST_AT_ONCE]:
        try:
            act(job)
            done += 1
        except RequestError as error:
            refused = error.detail
    messages.success(request, f"{done} jobs {words}.")
    if refused:
        messages.warning(request, refused)
