"""Cuts: one picture unlike the one before, in a way that neither motion nor a flash explains."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from quizzes.engines.scenes.looks import Look

# Mean difference (0 to 255) below which nothing is taken for a cut.
FLOOR = 9.0
# How many times larger than its neighbours' a cut's difference must be.
RATIO = 2.2
# Pictures on either side that the neighbours are taken from.
REACH = 3
# A flash is over in this time, and then all is as before.
FLASH_S = 0.4
# How clearly (0 to 1) phase correlation must see a shift to be believed, or heard.
SURE_OF_SHIFT = 0.6
UNSURE_OF_SHIFT = 0.3
# In between: the share of the difference that must remain once the shift is undone.
UNEXPLAINED = 0.5
_HISTOGRAM_WEIGHT = 60.0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How unlike the picture before one picture is."""

    content: float
    # 0 to 1: how much of the brightness and colours is spread otherwise.
    histogram: float

    @property
    def score(self) -> float:
        return self.content * 0.5 + self.histogram * _HISTOGRAM_WEIGHT


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a cut may be: the new scene's first picture, by place among the looks."""

    place: int
    score: float


def difference(before: Look, after: Look) -> Difference:
    light = float(cv2.absdiff(before.luma, after.luma).mean())
    colour = float(cv2.absdiff(before.chroma, after.chroma).mean())
    spread = np.abs(_spread(before) - _spread(after)).sum() / 2
    return Difference(content=light + 2.0 * colour, histogram=float(spread))


def _spread(look: Look) -> NDArray[np.float32]:
    """Shares of 32 brightnesses and of 8 x 8 colours, half and half."""
    light = np.bincount((look.luma >> 3).ravel(), minlength=32)[:32]
    pairs = (look.chroma[0] >> 5).astype(np.int32) * 8 + (look.chroma[1] >> 5)
    colour = np.bincount(pairs.ravel(), minlength=64)[:64]
    both = [light / light.sum() / 2, colour / colour.sum() / 2]
    # Noise moves pixels between neighbouring bins: blur the brightness a little.
    both[0] = np.convolve(both[0], (0.25, 0.5, 0.25), mode="same")
    return np.concatenate(both).astype(np.float32)


def standing_out(scores: Sequence[float]) -> list[Spot]:
    """Places whose score towers over the scores around them."""
    values = np.asarray(scores, np.float64)
    spots: list[Spot] = []
    for place in np.flatnonzero(values > FLOOR):
        low, high = max(0, place - REACH), min(len(values), place + REACH + 1)
        left, right = values[low:place], values[place + 1 : high]
        if values[place] < max(left.max(initial=0.0), right.max(initial=0.0)):
            continue
        # One side may stand still while the other moves: the livelier one counts.
        usual = max(np.median(side) for side in (left, right) if side.size)
        if values[place] >= RATIO * max(float(usual), 1.0):
            spots.append(Spot(place=int(place), score=float(values[place])))
    return spots


def is_camera_move(before: Look, after: Look) -> bool:
    """Whether shifting the picture before gives the one after, nearly."""
    a, b = before.luma.astype(np.float32), after.luma.astype(np.float32)
    plain = float(np.abs(a - b).mean())
    if plain < 1.0:
        return True
    window = cv2.createHanningWindow((a.shape[1], a.shape[0]), cv2.CV_32F)
    (dx, dy), agreement = cv2.phaseCorrelate(a, b, window)
    if abs(dx) < 0.5 and abs(dy) < 0.5:
        return False
    if agreement > SURE_OF_SHIFT:
        return True
    if agreement < UNSURE_OF_SHIFT:
        return False
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (a.shape[1], a.shape[0])
    moved = cv2.warpAffine(a, move, size, borderValue=-1.0)
    seen = moved >= 0
    return bool(np.abs(moved - b)[seen].mean() < UNEXPLAINED * plain)


def is_flash(tinies: NDArray[np.uint8], times: NDArray[np.float64], place: int) -> bool:
    """Whether the pictures soon after (or shortly before) are as before (or after)."""
    new, old = tinies[place], tinies[place - 1]
    jump = _apart(old, new)
    soon = (times > times[place]) & (times <= times[place] + FLASH_S)
    lately = (times < times[place - 1]) & (times >= times[place - 1] - FLASH_S)
    returns = [_apart(old, tinies[i]) for i in np.flatnonzero(soon)]
    returns += [_apart(new, tinies[i]) for i in np.flatnonzero(lately)]
    return bool(returns) and min(returns) < 0.35 * jump


def _apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(cv2.absdiff(a, b).mean())
