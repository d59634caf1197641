"""The calm tones of a fill: a membrane along the grain, and edges that run into it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting.kinds import Kinds, find_kinds
from jobs.toolbox.inpainting.membranes import span
from jobs.toolbox.inpainting.sizes import (
    WORK_PX,
    Floats,
    Mask,
    grown,
    shrunk_colours,
    size_within,
)

# The size at which grounds are tried, and how wide a rim is covered up for that.
_TRIAL_PX = 192
_RIM_PX = 6
# No surroundings run more one way than this.
_STRETCH = 4.0
# How much the edges that run into the hole say of the tones in it, and their reach.
_EDGES, _EDGES_REACH = 0.25, 3
# The membrane is calm: solving it on a small picture loses nothing.
_SPAN_PX = 400
_GRAIN_PX = 450
# Fewer pixels tell nothing of how a ground runs.
_ENOUGH = 30
# Into how many grounds the surroundings may fall, and how much better that must be.
_COUNTS, _CLEARLY = (2, 3, 4), 0.95
_AT_ONCE = 2


def stretched(rgb: Pixels, hole: Mask, kinds: Kinds | None) -> Floats:
    """A membrane over the hole, stiffer along the way that the surroundings run.

    Where the surroundings are of several kinds each has a membrane of its own.
    """
    size = size_within(hole.shape, _SPAN_PX, least_px=8)
    known = ~grown(hole, size)
    own = np.zeros(known.shape, np.int32) if kinds is None else kinds.at(size)
    spread = span(
        shrunk_colours(rgb, hole, size),
        known,
        kinds=own,
        stretch=_runs_of(rgb, hole, kinds) ** 1.5,
    )
    full = size_within(hole.shape, WORK_PX, least_px=16)
    return np.asarray(cv2.resize(spread, full, interpolation=cv2.INTER_LINEAR))


def run_in(rgb: Pixels, hole: Mask) -> Floats:
    """The hole with the edges that meet it drawn on into it (Telea's), at working size."""
    size = size_within(hole.shape, WORK_PX, least_px=16)
    small = np.clip(shrunk_colours(rgb, hole, size), 0, 255).astype(np.uint8)
    gone = grown(hole, size).astype(np.uint8)
    drawn = cv2.inpaint(small, gone, _EDGES_REACH, cv2.INPAINT_TELEA)
    return np.asarray(drawn, np.float32)


def carried(calm: Floats, edges: Floats) -> Floats:
    """The membrane, and in it a share of the edges that run into the hole.

    The one errs by what it leaves out, the other by what it draws too far: together
    they are nearer to the truth than either.
    """
    return np.asarray(calm + _EDGES * (edges - calm), np.float32)


def _runs_of(rgb: Pixels, hole: Mask, kinds: Kinds | None) -> Floats:
    """How much more structure runs across (above 1) than down (below 1) around a hole.

    A number for every kind.
    """
    size = size_within(hole.shape, _GRAIN_PX, least_px=8)
    grey = cv2.cvtColor(
        np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8),
        cv2.COLOR_RGB2GRAY,
    )
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    small = grown(hole, size).astype(np.uint8)
    ring = cv2.dilate(small, np.ones((21, 21), np.uint8))
    ring = (ring > 0) & (cv2.dilate(small, np.ones((5, 5), np.uint8)) == 0)
    own = np.zeros(ring.shape, np.int32) if kinds is None else kinds.at(size)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0) ** 2
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1) ** 2
    runs = np.ones(1 if kinds is None else kinds.count, np.float32)
    # Where two kinds meet is no grain of either.
    border = cv2.morphologyEx(
        own.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)
    )
    for one in range(len(runs)):
        here = ring & (own == one) & (border == 0)
        if here.sum() > _ENOUGH:
            ratio = float(down[here].mean()) / max(float(across[here].mean()), 1e-6)
            runs[one] = np.clip(np.sqrt(ratio), 1 / _STRETCH, _STRETCH)
    return runs


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A rim of what is known covered up, to see which guess comes nearest to it."""

    small: Pixels
    covered: Mask
    rim: Mask
    told: Floats

    @classmethod
    def of(cls, rgb: Pixels, hole: Mask) -> "Trial":
        size = size_within(hole.shape, _TRIAL_PX, least_px=16)
        small = np.clip(shrunk_colours(rgb, hole, size), 0, 255).astype(np.uint8)
        gone = grown(hole, size)
        side = 2 * min(_RIM_PX, max(2, min(size) // 16)) + 1
        covered = cv2.dilate(gone.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        return cls(
            small=small,
            covered=covered,
            rim=covered & ~gone,
            told=wide_tones(small.astype(np.float32)),
        )

    def miss(self, guess: Floats) -> Floats:
        off = (wide_tones(guess) - self.told) ** 2
        return np.asarray(off.sum(axis=2), np.float32)


def best_kinds(trial: Trial) -> Kinds | None:
    """The grounds that tell the covered rim best, found anew without that cover."""
    if trial.covered.all() or not trial.rim.any():
        return None
    colours = trial.small.astype(np.float32)

    def attempt(count: int) -> tuple[Kinds | None, float]:
        tried = find_kinds(colours, trial.covered, count)
        return tried, np.inf if tried is None else _rim_miss(trial, tried)

    best: Kinds | None = None
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="kinds") as trials:
        attempts = trials.map(attempt, _COUNTS)
        least = _rim_miss(trial, None)
    # The fewest that will do: lines that are not needed are wrong ones.
    for count, (tried, miss) in zip(_COUNTS, attempts, strict=True):
        if miss < _CLEARLY * least:
            gone = trial.covered & ~trial.rim
            least, best = miss, find_kinds(colours, gone, count) or tried
    return best


def _rim_miss(trial: Trial, kinds: Kinds | None) -> float:
    guess = stretched(trial.small, trial.covered, kinds)
    return float(trial.miss(guess)[trial.rim].mean())


def wide_tones(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)
