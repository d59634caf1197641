"""The tones of a fill without its detail: a membrane along the grain, and where patches know better."""

import cv2
import numpy as np

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting.membranes import membrane, span
from jobs.toolbox.inpainting.patches import match, pyramid
from jobs.toolbox.inpainting.sizes import (
    WORK_PX,
    Floats,
    Mask,
    grown,
    shrunk_colours,
    shrunk_kinds,
    size_within,
)

# The size at which the two guesses are compared, and how wide a rim is covered up.
_TRIAL_PX = 192
_RIM_PX = 6
# No surroundings run more one way than this.
_STRETCH = 4.0
# The membrane is calm: solving it on a small picture loses nothing.
_SPAN_PX = 400
_GRAIN_PX = 450


def stretched(rgb: Pixels, hole: Mask) -> Floats:
    """A membrane over the hole, stiffer along the way that the surroundings run."""
    size = size_within(hole.shape, _SPAN_PX, least_px=8)
    known = ~grown(hole, size)
    stretch = _run_of(rgb, hole) ** 1.5
    spread = span(shrunk_colours(rgb, hole, size), known, stretch=stretch)
    full = size_within(hole.shape, WORK_PX, least_px=16)
    return np.asarray(cv2.resize(spread, full, interpolation=cv2.INTER_LINEAR))


def _run_of(rgb: Pixels, hole: Mask) -> float:
    """How much more structure runs across (above 1) than down (below 1) around a hole."""
    size = size_within(hole.shape, _GRAIN_PX, least_px=8)
    grey = cv2.cvtColor(
        np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8),
        cv2.COLOR_RGB2GRAY,
    )
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    small = grown(hole, size).astype(np.uint8)
    ring = cv2.dilate(small, np.ones((21, 21), np.uint8))
    ring = (ring > 0) & (cv2.dilate(small, np.ones((5, 5), np.uint8)) == 0)
    if not ring.any():
        return 1.0
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0)[ring]
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1)[ring]
    ratio = np.sqrt(float((dy**2).mean()) / max(float((dx**2).mean()), 1e-6))
    return float(np.clip(ratio, 1 / _STRETCH, _STRETCH))


def trust_of(
    rgb: Pixels, hole: Mask, forbidden: Mask | None, guide: Floats | None, seed: int
) -> Floats:
    """Cover up a rim of what is known and see which guess comes nearer to it, where."""
    size = size_within(hole.shape, _TRIAL_PX, least_px=16)
    small = np.clip(shrunk_colours(rgb, hole, size), 0, 255).astype(np.uint8)
    gone = grown(hole, size)
    barred = gone if forbidden is None else gone | grown(forbidden, size)
    side = 2 * min(_RIM_PX, max(2, min(size) // 16)) + 1
    covered = cv2.dilate(gone.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    rim = covered & ~gone
    kinds = None if guide is None else shrunk_kinds(guide, size)
    levels = pyramid(small, covered, barred, kinds, size)
    matched = None if covered.all() else match(levels, seed)
    if matched is None or not rim.any():
        return np.zeros((size[1], size[0]), np.float32)
    told = wide_tones(small.astype(np.float32))
    misses = [
        ((wide_tones(guess) - told) ** 2).sum(axis=2).astype(np.float32)
        for guess in (matched[1][..., :3], stretched(small, covered))
    ]
    spread = membrane(np.dstack(misses).astype(np.float32), rim)
    by_patch, by_membrane = (wide_tones(spread[..., n]) + 4.0 for n in (0, 1))
    # Patches must be clearly right: a membrane is never far off, a wrong patch is.
    return np.asarray(np.clip(by_membrane / by_patch - 1.2, 0, 1), np.float32)


def wide_tones(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)
