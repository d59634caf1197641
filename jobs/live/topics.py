"""A watched job as this process last saw it, and what a watcher is sent of it."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from jobs.snapshots import Json

# Older events than these are read from the database by those who still want them.
REMEMBERED_EVENTS = 200


class MessageType(StrEnum):
    SNAPSHOT = "snapshot"
    EVENT = "event"
    END = "end"


class Picture:
    """A job's snapshot; its text is made once for all who are sent it."""

    def __init__(self, job: Json) -> None:
        self.job = job

    @cached_property
    def text(self) -> str:
        return json.dumps(self.job, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is told to one watcher: the job as it is, and the event that made it so."""

    type: MessageType
    seq: int
    picture: Picture
    event: Json | None = None

    @property
    def job(self) -> Json:
        return self.picture.job

    @property
    def text(self) -> str:
        event = f',"event":{json.dumps(self.event)}' if self.event else ""
        return f'{{"type":"{self.type}","seq":{self.seq}{event},"job":{self.picture.text}}}'


@dataclass(kw_only=True, eq=False)
class Topic:
    """One job that somebody watches. Nothing piles up here: the newest state wins."""

    job_id: str
    picture: Picture | None = None
    seq: int = 0
    version: int = 0
    ended: bool = False
    # There is no such job (any more).
    gone: bool = False
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))
    listeners: set[Callable[["Topic"], None]] = field(default_factory=set)

    def show(self, job: Json, events: Sequence[Json]) -> None:
        """Take over what was read from the database, unless something newer is known."""
        if job["seq"] < self.seq:
            return
        known = self.events[-1]["seq"] if self.events else 0
        self.events.extend(e for e in events if known < e["seq"] <= job["seq"])
        self.picture = Picture(job)
        self.seq = job["seq"]
        self.ended = job["finished_at"] is not None
        self._changed()

    def show_progress(self, hint: Json) -> None:
        """Take over a worker's report, which changes numbers and no state."""
        if self.picture is None or self.ended:
            return
        job = dict(self.picture.job)
        job["progress"] = max(job["progress"], hint["progress"])
        job["message"] = hint["message"]
        job["stages"] = [_with_report(stage, hint) for stage in job["stages"]]
        self.picture = Picture(job)
        self._changed()

    def disappear(self) -> None:
        self.gone = True
        self._changed()

    def remembers_after(self, seq: int) -> bool:
        """Whether every event after this number is still at hand."""
        return seq >= self.seq or (
            bool(self.events) and self.events[0]["seq"] <= seq + 1
        )

    def _changed(self) -> None:
        self.version += 1
        for listener in list(self.listeners):
            listener(self)


def _with_report(stage: Json, hint: dict[str, Any]) -> Json:
    label = (
        stage["name"] if stage["part"] is None else f"{stage['name']}/{stage['part']}"
    )
    if label != hint.get("stage") or stage["status"] != "running":
        return stage
    progress = max(stage["progress"], hint["stage_progress"])
    return {**stage, "progress": progress, "message": hint["message"]}
