"""The way from a hole to its fill: a pattern that repeats, else tones and detail."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting import repeats
from jobs.toolbox.inpainting.detail import Guess, at_full_size, with_detail
from jobs.toolbox.inpainting.kinds import Kinds
from jobs.toolbox.inpainting.leading import lead, met, toned
from jobs.toolbox.inpainting.membranes import membrane
from jobs.toolbox.inpainting.patches import match, pyramid
from jobs.toolbox.inpainting.sizes import (
    WORK_PX,
    Floats,
    Mask,
    shrunk_kinds,
    size_within,
)
from jobs.toolbox.inpainting.tones import (
    Trial,
    best_kinds,
    carried,
    run_in,
    stretched,
    wide_tones,
)

# How different two grounds look to the patches, in grey levels.
_KIND_STEP = 40.0


def fill(
    rgb: Pixels,
    hole: Mask,
    *,
    forbidden: Mask | None = None,
    guide: Floats | None = None,
    seed: int = 1,
) -> Pixels:
    """Fill the hole. `forbidden` is known but no source; `guide`, of any size, tells
    kinds apart.
    """
    if not hole.any():
        return rgb.copy()
    if hole.all():
        return np.full_like(rgb, 128)
    barred = hole if forbidden is None else hole | forbidden
    shift = repeats.find_shift(rgb, hole, barred)
    if shift is not None:
        rgb, hole = _repeated(rgb, hole, barred, shift)
        if not hole.any():
            return rgb
    size = size_within(hole.shape, WORK_PX, least_px=16)
    kinds = best_kinds(Trial.of(rgb, hole))
    levels = pyramid(rgb, hole, forbidden, _guided(guide, kinds, size), size)
    with ThreadPoolExecutor(1, thread_name_prefix="patches") as aside:
        # Two guesses at a time: neither needs more than one core.
        matching = aside.submit(match, levels, seed)
        edges = run_in(rgb, hole)
        base = carried(stretched(rgb, hole, kinds), edges)
        matched = matching.result()
    if matched is None:
        return smooth(rgb, hole)
    level, (finest, voted) = levels[0], matched
    patched = toned(level, base, met(level, finest, voted))
    offsets, most = with_detail(level, finest)
    guess = Guess(
        base=base,
        patched=patched,
        lead=lead(level, base, edges, patched),
        offsets=offsets,
        most=most,
    )
    return at_full_size(rgb, hole, level, guess)


def _guided(
    guide: Floats | None, kinds: Kinds | None, size: tuple[int, int]
) -> Floats | None:
    """What a caller tells apart, and what the surroundings show besides."""
    if kinds is None:
        return guide
    told = kinds.at(size).astype(np.float32) * _KIND_STEP
    return told if guide is None else shrunk_kinds(guide, size) + told


def _repeated(
    rgb: Pixels, hole: Mask, barred: Mask, shift: tuple[int, int]
) -> tuple[Pixels, Mask]:
    """Copy a pattern over the hole, its tone carried on from the rim; what is left."""
    there = repeats.reached(~barred, shift)
    moved = repeats.shifted(rgb.astype(np.float32), shift)
    kernel = np.ones((19, 19), np.uint8)
    rim = (cv2.dilate(hole.astype(np.uint8), kernel) > 0) & ~barred & there
    drift = membrane(rgb.astype(np.float32) - moved, rim)
    patched = rgb.copy()
    done = hole & there
    patched[done] = np.clip(moved + wide_tones(drift) + 0.5, 0, 255).astype(np.uint8)[
        done
    ]
    return patched, hole & ~there


def smooth(rgb: Pixels, hole: Mask) -> Pixels:
    """Fill by soft interpolation alone: right for slivers and empty skies."""
    spread = membrane(rgb.astype(np.float32), ~hole)
    filled = rgb.copy()
    filled[hole] = np.clip(spread[hole] + 0.5, 0, 255).astype(np.uint8)
    return filled
