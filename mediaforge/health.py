"""What the service says of itself: its name, its state, where to look."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import presence
from jobs.files import bucket
from jobs.models import Job, Worker

# Who asks must know soon: load balancers give a check a few seconds.
CHECK_SECONDS = 2.0
UNFINISHED = (Job.Status.QUEUED, Job.Status.RUNNING, Job.Status.WAITING)

# Checks that hang keep threads; these are nobody else's.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")

Facts = dict[str, Any]


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """Programs get the service's card; browsers are shown in."""
    if "text/html" in request.headers.get("Accept", ""):
        return HttpResponseRedirect("/studio/")
    return JsonResponse(
        {
            "message": f"{settings.APP_NAME} API",
            "name": settings.APP_NAME,
            "version": settings.APP_VERSION,
            "docs": "/docs",
            "redoc": "/redoc",
            "schema": "/api/schema/",
            "health": "/health",
            "api": f"/{settings.API_V1_PREFIX}/",
        }
    )


@require_safe
def info(request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        {
            "name": settings.APP_NAME,
            "version": settings.APP_VERSION,
            "debug": settings.DEBUG,
            "environment": settings.ENVIRONMENT,
        }
    )


@never_cache
@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """Healthy, degraded (work waits, nothing is lost), or unhealthy with 503."""
    database, broker, storage = await asyncio.gather(
        _within_time(check_database),
        _within_time(check_redis),
        _within_time(check_storage),
    )
    checks = {"database": database, "redis": broker, "storage": storage}
    works = all(facts["ok"] for facts in checks.values())
    queue = database.pop("queue", None)
    alive = database.pop("alive", {})
    for duty in Worker.Duty:
        count = alive.get(duty, 0)
        checks[f"{duty}s"] = {"ok": count > 0, "alive": count}
    runs = all(facts["ok"] for facts in checks.values())
    status = "unhealthy" if not works else "healthy" if runs else "degraded"
    return JsonResponse(
        {
            "status": status,
            "timestamp": timezone.now().isoformat(),
            "service": settings.APP_NAME,
            "version": settings.APP_VERSION,
            "queue": queue,
            "checks": checks,
        },
        status=200 if works else 503,
    )


def check_database() -> Facts:
    """Whether Postgres answers, and what it knows of jobs and of who is alive."""
    try:
        counts = (
            Job.objects.filter(status__in=UNFINISHED)
            .values_list("status")
            .annotate(Count("pk"))
        )
        queue: Counter[str] = Counter(dict.fromkeys(UNFINISHED, 0))
        queue.update(dict(counts))
        alive = {duty: len(presence.alive(duty)) for duty in Worker.Duty}
    except DatabaseError:
        return {"ok": False}
    finally:
        # This thread's connection is no request's: nobody else would give it back.
        connections.close_all()
    return {"ok": True, "queue": dict(queue), "alive": alive}


def check_redis() -> Facts:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
        ) as client:
            return {"ok": bool(client.ping())}
    except redis.RedisError:
        return {"ok": False}


def check_storage() -> Facts:
    """Whether the folder can be written, or the bucket be asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not settings.S3_BUCKET:
        return {"ok": _can_write_folder()}
    try:
        bucket.exists("health-check")
    except (BotoCoreError, ClientError):
        return {"ok": False}
    return {"ok": True}


def _can_write_folder() -> bool:
    folder = settings.STORAGE_ROOT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".health"
        probe.write_bytes(b"ok")
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True


async def _within_time(check: Callable[[], Facts]) -> Facts:
    running = asyncio.get_running_loop().run_in_executor(_threads, check)
    try:
        return await asyncio.wait_for(running, CHECK_SECONDS)
    except TimeoutError:
        return {"ok": False}
