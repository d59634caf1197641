import asyncio
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import connections, transaction

from jobs import services
from jobs.live.streams import watch
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
