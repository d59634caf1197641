"""One listener a process: hears the hints in Redis, looks into Postgres, tells the watchers here.

Redis may lose hints or be away. What is watched is therefore looked at again
every few seconds, so that no end of a job is ever missed.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from jobs.live import reading
from jobs.live.events import PROGRESS_CHANNEL, STATUS_CHANNEL
from jobs.live.topics import Topic
from jobs.snapshots import Json

logger = logging.getLogger(__name__)

# Hints that come together are looked up together.
GATHER_S = 0.015
LOOK_AGAIN_S = 3.0
RECONNECT_S = 1.0
MOST_AT_ONCE = 100

T = TypeVar("T")


class Hub:
    """All watching of one process (of one event loop, to be exact)."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._crowds: set[Callable[[Json], None]] = set()
        self._dirty: set[str] = set()
        self._work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._executor: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def following(
        self, job_ids: Iterable[str], listener: Callable[[Topic], None]
    ) -> AsyncIterator[list[Topic]]:
        """Topics of these jobs, each with a first look at it under way."""
        topics = [self.follow(job_id, listener) for job_id in job_ids]
        try:
            yield topics
        finally:
            for topic in topics:
                self.unfollow(topic, listener)

    def follow(self, job_id: str, listener: Callable[[Topic], None]) -> Topic:
        topic = self._topics.get(job_id)
        if topic is None:
            topic = self._topics[job_id] = Topic(job_id=job_id)
            self.look_at(job_id)
        topic.listeners.add(listener)
        self._start()
        return topic

    def unfollow(self, topic: Topic, listener: Callable[[Topic], None]) -> None:
        topic.listeners.discard(listener)
        if not topic.listeners:
            self._topics.pop(topic.job_id, None)
        self._stop_when_idle()

    @asynccontextmanager
    async def hearing(self, hear: Callable[[Json], None]) -> AsyncIterator[None]:
        """Have every hint told to `hear`, also of jobs that nobody follows yet."""
        self._crowds.add(hear)
        self._start()
        try:
            yield
        finally:
            self._crowds.discard(hear)
            self._stop_when_idle()

    def look_at(self, job_id: str) -> None:
        self._dirty.add(job_id)
        self._work.set()

    async def in_database(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a query on the hub's own thread and connection."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="live")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._executor, lambda: _with_connection(function, *arguments)
            )
        finally:
            self._stop_when_idle()

    # What runs while anybody watches --------------------------------------------------

    def _start(self) -> None:
        if not self._tasks:
            loops = (self._listen, self._read, self._look_again)
            self._tasks = [asyncio.create_task(loop()) for loop in loops]

    def _stop_when_idle(self) -> None:
        if self._topics or self._crowds:
            return
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        if self._executor:
            self._executor.submit(connections.close_all)
            self._executor.shutdown(wait=False)
            self._executor = None

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (redis.RedisError, OSError) as error:
                logger.warning("hints of jobs are not heard: %s", error)
            await asyncio.sleep(RECONNECT_S)

    async def _listen_once(self) -> None:
        async with (
            redis.asyncio.from_url(
                settings.REDIS_URL, health_check_interval=10
            ) as client,
            client.pubsub(ignore_subscribe_messages=True) as pubsub,
        ):
            await pubsub.subscribe(STATUS_CHANNEL, PROGRESS_CHANNEL)
            # What was said before we listened is in the database.
            self._look_at_all()
            async for message in pubsub.listen():
                self._hear(message["channel"].decode(), json.loads(message["data"]))

    def _hear(self, channel: str, hint: Json) -> None:
        job_id = hint["job_id"]
        for hear in list(self._crowds):
            hear(hint)
        topic = self._topics.get(job_id)
        if topic is None:
            return
        if channel == PROGRESS_CHANNEL and hint["seq"] <= topic.seq:
            topic.show_progress(hint)
        elif hint["seq"] > topic.seq:
            self.look_at(job_id)

    async def _read(self) -> None:
        while True:
            await self._work.wait()
            await asyncio.sleep(GATHER_S)
            self._work.clear()
            while self._dirty:
                chosen = {
                    j for j, _ in zip(self._dirty, range(MOST_AT_ONCE), strict=False)
                }
                self._dirty -= chosen
                await self._read_some(chosen & self._topics.keys())

    async def _read_some(self, job_ids: set[str]) -> None:
        known = {job_id: self._topics[job_id].seq for job_id in job_ids}
        try:
            found = await self.in_database(reading.read_jobs, known)
        except DatabaseError as error:
            logger.warning("watched jobs cannot be read: %s", error)
            await asyncio.sleep(RECONNECT_S)
            for job_id in job_ids:
                self.look_at(job_id)
            return
        for job_id in job_ids & self._topics.keys():
            if job_id in found:
                self._topics[job_id].show(found[job_id].job, found[job_id].events)
            else:
                self._topics[job_id].disappear()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            seqs = {t.job_id: t.seq for t in self._topics.values() if not t.ended}
            with suppress(DatabaseError):
                for job_id in await self.in_database(reading.changed_since, seqs):
                    self.look_at(job_id)

    def _look_at_all(self) -> None:
        for job_id in self._topics:
            self.look_at(job_id)


def _with_connection(function: Callable[..., T], *arguments: Any) -> T:
    close_old_connections()
    try:
        return function(*arguments)
    finally:
        if "pool" in settings.DATABASES["default"].get("OPTIONS", {}):
            connections.close_all()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the event loop that asks."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
