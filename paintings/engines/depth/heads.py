"""Heads: what stands upright may have one on top, too small and too unlike it to be joined.

It is looked for by its outline: an oval of clear edges over the shoulders, calm within.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import grab_cut, largest_piece
from jobs.toolbox.images import Pixels
from paintings.engines.depth.regions import Floats, Labels

Flags = NDArray[np.bool_]

# What is so many times as high as broad, and not too narrow to tell, may have a head.
_UPRIGHT, _NARROWEST_PX = 1.6, 10
# A head's height as shares of the width below it, and its width as a share of its height.
_HEIGHTS = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
_NARROW = 0.74
# How far it may be aside of the middle, as a share of the width below, and sunk between
# the shoulders, as shares of its own height.
_ASIDE = 0.25
_SUNK = (0.0, 0.1, 0.2, 0.3)
# The outline from ear to ear over the top, in steps; below is the neck.
_TURNS = np.linspace(np.radians(-30), np.radians(210), 33)
# By how much its outline has to be clearer than what is within, and how clear at least.
_CLEARER, _CLEAR = 0.25, 0.9
# How much of the oval surely is the head, and beyond how many of it nothing is.
_SURELY, _BEYOND = 0.88, 1.3


@dataclass(frozen=True, kw_only=True)
class Oval:
    """Where a head may be, in pixels."""

    x: float
    y: float
    height: float
    score: float

    def inside(self, shape: tuple[int, ...], grown: float = 1.0) -> Flags:
        rows, columns = np.indices(shape[:2])
        high = 0.5 * self.height * grown
        across = (columns - self.x) / (high * _NARROW)
        return np.asarray(across**2 + ((rows - self.y) / high) ** 2 <= 1, np.bool_)


def with_heads(
    small: Pixels, strength: Floats, labels: Labels, plain: Floats, things: list[int]
) -> None:
    """Give each upright thing the head that is seen on top of it, in place."""
    for thing in things:
        mine = labels == thing
        found = find_head(strength, mine)
        if found is None:
            continue
        head = _drawn(small, found) & ~mine
        labels[head] = thing
        plain[head] = float(np.median(plain[mine]))


def find_head(strength: Floats, mine: Flags) -> Oval | None:
    """The clearest oval of edges on top of a thing; None where there is none."""
    # Stray pieces were taken for parts of it.
    mine = largest_piece(mine)
    rows = np.flatnonzero(mine.any(axis=1))
    columns = np.flatnonzero(mine.any(axis=0))
    if not len(rows) or len(rows) < _UPRIGHT * len(columns):
        return None
    top, tall = int(rows[0]), len(rows)
    widths = mine[top + tall // 8 : top + tall // 2].sum(axis=1)
    wide = float(np.median(widths))
    if wide < _NARROWEST_PX:
        return None
    middle = float(np.nonzero(mine[top : top + max(2, tall // 10)])[1].mean())
    best: Oval | None = None
    for height in wide * np.array(_HEIGHTS):
        for sunk in _SUNK:
            y = top - 0.5 * height + sunk * height
            if y - 0.5 * height < 0:
                continue
            for x in np.arange(middle - _ASIDE * wide, middle + _ASIDE * wide + 1):
                score = _score(strength, float(x), float(y), float(height))
                if best is None or score > best.score:
                    best = Oval(
                        x=float(x), y=float(y), height=float(height), score=score
                    )
    return best if best is not None and best.score > _CLEARER else None


def _score(strength: Floats, x: float, y: float, height: float) -> float:
    """How much clearer the outline is than what is within, nearly all along it."""
    rim = _along(strength, x, y, height)
    clear = float(np.quantile(rim, 0.25))
    if clear < _CLEAR:
        return 0.0
    within = np.concatenate(
        [_along(strength, x, y, share * height) for share in (0.35, 0.65)]
    )
    return clear - float(np.median(within))


def _along(strength: Floats, x: float, y: float, height: float) -> Floats:
    across = np.round(x + 0.5 * _NARROW * height * np.cos(_TURNS)).astype(int)
    down = np.round(y - 0.5 * height * np.sin(_TURNS)).astype(int)
    height_px, width_px = strength.shape
    rows, columns = np.clip(down, 0, height_px - 1), np.clip(across, 0, width_px - 1)
    return np.asarray(strength[rows, columns], np.float32)


def _drawn(small: Pixels, oval: Oval) -> Flags:
    """The head along its own edges, as far as the oval's surroundings reach."""
    shape = small.shape
    trimap = np.where(oval.inside(shape), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[oval.inside(shape, _SURELY)] = cv2.GC_FGD
    trimap[~oval.inside(shape, _BEYOND)] = cv2.GC_BGD
    around = oval.inside(shape, 2.5)
    rows, columns = np.flatnonzero(around.any(1)), np.flatnonzero(around.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    found = np.zeros(shape[:2], np.bool_)
    found[box] = grab_cut(
        np.ascontiguousarray(small[box]), np.ascontiguousarray(trimap[box])
    )
    return found
