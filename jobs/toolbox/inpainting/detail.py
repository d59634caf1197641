"""A fill at full size: its tones, and the fine part of what its matches point at."""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting.membranes import membrane
from jobs.toolbox.inpainting.patches import Level, Offsets, mirrored
from jobs.toolbox.inpainting.sizes import Floats, Mask

# Copied detail is never quite in its place: at this share of the detail around, the
# fill neither looks washed out nor strays far from the truth.
_DETAIL = 0.63
# What is finer than this, at working size and at full size, is detail.
_FINE_PX, _FINE_FULL_PX = 0.95, 1.7
# A match with less than this share of the detail beside its place is a wrong one; in a
# mean of so low a power a few strong edges, which are no texture, hardly count.
_BARE, _EVENLY = 0.86, 0.125
_MOST_GAIN = 1.6
# Detail this many times as strong as is usual beside it is an edge.
_SCRATCH = 3.0
# How many places may show the same spot, where there are as many spots as places.
_OFTEN = 6
# How far around a place, at working size, its detail is measured.
_BESIDE_PX = 17


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What the missing part may look like; all at working size."""

    base: Floats  # calm tones
    patched: Floats  # what the patches say
    lead: Floats  # 0 to 1: how far the patches lead
    offsets: Offsets  # where each place takes its detail from
    most: Floats  # ... and how much of it, in grey levels at this size


def at_full_size(rgb: Pixels, hole: Mask, level: Level, guess: Guess) -> Pixels:
    """Tones as far as each guess leads, and the fine part of what the matches point at."""
    height, width = hole.shape
    small = (level.hole.shape[1], level.hole.shape[0])
    # Never finer than eyes part detail from tone at full size.
    fine_px = max(_FINE_PX, _FINE_FULL_PX * small[0] / width)
    calm = np.asarray(cv2.GaussianBlur(guess.patched, (0, 0), fine_px), np.float32)
    tones = guess.base + guess.lead[..., None] * (calm - guess.base)
    # Where the patches are in their place their detail is, too.
    strength = np.maximum(_gain(level, guess, fine_px), guess.lead)
    filled = rgb.copy()
    _copy(
        filled,
        rgb,
        hole,
        tones.astype(np.float32),
        _means(level, fine_px),
        guess.offsets,
        small[1] / height,
        small[0] / width,
        strength.astype(np.float32),
        # Shrinking has averaged grain away.
        (guess.most * width / small[0]).astype(np.float32),
    )
    return filled


def _means(level: Level, fine_px: float) -> Floats:
    """What is left of the source once its fine part is taken off, at working size."""
    calm = membrane(level.picture[..., :3].copy(), ~level.hole)
    return np.asarray(cv2.GaussianBlur(calm, (0, 0), fine_px), np.float32)


def _gain(level: Level, guess: Guess, fine_px: float) -> Floats:
    """How strongly to copy detail for each place to have its share of that beside it.

    A hole may lie over sand and sky: what is beside one of its ends says nothing of
    the other.
    """
    energy = _energy(level, fine_px)
    brought = np.minimum(_copied(level, energy, guess.offsets), 3 * guess.most**2)
    around, copied = _beside(level, energy), _mean_within(brought, level.hole)
    # Half by what is beside each place, half by all that is beside the hole.
    whole = float(around[level.hole].mean()) / max(
        float(copied[level.hole].mean()), 1e-3
    )
    gain = _DETAIL * np.sqrt(0.5 * (around / np.maximum(copied, 1e-3) + whole))
    return np.asarray(np.clip(gain, 0.3, _MOST_GAIN), np.float32)


def with_detail(level: Level, offsets: Offsets) -> tuple[Offsets, Floats]:
    """The matches, but from its own ground's edge where one has no detail to give.

    Under a smooth base smooth patches match best: they would leave a sea its sky, or
    make a sky of its one calmest spot, again and again. From there comes grain alone:
    an edge without its shapes looks like a scratch.
    """
    even = _energy(level, _FINE_PX) ** _EVENLY
    usual = _beside(level, even)
    brought = _mean_within(_copied(level, even, offsets), level.hole)
    bare = brought < _BARE * usual
    wrong = (bare | _overused(level, offsets)) & level.hole
    grain = _SCRATCH * np.sqrt(usual ** (1 / _EVENLY) / 3)
    most = np.where(wrong, grain, 255).astype(np.float32)
    return np.where(wrong[..., None], mirrored(level), offsets), most


def _overused(level: Level, offsets: Offsets) -> Mask:
    """Where a match points at a spot that many others point at, too."""
    ys, xs = np.nonzero(level.hole)
    at = ys + offsets[ys, xs, 0], xs + offsets[ys, xs, 1]
    uses = np.zeros(level.hole.shape, np.float32)
    np.add.at(uses, at, 1)
    often = cv2.blur(uses, (3, 3))[at] > _OFTEN * max(1, len(ys) / level.usable.sum())
    found = np.zeros(level.hole.shape, np.bool_)
    found[ys, xs] = often
    return found


def _energy(level: Level, fine_px: float) -> Floats:
    fine = level.picture[..., :3] - _means(level, fine_px)
    return np.where(level.hole, 0, (fine**2).sum(axis=2)).astype(np.float32)


def _beside(level: Level, energy: Floats) -> Floats:
    """How strong detail is beside each place of the hole."""
    around = _mean_within(energy, ~level.hole)
    # Twice, since OpenCV drops a channel that is alone.
    return membrane(np.dstack([around, around]), ~level.hole)[..., 0]


def _copied(level: Level, energy: Floats, offsets: Offsets) -> Floats:
    """How strong the detail is that the matches would bring, place by place."""
    ys, xs = np.nonzero(level.hole)
    from_y = np.clip(ys + offsets[ys, xs, 0], 0, level.hole.shape[0] - 1)
    from_x = np.clip(xs + offsets[ys, xs, 1], 0, level.hole.shape[1] - 1)
    copied = np.zeros_like(energy)
    copied[ys, xs] = energy[from_y, from_x]
    return copied


def _mean_within(values: Floats, mask: Mask) -> Floats:
    """The mean of what is near, of the masked pixels alone."""
    side = (_BESIDE_PX, _BESIDE_PX)
    mass = cv2.blur(mask.astype(np.float32), side)
    total = cv2.blur(np.where(mask, values, 0).astype(np.float32), side)
    return np.asarray(total / np.maximum(mass, 1e-6), np.float32)


@njit(cache=True, nogil=True)
def _bilinear(image: Floats, y: float, x: float, channel: int) -> float:
    height, width = image.shape[0], image.shape[1]
    y = min(max(y, 0.0), height - 1.001)
    x = min(max(x, 0.0), width - 1.001)
    top, left = int(y), int(x)
    fy, fx = y - top, x - left
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = image[top, left, channel] * (1 - fx) + image[top, right, channel] * fx
    lower = image[bottom, left, channel] * (1 - fx) + image[bottom, right, channel] * fx
    return float(upper * (1 - fy) + lower * fy)


@njit(cache=True, nogil=True, parallel=True)
def _copy(
    filled: Pixels,
    rgb: Pixels,
    hole: Mask,
    base: Floats,
    means: Floats,
    offsets: Offsets,
    scale_y: float,
    scale_x: float,
    detail: Floats,
    most: Floats,
) -> None:
    """Coarse tone plus the fine part of the pixel that the best match points at."""
    height, width = hole.shape
    small_h, small_w = offsets.shape[0], offsets.shape[1]
    for y in prange(height):
        for x in range(width):
            if not hole[y, x]:
                continue
            cy = min(int(y * scale_y), small_h - 1)
            cx = min(int(x * scale_x), small_w - 1)
            sy = round(y + offsets[cy, cx, 0] / scale_y)
            sx = round(x + offsets[cy, cx, 1] / scale_x)
            sy = min(max(sy, 0), height - 1)
            sx = min(max(sx, 0), width - 1)
            strength = 0.0 if hole[sy, sx] else detail[cy, cx]
            for c in range(3):
                coarse = _bilinear(
                    base, (y + 0.5) * scale_y - 0.5, (x + 0.5) * scale_x - 0.5, c
                )
                mean = _bilinear(
                    means, (sy + 0.5) * scale_y - 0.5, (sx + 0.5) * scale_x - 0.5, c
                )
                fine = min(max(rgb[sy, sx, c] - mean, -most[cy, cx]), most[cy, cx])
                value = coarse + strength * fine
                filled[y, x, c] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
