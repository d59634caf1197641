"""Streams of what happens to jobs, for sockets and event streams alike."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.live import reading
from jobs.live.hub import Hub, hub
from jobs.live.topics import Message, MessageType, Picture, Topic
from jobs.snapshots import Json

__all__ = [
    "Message",
    "MessageType",
    "SseFrame",
    "crowd_frames",
    "moment",
    "sse_frames",
    "sse_response",
    "watch",
    "watch_project",
]

# A watcher is told no more often than this; what came in between is in what it is told.
PACE_S = 0.03
HEARTBEAT_S = 15.0
LOOK_FOR_NEW_S = 5.0
# Clocks of hosts differ a little, and an end is there only once it is committed.
SLACK = timedelta(seconds=5)
# Who was away for longer reads lists instead.
LONGEST_AWAY = timedelta(days=1)


async def watch(job_id: str | UUID, after: int | None = None) -> AsyncIterator[Message]:
    """One job from now to its end: its snapshot, then each change, then `end`.

    With `after`, the events after that number are told again. Whether the
    watcher may see this job is for the caller to know.
    """
    bell = asyncio.Event()

    def ring(topic: Topic) -> None:
        bell.set()

    house = hub()
    async with house.following([str(job_id)], ring) as [topic]:
        while topic.picture is None and not topic.gone:
            await bell.wait()
            bell.clear()
        if topic.picture is None:
            return
        told = topic.seq
        yield Message(type=MessageType.SNAPSHOT, seq=told, picture=topic.picture)
        if after is not None and after < told:
            picture = topic.picture
            for event in await house.in_database(
                reading.events_after, topic.job_id, after
            ):
                if event["seq"] <= told:
                    yield _event(event, picture)
        while not (topic.ended or topic.gone):
            await bell.wait()
            bell.clear()
            news = await _news(house, topic, told)
            for message in news or [_moved(topic)]:
                yield message
                # Not what the topic has come to meanwhile: the watcher may be slow.
                told = message.seq
            await asyncio.sleep(PACE_S)
        while news := await _news(house, topic, told):
            for message in news:
                yield message
                told = message.seq
        yield Message(type=MessageType.END, seq=topic.seq, picture=topic.picture)


async def _news(house: Hub, topic: Topic, told: int) -> list[Message]:
    """The events since `told`, many at a time; they stand beside the job as it is now."""
    picture, seq = topic.picture, topic.seq
    if picture is None or seq <= told:
        return []
    events = (
        list(topic.events)
        if topic.remembers_after(told)
        else await house.in_database(reading.events_after, topic.job_id, told)
    )
    return [_event(event, picture) for event in events if told < event["seq"] <= seq]


def _moved(topic: Topic) -> Message:
    """The snapshot of a job whose numbers moved without an event."""
    assert topic.picture
    return Message(type=MessageType.SNAPSHOT, seq=topic.seq, picture=topic.picture)


def _event(event: Json, picture: Picture) -> Message:
    return Message(
        type=MessageType.EVENT, seq=event["seq"], picture=picture, event=event
    )


async def watch_project(
    project_id: UUID | None, since: datetime | None = None
) -> AsyncIterator[Message]:
    """All jobs of a project (without one: of everybody), those to come included.

    Each change of a job is told as its snapshot; the newest one wins, however
    slowly the watcher reads. A job's end is told as `end`. Who was away `since`
    then is told the ends in between, too.
    """
    crowd = _Crowd(hub(), project_id)
    async with crowd.house.hearing(crowd.hear):
        try:
            if since:
                long_ago = timezone.now() - LONGEST_AWAY
                await crowd.find_ended(max(since, long_ago) - SLACK)
            await crowd.find_open()
            while True:
                for topic in await crowd.changed():
                    message = crowd.message(topic)
                    if message:
                        yield message
                await asyncio.sleep(PACE_S)
        finally:
            crowd.leave()


class _Crowd:
    """The jobs that one watcher of a project follows."""

    def __init__(self, house: Hub, project_id: UUID | None) -> None:
        self.house = house
        self._project_id = project_id
        self._topics: dict[str, Topic] = {}
        self._pending: dict[str, Topic] = {}
        self._bell = asyncio.Event()

    def hear(self, hint: Json) -> None:
        ours = self._project_id is None or hint["project"] == str(self._project_id)
        if ours and hint["job_id"] not in self._topics:
            self._follow(hint["job_id"])

    async def find_open(self) -> None:
        self._follow_all(
            await self.house.in_database(reading.open_jobs, self._project_id)
        )

    async def find_ended(self, since: datetime) -> None:
        self._follow_all(
            await self.house.in_database(reading.ended_since, self._project_id, since)
        )

    async def changed(self) -> list[Topic]:
        while not self._pending:
            try:
                await asyncio.wait_for(self._bell.wait(), LOOK_FOR_NEW_S)
            except TimeoutError:
                # Redis may be silent: jobs that nobody told of are in the database.
                await self.find_open()
            self._bell.clear()
        pending = list(self._pending.values())
        self._pending.clear()
        return pending

    def message(self, topic: Topic) -> Message | None:
        if topic.gone or topic.ended:
            self._drop(topic)
        if topic.gone or topic.picture is None:
            return None
        kind = MessageType.END if topic.ended else MessageType.SNAPSHOT
        return Message(type=kind, seq=topic.seq, picture=topic.picture)

    def leave(self) -> None:
        for topic in list(self._topics.values()):
            self._drop(topic)

    def _follow_all(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            if job_id not in self._topics:
                self._follow(job_id)

    def _follow(self, job_id: str) -> None:
        topic = self._topics[job_id] = self.house.follow(job_id, self._ring)
        if topic.picture:
            self._ring(topic)

    def _drop(self, topic: Topic) -> None:
        self._topics.pop(topic.job_id, None)
        self.house.unfollow(topic, self._ring)

    def _ring(self, topic: Topic) -> None:
        self._pending[topic.job_id] = topic
        self._bell.set()


def moment(text: str) -> datetime | None:
    """A time as a watcher writes it; what is none is as good as not said."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return timezone.make_aware(found) if found and timezone.is_naive(found) else found


# Server-sent events -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SseFrame:
    """One event of a stream, as a browser's EventSource reads it."""

    data: str
    event: str = ""
    id: str = ""

    def __str__(self) -> str:
        head = f"event: {self.event}\n" if self.event else ""
        head += f"id: {self.id}\n" if self.id else ""
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"{head}{lines}\n"


async def sse_frames(messages: AsyncIterator[Message]) -> AsyncIterator[SseFrame]:
    """The house's own shape of a stream."""
    async for message in messages:
        yield SseFrame(data=message.text, event=message.type, id=str(message.seq))


async def crowd_frames(messages: AsyncIterator[Message]) -> AsyncIterator[SseFrame]:
    """Of many jobs, each with numbers of its own: what orders them here is the time."""
    async for message in messages:
        now = timezone.now().isoformat(timespec="seconds")
        yield SseFrame(data=message.text, event=message.type, id=now)


def sse_response(frames: AsyncIterator[SseFrame]) -> StreamingHttpResponse:
    """A stream that stays open until its frames end; silence is filled with comments."""
    response = StreamingHttpResponse(
        _with_heartbeats(frames), content_type="text/event-stream; charset=utf-8"
    )
    response["Cache-Control"] = "no-cache, no-transform"
    # Proxies that buffer would hold every event back.
    response["X-Accel-Buffering"] = "no"
    return response


async def _with_heartbeats(frames: AsyncIterator[SseFrame]) -> AsyncIterator[bytes]:
    yield b": welcome\n\n"
    source = aiter(frames)
    following = asyncio.ensure_future(anext(source))
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=HEARTBEAT_S)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                frame = following.result()
            except StopAsyncIteration:
                return
            yield str(frame).encode()
            following = asyncio.ensure_future(anext(source))
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await following
        await frames.aclose()  # type: ignore[attr-defined]  # frames are a generator
