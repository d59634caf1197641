"""Transcripts and scenes as people correct them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from jobs.errors import NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.intake import Intake
from jobs.files.quotas import resumable_limit
from jobs.inputs import Kind
from jobs.models import Asset
from jobs.toolbox import captions
from jobs.toolbox.captions import Cue
from quizzes.engines import aligning
from quizzes.models import Lesson, Scene, Segment

_LONGEST_SEGMENT = 2000


def correct(lesson: Lesson, position: int, text: str) -> Segment:
    """Another text for a segment, its words spread over the same time."""
    row = lesson.segments.filter(position=position).first()
    if row is None:
        raise NotFoundError(f"There is no segment {position}.")
    cleaned = " ".join(text.split())
    if not cleaned or len(cleaned) > _LONGEST_SEGMENT:
        raise RequestError(
            f"A segment has 1 to {_LONGEST_SEGMENT} characters.",
            errors={"text": [f"Write 1 to {_LONGEST_SEGMENT} characters."]},
        )
    cue = Cue(start_s=row.start, end_s=row.end, lines=(cleaned,))
    words = aligning.from_cues([cue], [])[0].words
    row.text = cleaned
    row.words = [[w.text, w.start, w.end, 1.0] for w in words]
    row.save(update_fields=["text", "words"])
    return row


def change_scene(lesson: Lesson, position: int, told: Mapping[str, Any]) -> Scene:
    with transaction.atomic():
        scenes = {row.position: row for row in lesson.scenes.select_for_update()}
        row = scenes.get(position)
        if row is None:
            raise NotFoundError(f"There is no scene {position}.")
        if "title" in told:
            row.title = str(told["title"]).strip()[:200]
        if "start" in told:
            _move(row, scenes.get(position - 1), told["start"])
        row.save(update_fields=["title", "start"])
    return row


def _move(row: Scene, before: Scene | None, start: object) -> None:
    """A scene's beginning is the end of the one before it."""
    least = before.start if before else 0.0
    good = isinstance(start, int | float) and least < start < row.end
    if not good or before is None:
        raise RequestError(
            "A scene begins after the one before it and before its own end.",
            errors={"start": ["Choose a moment between its neighbours."]},
        )
    row.start = before.end = float(start)  # type: ignore[arg-type]  # checked above
    before.save(update_fields=["end"])


def as_asset(lesson: Lesson) -> Asset:
    """The transcript as it is now, as a subtitle file that a job can start from."""
    cues = [
        Cue(start_s=row.start, end_s=max(row.end, row.start + 0.05), lines=(row.text,))
        for row in lesson.segments.all()
    ]
    if not cues:
        raise RequestError("This lesson has no transcript yet.")
    text = captions.to_vtt(cues).encode()
    incoming = Intake(limit=resumable_limit()).take([text])
    return receive(
        lesson.project,
        incoming,
        filename=f"{lesson.title} (corrected).vtt",
        accept=frozenset({Kind.CAPTIONS}),
    )
