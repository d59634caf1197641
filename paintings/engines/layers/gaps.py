"""Gaps in what stands in front: sky between leaves, a wall between the legs of a chair.

And what only seems to be one: an eye in a face, a badge on a coat.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# How far around a place one looks for what is in front and behind, as a share of the
# longer side.
_REACH = 0.05
# ... and for what is behind what seems to be a gap.
_WIDE_REACH = 0.2
# In grey levels: what is behind is met again this exactly, or as exactly as it varies.
_LIKE, _AS_IT_VARIES = 8.0, 1.5
# ... and unlike this is what is in front around it.
_UNLIKE = 40.0
# ... so, too, is what is in front this far beside it: a gap has an edge, and differs
# there so many times as much as it does from what is behind.
_EDGE, _BESIDE_PX, _RATHER = 45.0, 2, 3.0
# Smaller gaps are grain; larger ones, as shares of the picture, are no gaps but a
# shirt in the colour of the wall.
_SMALLEST_PX, _LARGEST = 6, 0.004
# What lies within a front and is no larger than this belongs to it, if it is so unlike
# what is behind around it.
_ENCLOSED, _OF_ITS_OWN = 0.03, 30.0
# Stands for the colour where there is none near: like nothing.
_NOWHERE = -1e3


def see_through(picture: Pixels, front: Mask) -> Mask:
    """Where a front, drawn small, shows the very colours of what is beside it."""
    height, width = front.shape
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    colours = np.asarray(small, np.float32)
    side = 2 * max(3, round(_REACH * max(front.shape))) + 1
    back, spread = _beside(colours, ~front, side)
    own, _ = _beside(colours, front, side)
    off_back = np.linalg.norm(colours - back, axis=2)
    off_own = np.linalg.norm(colours - own, axis=2)
    alike = front & (off_back < np.maximum(_LIKE, _AS_IT_VARIES * spread))
    pieces, count = ndimage.label(alike)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    unlike, missed = (
        np.bincount(pieces.ravel(), off.ravel(), count + 1) / np.maximum(sizes, 1)
        for off in (off_own, off_back)
    )
    gap = (sizes >= _SMALLEST_PX) & (sizes <= _LARGEST * front.size)
    edges = _edges(colours, pieces, front, count)
    gap &= (unlike > _UNLIKE) & (edges > np.maximum(_EDGE, _RATHER * missed))
    gap[0] = False
    return np.asarray(gap[pieces], np.bool_)


def _edges(
    colours: Floats, pieces: NDArray[np.int32], front: Mask, count: int
) -> Floats:
    """How much each piece differs from what is in front right beside it.

    A gap ends at once; a dark spot on a fruit gives way to what is around it.
    """
    rim = ndimage.maximum_filter(pieces, 2 * _BESIDE_PX + 1)
    rim[ndimage.maximum_filter(pieces, 2 * _BESIDE_PX - 1) > 0] = 0
    rim[~front] = 0
    inside, beside = (
        np.stack(
            [
                np.bincount(own.ravel(), colours[..., c].ravel(), count + 1)
                for c in range(3)
            ],
            axis=1,
        )
        / np.maximum(np.bincount(own.ravel(), minlength=count + 1), 1)[:, None]
        for own in (pieces, rim)
    )
    return np.asarray(np.linalg.norm(inside - beside, axis=1), np.float32)


def enclosed(picture: Pixels, front: Mask) -> Mask:
    """Where a front, drawn small, was left open on what is not seen anywhere around it."""
    pieces, count = ndimage.label(~front)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    rim = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    inside = sizes <= _ENCLOSED * front.size
    inside[rim] = inside[0] = False
    if not inside.any():
        return np.zeros_like(front)
    height, width = front.shape
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    colours = np.asarray(small, np.float32)
    side = 2 * max(3, round(_WIDE_REACH * max(front.shape))) + 1
    back, _ = _beside(colours, ~front & ~inside[pieces], side)
    off = np.linalg.norm(colours - back, axis=2)
    # Where nothing behind is near there is nothing to be seen through to.
    alike, near = (
        np.bincount(pieces.ravel(), told.ravel(), count + 1)
        for told in (off < _OF_ITS_OWN, back[..., 0] > _NOWHERE)
    )
    inside &= alike <= 0.5 * near
    return np.asarray(inside[pieces], np.bool_)


def _beside(colours: Floats, mask: Mask, side: int) -> tuple[Floats, Floats]:
    """The mean colour of what is masked near each place, and how much it varies there."""
    weight = mask.astype(np.float32)
    mass = cv2.blur(weight, (side, side))
    known = np.maximum(mass, 1e-6)[..., None]
    mean = cv2.blur(colours * weight[..., None], (side, side)) / known
    square = cv2.blur(colours**2 * weight[..., None], (side, side)) / known
    spread = np.sqrt(np.maximum(square - mean**2, 0).sum(axis=2))
    mean[mass < 0.01] = _NOWHERE
    return np.asarray(mean, np.float32), np.asarray(spread, np.float32)
