"""A job's events as sentences."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.models import Event, Job

NEWEST = 200

_SENTENCES = {
    Event.Kind.SUBMITTED: "Submitted by {by}",
    Event.Kind.QUEUED: "In line",
    Event.Kind.CLAIMED: "Taken up by a worker",
    Event.Kind.WAITING: "Waits: {reason}",
    Event.Kind.WOKEN: "Woken by {by}",
    Event.Kind.APPROVED: "Approved",
    Event.Kind.EDITED: "Edited",
    Event.Kind.RETRIED: "Tried again: {detail}",
    Event.Kind.LOST: "Its worker was lost: {why}",
    Event.Kind.HANDED_BACK: "Handed back by a worker that shut down",
    Event.Kind.SUCCEEDED: "Done",
    Event.Kind.SKIPPED: "Taken from an earlier result",
    Event.Kind.FAILED: "Failed: {detail}",
    Event.Kind.CANCELLED: "Cancelled",
    Event.Kind.EXPIRED: "Ran out of time",
    Event.Kind.STUCK: "Showed no progress for too long",
    Event.Kind.BOUGHT: "Bought {item} from {vendor}",
    Event.Kind.SPENT: "Spent {usd} USD",
    Event.Kind.PRIORITY: "Priority is {priority} now",
    Event.Kind.ENDED: "Ended: {status}",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    seq: int
    at: datetime
    kind: str
    stage: str
    text: str


class _Said(dict[str, Any]):
    """What an event does not say reads as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def history(job: Job) -> list[Line]:
    """The newest events, oldest first."""
    rows = Event.objects.filter(job=job).order_by("-seq")[:NEWEST]
    return [_line(event) for event in reversed(rows)]


def _line(event: Event) -> Line:
    said = _Said(event.data)
    if event.kind == Event.Kind.LOG:
        text = str(said["message"] or said["text"])
    else:
        text = _SENTENCES[Event.Kind(event.kind)].format_map(said).strip(" :")
    return Line(
        seq=event.seq, at=event.at, kind=event.kind, stage=event.stage, text=text
    )
