"""What a photo is of: whatever stands out from the rest, cut along its colours and edges."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jobs.toolbox.cutouts import grab_cut, otsu, salience
from jobs.toolbox.images import Pixels
from paintings.engines.depth.regions import Floats

Flags = NDArray[np.bool_]

# What stands out does so by this much more than the rest, and fills so much.
_CLEARLY, _LEAST, _MOST = 0.35, 0.005, 0.5
# One thing that fills this much of a photo is what it is of, ...
_LARGE, _ONE = 0.29, 0.9
# ... and so is a smaller one that is round or square and stands out by so much, ...
_COMPACT, _PLAINLY = 0.9, 0.6
# ... unless it reaches along this much of both sides or of the upper edge: a ground.
_FRAMED = 0.02


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What stands out, and whether it is the one thing that the photo was taken of."""

    mask: Flags
    main: bool


def find_subject(small: Pixels) -> tuple[Floats, Subject | None]:
    """How much every point stands out, and what does so clearly, if anything."""
    stands_out = salience(small)
    cut = max(0.35, otsu(stands_out))
    trimap = np.where(stands_out > cut, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[stands_out > cut + 0.3] = cv2.GC_FGD
    trimap[stands_out < 0.4 * cut] = cv2.GC_BGD
    mask = grab_cut(small, trimap)
    if not _LEAST < float(mask.mean()) < _MOST:
        return stands_out, None
    gap = float(stands_out[mask].mean() - stands_out[~mask].mean())
    if gap <= _CLEARLY:
        return stands_out, None
    whole = _largest(mask)
    if whole.sum() > _ONE * mask.sum() and _is_main(whole, gap):
        return stands_out, Subject(mask=whole, main=True)
    return stands_out, Subject(mask=mask, main=False)


def _is_main(whole: Flags, gap: float) -> bool:
    left, right, top = (
        float(side.mean()) for side in (whole[:, 0], whole[:, -1], whole[0])
    )
    if min(left, right) > _FRAMED or top > _FRAMED:
        return False
    return bool(whole.mean() > _LARGE or (gap > _PLAINLY and _is_compact(whole)))


def _is_compact(whole: Flags) -> bool:
    """Whether it fills nearly all of the hull that could be stretched around it."""
    hull = cv2.convexHull(np.argwhere(whole)[:, ::-1].astype(np.int32))
    return float(whole.sum()) > _COMPACT * cv2.contourArea(hull)


def _largest(mask: Flags) -> Flags:
    """Without the smaller pieces."""
    pieces, _ = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == int(np.argmax(sizes)), np.bool_)
