"""A vendor whose books lie in Redis, where every process of a test sees them."""

import time
import uuid
from collections.abc import Callable

import redis
from django.conf import settings


def books() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, db=1, decode_responses=True)


def submit(key: str) -> str:
    """Every call is charged; the key is remembered, as good vendors do."""
    task = uuid.uuid4().hex
    books().incr("tiny:charges")
    books().hset("tiny:tasks", key, task)
    return task


def look_up(key: str) -> str | None:
    task = books().hget("tiny:tasks", key)
    return str(task) if task else None


def cancel(task: str) -> None:
    books().sadd("tiny:cancelled", task)


def charges() -> int:
    return int(books().get("tiny:charges") or 0)


def cancelled() -> set[str]:
    return set(books().smembers("tiny:cancelled"))


def be_busy(seconds: float, report: Callable[[float, str], None]) -> None:
    """Keep a core busy, and say so."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        report(passed / seconds, "Busy")
        sum(range(20_000))
