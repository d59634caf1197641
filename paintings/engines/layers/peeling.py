"""Taking a photo apart from the front: each sheet lifted shows what was filled in behind.

At rest the sheets give the photo back: in a soft edge the colours in front and
behind are solved together, so that their mixture is the pixel that was there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy import ndimage

from jobs.toolbox import cutouts, inpainting
from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.regions import Labels
from paintings.engines.layers.gaps import enclosed, see_through
from paintings.engines.layers.remains import remains

Mask = NDArray[np.bool_]

# How different two layers' grounds look to the fill, in grey levels.
_GUIDE_STEP = 40.0
# Colours nearer to each other, in grey levels, do not tell how much covers what; and
# how far a cover may go on its way to none or to all.
_TOLD_APART, _ANEW = 30.0, 0.5


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One layer at full size; 0 is the hindmost."""

    number: int
    rgba: Pixels


def peel(photo: Photo, labels: Labels, count: int) -> Iterator[Sheet]:
    """Give the sheets one by one, the front one first: one at a time is in memory."""
    picture = photo.rgb.copy()
    filled = np.zeros(picture.shape[:2], np.bool_)
    labels = labels.copy()
    for number in range(count - 1, 0, -1):
        labels[enclosed(picture, labels >= number)] = number
        behind = _labels_behind(labels, number)
        gaps = see_through(picture, labels >= number)
        labels[gaps] = behind[gaps]
        mask = (labels >= number).astype(np.float32)
        matte = cutouts.refine(picture, mask)
        hole = _hole(matte.alpha)
        back = inpainting.fill(
            picture,
            hole | remains(picture, matte.alpha),
            forbidden=filled,
            guide=behind.astype(np.float32) * _GUIDE_STEP,
            seed=number,
        )
        front = matte.colours
        _agree(picture, front, back, matte.alpha)
        yield Sheet(number=number, rgba=np.dstack([front, matte.alpha]))
        picture = back
        filled |= hole
        labels = behind
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    yield Sheet(number=0, rgba=np.concatenate([picture, opaque], axis=2))


def rest(sheets: Iterator[Pixels]) -> Pixels:
    """What the sheets (RGBA, the hindmost first) look like one upon the other."""
    picture = next(sheets)[..., :3].copy()
    for rgba in sheets:
        _over(picture, rgba)
    return picture


def _labels_behind(labels: Labels, number: int) -> Labels:
    """Which layer each hidden place belongs to: that of the nearest place in sight."""
    front = labels >= number
    if not front.any():
        return labels
    if front.all():
        return np.full_like(labels, number - 1)
    rows, columns = ndimage.distance_transform_edt(
        front, return_distances=False, return_indices=True
    )
    return np.asarray(labels[rows, columns], np.int32)


def _hole(alpha: Pixels) -> Mask:
    """All that the sheet touches, and a little more: no rim of it may stay behind."""
    reach = max(3, round(max(alpha.shape) / 300))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return np.asarray(cv2.dilate(alpha, kernel) > 3, np.bool_)


@njit(cache=True, nogil=True, parallel=True)
def _agree(picture: Pixels, front: Pixels, back: Pixels, alpha: Pixels) -> None:
    """Change front and back no more than needed for their mixture to be the picture."""
    height, width = alpha.shape
    for y in prange(height):
        for x in range(width):
            if 0 < alpha[y, x] < 255:
                alpha[y, x] = _told_anew(
                    picture[y, x], front[y, x], back[y, x], alpha[y, x]
                )
            if alpha[y, x] > 127:
                alpha[y, x] = _enough(
                    picture[y, x], front[y, x], back[y, x], alpha[y, x]
                )
            cover = alpha[y, x]
            for c in range(3):
                if cover == 0:
                    back[y, x, c] = picture[y, x, c]
                    front[y, x, c] = 0
                elif cover == 255:
                    front[y, x, c] = picture[y, x, c]
                else:
                    front[y, x, c], back[y, x, c] = _mixing(
                        float(picture[y, x, c]),
                        float(front[y, x, c]),
                        float(back[y, x, c]),
                        cover / 255.0,
                    )


@njit(cache=True, nogil=True)
def _mixing(goal: float, f: float, b: float, a: float) -> tuple[int, int]:
    """The nearest levels to those in front and behind that mix to the goal.

    Rounding is made up for by the side that shows more: by the other one it would be
    multiplied, and be seen as specks once that is bare.
    """
    f, b = _blamed(goal, f, b, a)
    f, b = _level(f), _level(b)
    for turn in range(3):
        if (a > 0.5) == (turn != 1):
            f = _level((goal - (1 - a) * b) / a)
        else:
            b = _level((goal - a * f) / (1 - a))
        if abs(a * f + (1 - a) * b - goal) < 0.5:
            break
    return int(f), int(b)


@njit(cache=True, nogil=True)
def _level(value: float) -> float:
    return float(np.round(min(max(value, 0.0), 255.0)))


@njit(cache=True, nogil=True)
def _blamed(goal: float, f: float, b: float, a: float) -> tuple[float, float]:
    """Both sides changed so that they mix to the goal: the thinner takes less of the blame."""
    miss = (goal - (a * f + (1 - a) * b)) / (a * a + (1 - a) * (1 - a))
    return f + a * miss, b + (1 - a) * miss


@njit(cache=True, nogil=True)
def _told_anew(picture: Pixels, front: Pixels, back: Pixels, cover: int) -> int:
    """The cover that lies on the way from what was filled in behind to what is in front.

    What a matte is off by would else tint the back, and stay as a rim when the front
    moves.
    """
    a = cover / 255.0
    along = across = 0.0
    for c in range(3):
        f, b = float(front[c]), float(back[c])
        across += (f - b) * (f - b)
        along += (float(picture[c]) - (a * f + (1 - a) * b)) * (f - b)
    if across < _TOLD_APART**2:
        return cover
    most = _ANEW * min(a, 1 - a)
    a += min(max(along / across, -most), most)
    return int(np.round(255.0 * a))


@njit(cache=True, nogil=True)
def _enough(picture: Pixels, front: Pixels, back: Pixels, cover: int) -> int:
    """The least cover with which no colour in front has to leave what can be shown.

    What is lacking would be taken from the back, and stay there when the front moves.
    """
    least = float(cover)
    for c in range(3):
        goal = float(picture[c])
        _, b = _blamed(goal, float(front[c]), float(back[c]), cover / 255.0)
        b = _level(b)
        if goal < b:
            least = max(least, 255.0 * (1.0 - goal / b))
        elif goal > b:
            least = max(least, 255.0 * (goal - b) / (255.0 - b))
    return int(np.ceil(least))


@njit(cache=True, nogil=True, parallel=True)
def _over(picture: Pixels, rgba: Pixels) -> None:
    height, width = picture.shape[0], picture.shape[1]
    for y in prange(height):
        for x in range(width):
            cover = np.int32(rgba[y, x, 3])
            if cover == 0:
                continue
            for c in range(3):
                mixed = rgba[y, x, c] * cover + picture[y, x, c] * (255 - cover)
                picture[y, x, c] = np.uint8((mixed + 127) // 255)
