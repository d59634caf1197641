"""Patterns that repeat: stripes, tiles, windows. One shift of the picture fills them.

All shifts are judged at once by Fourier transforms: how well the shifted picture
agrees with what is known around the hole, and how much of the hole it would cover.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting.sizes import Floats, Mask, grown, size_within

_TRIAL_PX = 256
_RIM_PX = 9
# A shift is a pattern's when it leaves less than this share of the rim's variance.
_UNEXPLAINED = 0.12
# ... and less than this share of what is left once wide tones are taken off.
_UNEXPLAINED_FINELY, _WIDE_PX = 0.6, 6.0
_COVERED = 0.97


def find_shift(rgb: Pixels, hole: Mask, barred: Mask) -> tuple[int, int] | None:
    """Where to copy from, in pixels down and across; None where nothing repeats."""
    size = size_within(hole.shape, _TRIAL_PX, least_px=16)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    gone = grown(hole, size)
    known = ~grown(barred, size)
    reach = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    rim = (cv2.dilate(gone.astype(np.uint8), reach) > 0) & ~gone & known
    if rim.sum() < 40 or not gone.any():
        return None
    miss, covered = _judge(small, rim, known, gone)
    spread = float(small[rim].var(axis=0).sum())
    price = np.where(covered >= _COVERED, miss, np.inf)
    down, across = np.unravel_index(int(np.argmin(price)), price.shape)
    if spread < 20 or price[down, across] > _UNEXPLAINED * spread:
        return None
    # Shifts beyond the middle of the transform are shifts the other way.
    shift = [
        int(at - full if at > full // 2 else at)
        for at, full in zip((down, across), price.shape, strict=True)
    ]
    if not _repeats_finely(small, rim, known, (shift[0], shift[1])):
        return None
    step = max(1.0, max(hole.shape) / _TRIAL_PX)
    return _refined(rgb, hole, barred, (shift[0] * step, shift[1] * step), step)


def shifted(picture: Floats, shift: tuple[int, int]) -> Floats:
    """The picture moved so that each place shows what it is to be filled with."""
    moved = np.roll(picture, (-shift[0], -shift[1]), axis=(0, 1))
    return np.asarray(moved, np.float32)


def reached(known: Mask, shift: tuple[int, int]) -> Mask:
    """Where the shift points at something known, inside the frame."""
    height, width = known.shape
    inside = np.roll(known, (-shift[0], -shift[1]), axis=(0, 1))
    ys, xs = np.indices(known.shape)
    inside &= (ys + shift[0] >= 0) & (ys + shift[0] < height)
    return np.asarray(inside & (xs + shift[1] >= 0) & (xs + shift[1] < width), np.bool_)


def _judge(small: Floats, rim: Mask, known: Mask, gone: Mask) -> tuple[Floats, Floats]:
    """For every shift: the mean squared miss on the rim, the share of the hole covered."""
    shape = [2 * side for side in rim.shape]

    def seen(values: NDArray[np.generic]) -> NDArray[np.complex128]:
        return np.fft.rfft2(np.asarray(values, np.float64), shape)

    def slide(
        fixed: NDArray[np.complex128], moved: NDArray[np.complex128]
    ) -> NDArray[np.float64]:
        return np.fft.irfft2(np.conj(fixed) * moved, shape)

    free, ring = seen(known), seen(rim)
    total = np.zeros(shape)
    for channel in range(3):
        plane = small[..., channel] - small[..., channel][rim].mean()
        own = plane * known
        total += slide(seen(plane**2 * rim), free) + slide(ring, seen(own**2))
        total -= 2 * slide(seen(plane * rim), seen(own))
    count = slide(ring, free)
    covered = slide(seen(gone), free) / max(float(gone.sum()), 1.0)
    enough = count > 0.6 * rim.sum()
    miss = np.where(enough, total / np.maximum(count, 1), np.inf)
    miss[0, 0] = np.inf
    return miss.astype(np.float32), covered.astype(np.float32)


def _repeats_finely(
    small: Floats, rim: Mask, known: Mask, shift: tuple[int, int]
) -> bool:
    """Whether the shift explains what is fine, too: a sky over a sea is no pattern."""
    mass = np.maximum(_wide(known.astype(np.float32)), 1e-3)[..., None]
    fine = np.asarray(small - _wide(small * known[..., None]) / mass, np.float32)
    both = rim & reached(known, shift)
    off = (fine - shifted(fine, shift))[both]
    spread = float(fine[both].var(axis=0).sum())
    return float((off**2).sum(axis=1).mean()) <= _UNEXPLAINED_FINELY * spread


def _wide(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _WIDE_PX), np.float32)


def _refined(
    rgb: Pixels, hole: Mask, barred: Mask, shift: tuple[float, float], reach: float
) -> tuple[int, int]:
    """The best whole shift at full size near one found on a smaller picture."""
    kernel = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    rim = (cv2.dilate(hole.astype(np.uint8), kernel) > 0) & ~hole & ~barred
    ys, xs = (axis[:: max(1, int(rim.sum()) // 4000)] for axis in np.nonzero(rim))
    steps = range(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    best, found = np.inf, (round(shift[0]), round(shift[1]))
    here = rgb[ys, xs].astype(np.float32)
    for down in steps:
        for across in steps:
            move = round(shift[0]) + down, round(shift[1]) + across
            at = ys + move[0], xs + move[1]
            inside = (at[0] >= 0) & (at[0] < rgb.shape[0])
            inside &= (at[1] >= 0) & (at[1] < rgb.shape[1])
            if inside.sum() < 0.5 * len(ys):
                continue
            there = rgb[at[0][inside], at[1][inside]].astype(np.float32)
            miss = float(((here[inside] - there) ** 2).mean())
            if miss < best:
                best, found = miss, move
    return found
