import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, transaction
from redis.client import PubSub

from jobs import services
from jobs.live import streams
from jobs.live.streams import SseFrame, watch
from jobs.live.topics import Message
from jobs.models import Job, Project
from jobs.services import JobOrder
from tests.conftest import Drain


def test_a_watcher_who_is_slower_than_the_job_is_told_every_event(
    transactional_db: None, owner: User, project: Project, drain: Drain
) -> None:
    job = services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))

    told = asyncio.run(_read_slowly(job, drain))

    numbers = [message.event["seq"] for message in told if message.event]
    assert numbers == list(range(told[0].seq + 1, told[-1].seq + 1))


async def _read_slowly(job: Job, drain: Drain) -> list[Message]:
    """Take the first of two events, and the rest only when the job has ended."""
    slow, quick = watch(job.pk), watch(job.pk)
    told = [await anext(slow)]
    await asyncio.to_thread(_with_own_connection, lambda: _two_events_at_once(job))
    told.append(await anext(slow))
    await asyncio.to_thread(_with_own_connection, drain)
    async for _ in quick:
        pass
    return told + [message async for message in slow]


def _two_events_at_once(job: Job) -> None:
    with transaction.atomic():
        services.change_priority(job, "high")
        services.change_priority(job, "low")


def _with_own_connection(function: Callable[[], None]) -> None:
    try:
        function()
    finally:
        connections.close_all()


def test_programs_hear_of_a_job_on_the_channels_of_redis(
    transactional_db: None, owner: User, project: Project, drain: Drain
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as ear:
        ear.subscribe("job_status_updates", "job_progress_updates")
        order = JobOrder(pipeline="tiny", project=project.slug)
        job = services.submit(owner, order)
        drain()
        heard = _heard(ear, until="succeeded")

    assert {channel for channel, _ in heard} == {
        b"job_status_updates",
        b"job_progress_updates",
    }
    assert {told["job_id"] for _, told in heard} == {str(job.pk)}
    progress = [told["progress"] for _, told in heard]
    assert progress == sorted(progress)
    assert progress[-1] == 100


def _heard(ear: PubSub, until: str) -> list[tuple[bytes, dict[str, Any]]]:
    found: list[tuple[bytes, dict[str, Any]]] = []
    while not found or found[-1][1]["status"] != until:
        message = ear.get_message(ignore_subscribe_messages=True, timeout=5)
        if message:
            found.append((message["channel"], json.loads(message["data"])))
    return found


def test_silence_is_filled_so_that_no_proxy_hangs_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.01)

    async def silent() -> AsyncIterator[SseFrame]:
        await asyncio.Event().wait()
        yield SseFrame(data="")

    async def listen() -> list[bytes]:
        told = aiter(streams.sse_response(silent()))
        return [await anext(told) for _ in range(3)]

    heard = asyncio.run(listen())

    assert all(piece.startswith(b":") and piece.endswith(b"\n\n") for piece in heard)
