"""Puts the detectors together: one pass, then a verdict on what kind of video it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from quizzes.content import Change
from quizzes.engines.scenes import cuts, gradual
from quizzes.engines.scenes.looks import Look, looks
from quizzes.engines.scenes.slides import SlideWatcher

SLIDE_SAMPLE_S = 0.5
# Above this share of still samples a video is a screencast.
SCREENCAST = 0.55
# A coarse pass may be off by this many frame intervals before it is looked at again.
_COARSE_FRAMES = 2.2


class Detector(StrEnum):
    AUTO = "auto"
    CUTS = "cuts"
    SLIDES = "slides"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The moment at which a scene begins, and how."""

    time_s: float
    change: Change
    # Marks with the same number show the same slide; the video begins with slide 0.
    slide: int | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    marks: tuple[Mark, ...]
    screencast: bool
    looked_at: int


@dataclass
class _Notes:
    """What the pass keeps of each look."""

    times: list[float] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    tinies: list[bytes] = field(default_factory=list)
    moves: set[int] = field(default_factory=set)

    def add(self, look: Look, before: Look | None) -> None:
        score = cuts.difference(before, look).score if before else 0.0
        if before and score > cuts.FLOOR and cuts.is_camera_move(before, look):
            self.moves.add(len(self.times))
        self.times.append(look.time_s)
        self.keys.append(look.is_key)
        self.scores.append(score)
        self.tinies.append(look.tiny.tobytes())


def find_changes(
    video: Path,
    *,
    duration_s: float,
    fps: float,
    detector: Detector = Detector.AUTO,
    shortest_s: float = 0.6,
    on_progress: Callable[[float], None] | None = None,
) -> Found:
    notes, watcher = _Notes(), SlideWatcher()
    before: Look | None = None
    detail_s = 0.0 if detector is Detector.CUTS else SLIDE_SAMPLE_S
    for number, look in enumerate(looks(video, detail_every_s=detail_s)):
        notes.add(look, before)
        if look.detail is not None:
            watcher.see(look.time_s, look.detail)
        before = look
        if on_progress and number % 50 == 0:
            on_progress(min(look.time_s / max(duration_s, 1e-3), 1.0))
    screencast = detector is Detector.SLIDES or (
        detector is Detector.AUTO and watcher.stillness > SCREENCAST
    )
    marks = _slide_marks(watcher) if screencast else _film_marks(video, notes, fps)
    return Found(
        marks=tuple(_spaced(marks, shortest_s, duration_s)),
        screencast=screencast,
        looked_at=len(notes.times),
    )


def _slide_marks(watcher: SlideWatcher) -> list[Mark]:
    return [
        Mark(time_s=change.time_s, change=Change.SLIDE, slide=change.slide)
        for change in watcher.changes
    ]


def _film_marks(video: Path, notes: _Notes, fps: float) -> list[Mark]:
    times = np.asarray(notes.times)
    if len(times) < 3:
        return []
    height_width = (len(times), 18, 32)
    tinies = np.frombuffer(b"".join(notes.tinies), np.uint8).reshape(height_width)
    fades = gradual.fades(tinies, times)
    hard = [
        spot
        for spot in cuts.standing_out(notes.scores)
        if spot.place not in notes.moves
        and not cuts.is_flash(tinies, times, spot.place)
        and not any(
            f.start_s - 0.1 <= times[spot.place] <= f.end_s + 0.1 for f in fades
        )
    ]
    marks = [
        Mark(
            time_s=_exact(video, notes, spot.place, fps),
            change=Change.CUT,
        )
        for spot in hard
    ]
    marks += [Mark(time_s=f.middle_s, change=Change.FADE) for f in fades]
    taken = [mark.time_s for mark in marks]
    for passage in gradual.dissolves(tinies, times):
        near = (abs(passage.middle_s - moment) for moment in taken)
        if min(near, default=9.0) > 0.8:
            marks.append(Mark(time_s=passage.middle_s, change=Change.DISSOLVE))
    return sorted(marks, key=lambda mark: mark.time_s)


def _exact(video: Path, notes: _Notes, place: int, fps: float) -> float:
    """The new scene's first frame, looked for where the quick pass left frames out."""
    end_s, start_s = notes.times[place], notes.times[place - 1]
    if notes.keys[place] or (end_s - start_s) * fps < _COARSE_FRAMES:
        return end_s
    before: Look | None = None
    best_s, most = end_s, 0.0
    for look in looks(video, start_s=start_s, end_s=end_s, every_frame=True):
        if before is not None:
            score = cuts.difference(before, look).score
            if score > most:
                best_s, most = look.time_s, score
        before = look
    return best_s


def _spaced(marks: list[Mark], shortest_s: float, duration_s: float) -> list[Mark]:
    """Marks that leave each scene long enough; of two too near the first one stays."""
    kept: list[Mark] = []
    last_s = 0.0
    for mark in marks:
        if mark.time_s - last_s >= shortest_s and duration_s - mark.time_s >= 0.2:
            kept.append(mark)
            last_s = mark.time_s
    return kept
