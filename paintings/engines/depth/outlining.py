"""Redrawing what stands free along the photo's own edges, once it is known to."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jobs.toolbox.cutouts import grab_cut
from jobs.toolbox.images import Pixels
from paintings.engines.depth.regions import Floats, Labels

Flags = NDArray[np.bool_]

# How far out, as a share of the longer side, an outline may be wrong.
_DOUBT_OUT = 0.025
# ... and how far in: first deep, for what is seen between leaves; if too little is
# left of a thing, no deeper than its rim.
_DOUBTS_IN = (0.08, 0.02)
# Colours are told apart in steps of this size, out of 256.
_COLOUR_STEP = 8
# A colour with this share of its pixels outside a thing is not the thing's.
_SEEN_AROUND = 0.5
# How much around a thing is looked at to learn what its surroundings look like.
_AROUND = 0.08
# A redrawn thing that shares less than this with the first guess is not believed.
_AGREES = 0.55


def redraw(small: Pixels, labels: Labels, plain: Floats, things: list[int]) -> None:
    """Let each thing gain and lose pixels at its rim, in place; the last one wins."""
    for thing in things:
        mine = labels == thing
        found = _outline(small, mine)
        if found is None:
            continue
        gone = mine & ~found
        if gone.any():
            rows, columns = ndimage.distance_transform_edt(
                mine, return_distances=False, return_indices=True
            )
            labels[gone] = labels[rows, columns][gone]
            plain[gone] = plain[rows, columns][gone]
        plain[found & ~mine] = float(np.median(plain[mine]))
        labels[found] = thing


def _outline(small: Pixels, mine: Flags) -> Flags | None:
    """The thing's own shape by its colours and the edges around it; None if unsure."""
    longest = max(small.shape[:2])
    box = _box(mine, round(_AROUND * longest))
    inside, picture = mine[box], np.ascontiguousarray(small[box])
    padded = np.pad(inside, 1, mode="edge").astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    away = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    for doubt in _DOUBTS_IN:
        trimap = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        trimap[depth > doubt * longest] = cv2.GC_FGD
        trimap[away > _DOUBT_OUT * longest] = cv2.GC_BGD
        if not (trimap == cv2.GC_BGD).any():
            return None
        found = grab_cut(picture, trimap, rounds=4)
        shared = float((found & inside).sum()) / max(float((found | inside).sum()), 1.0)
        if shared > _AGREES:
            whole = np.zeros(mine.shape, np.bool_)
            whole[box] = found & ~_pockets(picture, found)
            return whole
    return None


def _pockets(picture: Pixels, found: Flags) -> Flags:
    """Spots within a thing that are, all over, of colours seen around it and not in it."""
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 0.8), cv2.COLOR_RGB2LAB)
    code = (lab // _COLOUR_STEP).astype(np.int64) @ np.array([1024, 32, 1])
    inside = np.bincount(code[found], minlength=32**3).astype(np.float64)
    around = np.bincount(code[~found], minlength=32**3).astype(np.float64)
    share = (around / np.maximum(inside + around, 1))[code]
    spots = cv2.morphologyEx(
        (found & (share > _SEEN_AROUND)).astype(np.uint8),
        cv2.MORPH_OPEN,
        np.ones((3, 3), np.uint8),
    )
    return np.asarray(spots > 0, np.bool_)


def _box(mine: Flags, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1),
    )
