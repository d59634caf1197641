"""What a photo is of: whatever stands out from the rest, cut along its colours and edges."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import grab_cut, largest_piece, otsu, salience
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
# What stands out does so less the nearer to the frame: so is what fills nearly the whole
# of this share of the rows.
_NEARLY, _ROWS = 0.85, 0.1
# How far around a place its detail counts, and when there is none; what is in focus or
# out of it is at least this share of the picture.
_AROUND_PX, _NO_DETAIL, _BARELY = 8.0, 0.05, 0.05


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What stands out, and whether it is the one thing that the photo was taken of."""

    mask: Flags
    main: bool


def find_subject(small: Pixels) -> tuple[Floats, Subject | None]:
    """How much every point stands out, and what does so clearly, if anything."""
    stands_out = salience(small)
    mask = _cut_around(small, stands_out, least=0.35, surely=0.3)
    if not _LEAST < float(mask.mean()) < _MOST:
        return stands_out, None
    gap = float(stands_out[mask].mean() - stands_out[~mask].mean())
    if gap <= _CLEARLY:
        return stands_out, None
    whole = largest_piece(mask)
    if whole.sum() > _ONE * mask.sum() and _is_main(whole, gap):
        return stands_out, Subject(mask=whole, main=True)
    return stands_out, Subject(mask=mask, main=False)


def in_focus(small: Pixels) -> Flags | None:
    """What is sharp where the rest is not; None where all is alike."""
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.ascontiguousarray(lab[..., 0])
    fine = np.sqrt(np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.0)))
    detail = np.asarray(cv2.GaussianBlur(fine, (0, 0), _AROUND_PX) ** 2, np.float32)
    sharpest = float(np.quantile(detail, 0.95))
    if sharpest < _NO_DETAIL:
        return None
    mask = _cut_around(small, np.clip(detail / sharpest, 0, 1), surely=0.25)
    clear = _BARELY < float(mask.mean()) < 1 - _BARELY
    return mask if clear else None


def _cut_around(
    small: Pixels, told: Floats, *, surely: float, least: float = 0.0
) -> Flags:
    """Whatever a map is high on, along the colours and edges of the picture."""
    cut = max(least, otsu(told))
    trimap = np.where(told > cut, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[told > cut + surely] = cv2.GC_FGD
    trimap[told < 0.4 * cut] = cv2.GC_BGD
    return grab_cut(small, trimap)


def _is_main(whole: Flags, gap: float) -> bool:
    left, right, top = (
        float(side.mean()) for side in (whole[:, 0], whole[:, -1], whole[0])
    )
    if min(left, right) > _FRAMED or top > _FRAMED:
        return False
    if (whole.mean(axis=1) > _NEARLY).mean() > _ROWS:
        return False
    return bool(whole.mean() > _LARGE or (gap > _PLAINLY and _is_compact(whole)))


def _is_compact(whole: Flags) -> bool:
    """Whether it fills nearly all of the hull that could be stretched around it."""
    hull = cv2.convexHull(np.argwhere(whole)[:, ::-1].astype(np.int32))
    return float(whole.sum()) > _COMPACT * cv2.contourArea(hull)
