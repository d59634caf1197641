"""New slides: most of what was drawn on the last one is gone.

A bullet that appears adds ink and takes none away; a corrected word takes little;
a cursor is small; a speaker's box moves all the time and is left out.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from quizzes.engines.scenes.looks import Grey

Mask = NDArray[np.bool_]
Vectors = NDArray[np.float32]

# Grey levels that a pixel must change by to have changed.
_CHANGED = 14
# A share of changed pixels below which the picture stands still.
_STILL = 0.006
# How much of the ink must remain for the slide to be the same.
_KEPT = 0.62
# Pixels that changed in this share of recent samples belong to something that moves.
_RESTLESS = 0.3
_MEMORY = 0.12
# The same, told by fields of a grid: a large drawing that stays on every slide has much
# ink, but is only some of the fields.
_CELLS = 0.16
# A cursor or a corrected word touches fewer fields than this.
_FEWEST_CELLS = 3
_CELL_PX = 20
_CELL_LITTLE = 6
# Other letters in the same place keep some edges by chance; what stays keeps nearly all.
_CELL_KEPT = 0.8
_INK = 24.0
# A slide with less ink than this (share of pixels) is as good as empty.
_LITTLE_INK = 0.004
# So many slides are remembered, so that memory stays flat however long a lesson is; of
# more, those that were longest out of sight are new when they come back.
_MOST_SLIDES = 120
# Every so many pixels tell slides apart that have little in common.
_ROUGH_STEP, _ROUGHLY = 4, 0.6
# Samples to wait for the picture to come to rest after a change.
_PATIENCE = 6


@dataclass(frozen=True, kw_only=True)
class SlideChange:
    time_s: float
    # Slides are numbered as they are first seen; one that comes back keeps its number.
    slide: int


@dataclass(frozen=True)
class _Slide:
    ink: Vectors
    mask: Mask


@dataclass
class SlideWatcher:
    """Fed a picture every half second; remembers slides, not the video."""

    changes: list[SlideChange] = field(default_factory=list)
    still_samples: int = 0
    samples: int = 0
    # By their numbers, what was seen last at the end.
    _slides: dict[int, _Slide] = field(default_factory=dict)
    _numbered: int = 0
    _now: int = -1
    _last: Grey | None = None
    _restless: NDArray[np.float32] | None = None
    _unsettled_since: float | None = None
    _unsettled_for: int = 0

    @property
    def stillness(self) -> float:
        """The share of samples in which nothing but a speaker or cursor moved."""
        return self.still_samples / max(self.samples - 1, 1)

    def see(self, time_s: float, picture: Grey) -> None:
        self.samples += 1
        if self._last is None:
            self._last = picture
            self._restless = np.zeros(picture.shape, np.float32)
            self._now = self._add(*inked(picture))
            return
        assert self._restless is not None
        changed = cv2.absdiff(picture, self._last) > _CHANGED
        still = bool(changed[~self._moving()].mean() < _STILL)
        self.still_samples += still
        # One sample in which everything changes says nothing of what is restless.
        weight = _MEMORY if changed.mean() < 0.35 else _MEMORY / 4
        self._restless += weight * (changed.astype(np.float32) - self._restless)
        if not still and self._unsettled_since is None:
            self._unsettled_since = time_s
        if self._unsettled_since is not None:
            self._unsettled_for += 1
            if still or self._unsettled_for >= _PATIENCE:
                self._settle(self._unsettled_since, picture)
                self._unsettled_since, self._unsettled_for = None, 0
        self._last = picture

    def _moving(self) -> Mask:
        assert self._restless is not None
        busy = (self._restless > _RESTLESS).astype(np.uint8)
        grown = cv2.dilate(
            cv2.morphologyEx(busy, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)),
            np.ones((13, 13), np.uint8),
        )
        return np.asarray(grown > 0)

    def _settle(self, since_s: float, picture: Grey) -> None:
        """Decide, now that the picture rests, whether it is another slide."""
        ink, mask = inked(picture)
        moving = self._moving()
        current = self._slides[self._now]
        if self._same(current, ink, mask, moving):
            # Grown by a bullet, or corrected: the newest state is the slide.
            self._slides[self._now] = _Slide(ink=ink, mask=mask)
            return
        known = self._known(ink, mask, moving)
        if known is None:
            self._now = self._add(ink, mask)
        else:
            self._now = known
            self._slides[known] = self._slides.pop(known)
        self.changes.append(SlideChange(time_s=since_s, slide=self._now))

    def _same(self, old: _Slide, ink: Vectors, mask: Mask, moving: Mask) -> bool:
        before = old.mask & ~moving
        if before.mean() < _LITTLE_INK:
            # From an empty slide anything new is a new slide when it is much.
            return float((mask & ~moving).mean()) < 4 * _LITTLE_INK
        if changed_cells(old.ink, before, ink) >= _CELLS:
            return False
        return kept_share(old.ink, before, ink) >= _KEPT

    def _known(self, ink: Vectors, mask: Mask, moving: Mask) -> int | None:
        here = mask & ~moving
        if here.mean() < _LITTLE_INK:
            return None
        best, share = None, 0.8
        for number, slide in self._slides.items():
            there = slide.mask & ~moving
            if not there.any() or not _roughly_same(slide.ink, there, ink):
                continue
            mutual = min(
                kept_share(slide.ink, there, ink), kept_share(ink, here, slide.ink)
            )
            if mutual > share:
                best, share = number, mutual
        return best

    def _add(self, ink: Vectors, mask: Mask) -> int:
        number = self._numbered
        self._numbered += 1
        self._slides[number] = _Slide(ink=ink, mask=mask)
        if len(self._slides) > _MOST_SLIDES:
            del self._slides[next(iter(self._slides))]
        return number


def inked(picture: Grey) -> tuple[Vectors, Mask]:
    """Where there are edges, and which way they face: (2, height, width) and a mask."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3)
    vectors: Vectors = np.stack([across, down]).astype(np.float32) / np.float32(4)
    mask: Mask = np.hypot(vectors[0], vectors[1]) > _INK
    return vectors, mask


def changed_cells(old: Vectors, mask: Mask, new: Vectors) -> float:
    """The share of inked fields that lost some of their ink."""
    facing = _still_there(old, new) & mask
    height, width = (side // _CELL_PX for side in mask.shape)
    shape = (height, _CELL_PX, width, _CELL_PX)
    had = mask[: height * _CELL_PX, : width * _CELL_PX].reshape(shape).sum(axis=(1, 3))
    kept = (
        facing[: height * _CELL_PX, : width * _CELL_PX].reshape(shape).sum(axis=(1, 3))
    )
    inked_fields = had >= _CELL_LITTLE
    lost = inked_fields & (kept < _CELL_KEPT * had)
    if lost.sum() < _FEWEST_CELLS:
        return 0.0
    return float(lost.sum() / inked_fields.sum())


def _still_there(old: Vectors, new: Vectors) -> Mask:
    """Where the new picture has an edge of the same direction."""
    size_old, size_new = np.hypot(*old), np.hypot(*new)
    facing = (old * new).sum(axis=0) > 0.75 * size_old * size_new
    return np.asarray(facing & (size_new > 0.25 * size_old))


def _roughly_same(old: Vectors, mask: Mask, new: Vectors) -> bool:
    rough = (slice(None, None, _ROUGH_STEP),) * 2
    some = mask[rough]
    if some.sum() < 50:
        return True
    return kept_share(old[:, *rough], some, new[:, *rough]) > _ROUGHLY


def kept_share(old: Vectors, mask: Mask, new: Vectors) -> float:
    """The share of the old ink that the new picture has at the same place and facing.

    Text that is dimmed keeps its edges' direction, so their length counts little.
    """
    return float(_still_there(old[:, mask], new[:, mask]).mean())
