"""Filling what was hidden, from what is seen elsewhere in the same picture.

Patches are matched from coarse to fine (PatchMatch) and vote for the missing
colours; the matches found on a small picture then copy full-size detail. Every
step is sequential and seeded, so the same hole is filled the same way each time.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Offsets = NDArray[np.int32]

_WORK_PX = 512
_COARSEST_PX = 40
_RADIUS = 3
# What is copied is mixed of all patches that cover a pixel, which washes detail
# out; the fine part is taken from the best patch alone, at this strength.
_DETAIL = 0.62
# How far the fill's wide tones follow the rim instead of the patches' sources.
_TONE = 0.7
_TONE_SHARE = 150


@dataclass(frozen=True, kw_only=True)
class Level:
    """One size of the pyramid."""

    picture: Floats  # (height, width, 4): colours and the guide
    hole: Mask
    usable: Mask  # may serve as a source's middle


def fill(
    rgb: Pixels,
    hole: Mask,
    *,
    forbidden: Mask | None = None,
    guide: Floats | None = None,
    seed: int = 1,
) -> Pixels:
    """Fill the hole. `forbidden` is known but no source; `guide` tells kinds apart."""
    if not hole.any():
        return rgb.copy()
    if hole.all():
        return np.full_like(rgb, 128)
    height, width = hole.shape
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    levels = _pyramid(rgb, hole, forbidden, guide, size)
    match = _match(levels, seed)
    if match is None:
        return smooth(rgb, hole)
    finest, picture = match
    return _at_full_size(rgb, hole, levels[0], finest, picture)


def smooth(rgb: Pixels, hole: Mask) -> Pixels:
    """Fill by soft interpolation alone: right for slivers and empty skies."""
    spread = membrane(rgb.astype(np.float32), ~hole)
    filled = rgb.copy()
    filled[hole] = np.clip(spread[hole] + 0.5, 0, 255).astype(np.uint8)
    return filled


def membrane(values: Floats, known: Mask) -> Floats:
    """Carry known values smoothly over the rest: pull to coarse sizes, push back."""
    height, width = known.shape
    weight = known.astype(np.float32)
    if min(height, width) <= 2 or weight.min() > 0:
        total = max(float(weight.sum()), 1e-6)
        mean = (values * weight[..., None]).sum(axis=(0, 1)) / total
        return np.where(weight[..., None] > 0, values, mean).astype(np.float32)
    half = ((width + 1) // 2, (height + 1) // 2)
    pulled_weight = _resized(weight, half)
    pulled = _resized(values * weight[..., None], half)
    mean = np.asarray(pulled / np.maximum(pulled_weight, 1e-6)[..., None], np.float32)
    coarse = membrane(mean, pulled_weight > 0)
    pushed = np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    mixed = np.where(weight[..., None] > 0, values, pushed)
    for _ in range(2):
        mixed = np.where(weight[..., None] > 0, values, cv2.blur(mixed, (3, 3)))
    return mixed.astype(np.float32)


def _resized(image: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _pyramid(
    rgb: Pixels,
    hole: Mask,
    forbidden: Mask | None,
    guide: Floats | None,
    size: tuple[int, int],
) -> list[Level]:
    """Sizes from the working one down to a thumbnail; holes only ever grow."""
    colours = _resized_colours(rgb, hole, size)
    small_hole = _grown(hole, size)
    barred = small_hole if forbidden is None else small_hole | _grown(forbidden, size)
    kinds = np.zeros(small_hole.shape, np.float32)
    if guide is not None:
        kinds = np.asarray(
            cv2.resize(guide, size, interpolation=cv2.INTER_NEAREST), np.float32
        )
    levels = []
    while True:
        picture = np.dstack([colours, kinds]).astype(np.float32)
        levels.append(Level(picture=picture, hole=small_hole, usable=_usable(barred)))
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        if max(size) < _COARSEST_PX or not _usable(_grown(barred, size)).any():
            return levels
        keep = (~small_hole).astype(np.float32)
        mass = _resized(keep, size)
        kept = _resized(colours * keep[..., None], size)
        colours = np.asarray(kept / np.maximum(mass, 1e-4)[..., None], np.float32)
        kinds = np.asarray(
            cv2.resize(kinds, size, interpolation=cv2.INTER_NEAREST), np.float32
        )
        small_hole, barred = _grown(small_hole, size), _grown(barred, size)


def _resized_colours(rgb: Pixels, hole: Mask, size: tuple[int, int]) -> Floats:
    """Shrink without mixing in what lies in the hole."""
    keep = np.where(hole, 0, 255).astype(np.uint8)
    mass = (
        np.asarray(cv2.resize(keep, size, interpolation=cv2.INTER_AREA), np.float32)
        / 255
    )
    clean = cv2.bitwise_and(rgb, rgb, mask=keep)
    total = np.asarray(
        cv2.resize(clean, size, interpolation=cv2.INTER_AREA), np.float32
    )
    return np.asarray(total / np.maximum(mass, 1e-3)[..., None], np.float32)


def _grown(mask: Mask, size: tuple[int, int]) -> Mask:
    share = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    return np.asarray(share > 40, np.bool_)


def _usable(barred: Mask) -> Mask:
    """Where a whole patch lies on usable ground inside the frame."""
    kernel = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
    usable = cv2.dilate(barred.astype(np.uint8), kernel) == 0
    usable[:_RADIUS] = usable[-_RADIUS:] = False
    usable[:, :_RADIUS] = usable[:, -_RADIUS:] = False
    return np.asarray(usable, np.bool_)


def _match(levels: list[Level], seed: int) -> tuple[Offsets, Floats] | None:
    """Match and vote from the coarsest level up; None when there is no source at all."""
    if not levels[-1].usable.any():
        return None
    offsets: Offsets | None = None
    picture = np.empty(0, np.float32)
    for number in range(len(levels) - 1, -1, -1):
        level = levels[number]
        if offsets is None:
            start = membrane(level.picture[..., :3].copy(), ~level.hole)
            picture = np.dstack([start, level.picture[..., 3]]).astype(np.float32)
            offsets = _random_start(level, seed)
        else:
            offsets = _doubled(offsets, level)
            picture = level.picture.copy()
            _vote(picture, level.picture, level.hole, offsets)
        rounds = 5 if number >= len(levels) - 2 else 2 if number else 1
        band = np.pad(level.hole, _RADIUS, mode="edge")
        kernel = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
        near_hole = cv2.dilate(band.astype(np.uint8), kernel) > 0
        targets = near_hole[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        for turn in range(rounds):
            _search(
                picture, level.picture, targets, level.usable, offsets, 2, seed + turn
            )
            _vote(picture, level.picture, level.hole, offsets)
    assert offsets is not None
    return offsets, picture


def _random_start(level: Level, seed: int) -> Offsets:
    rows, columns = np.nonzero(level.usable)
    pick = np.random.default_rng(seed).integers(0, len(rows), level.hole.shape)
    ys, xs = np.indices(level.hole.shape)
    return np.stack([rows[pick] - ys, columns[pick] - xs], axis=-1).astype(np.int32)


def _doubled(offsets: Offsets, level: Level) -> Offsets:
    """Carry matches to the next finer size; what falls on bad ground is moved off it."""
    height, width = level.hole.shape
    ys, xs = np.indices((height, width))
    coarse = offsets[
        np.minimum(ys // 2, offsets.shape[0] - 1),
        np.minimum(xs // 2, offsets.shape[1] - 1),
    ]
    target_y = np.clip(ys + 2 * coarse[..., 0], 0, height - 1)
    target_x = np.clip(xs + 2 * coarse[..., 1], 0, width - 1)
    _, nearest = cv2.distanceTransformWithLabels(
        (~level.usable).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(level.usable)
    place = np.zeros(int(nearest.max()) + 1, np.int64)
    place[nearest[rows, columns]] = np.arange(len(rows))
    at = place[nearest[target_y, target_x]]
    return np.stack([rows[at] - ys, columns[at] - xs], axis=-1).astype(np.int32)


@njit(cache=True, nogil=True)
def _distance(
    picture: Floats, source: Floats, y: int, x: int, sy: int, sx: int, best: float
) -> float:
    height, width = picture.shape[0], picture.shape[1]
    total = 0.0
    for dy in range(-3, 4):
        ty = min(max(y + dy, 0), height - 1)
        for dx in range(-3, 4):
            tx = min(max(x + dx, 0), width - 1)
            a = picture[ty, tx, 0] - source[sy + dy, sx + dx, 0]
            b = picture[ty, tx, 1] - source[sy + dy, sx + dx, 1]
            c = picture[ty, tx, 2] - source[sy + dy, sx + dx, 2]
            k = picture[ty, tx, 3] - source[sy + dy, sx + dx, 3]
            total += a * a + b * b + c * c + k * k
        if total >= best:
            return best
    return total


@njit(cache=True, nogil=True)
def _search(
    picture: Floats,
    source: Floats,
    targets: Mask,
    usable: Mask,
    offsets: Offsets,
    sweeps: int,
    seed: int,
) -> None:
    """PatchMatch: try the neighbours' matches, then chance around the best so far."""
    height, width = targets.shape
    state = np.uint32(747796405 * (seed + 1) + 2891336453)
    for sweep in range(sweeps):
        step = 1 if sweep % 2 == 0 else -1
        for row in range(height):
            y = row if step == 1 else height - 1 - row
            for column in range(width):
                x = column if step == 1 else width - 1 - column
                if not targets[y, x]:
                    continue
                by, bx = offsets[y, x, 0], offsets[y, x, 1]
                best = _distance(picture, source, y, x, y + by, x + bx, 1e30)
                for turn in range(2):
                    ny = y - step if turn == 0 else y
                    nx = x if turn == 0 else x - step
                    if 0 <= ny < height and 0 <= nx < width and targets[ny, nx]:
                        sy, sx = y + offsets[ny, nx, 0], x + offsets[ny, nx, 1]
                        if 0 <= sy < height and 0 <= sx < width and usable[sy, sx]:
                            value = _distance(picture, source, y, x, sy, sx, best)
                            if value < best:
                                best, by, bx = value, sy - y, sx - x
                reach = max(height, width) // 2
                while reach >= 1:
                    state = np.uint32(
                        state * np.uint32(1664525) + np.uint32(1013904223)
                    )
                    jump_y = int(state >> np.uint32(8)) % (2 * reach + 1) - reach
                    state = np.uint32(
                        state * np.uint32(1664525) + np.uint32(1013904223)
                    )
                    jump_x = int(state >> np.uint32(8)) % (2 * reach + 1) - reach
                    sy, sx = y + by + jump_y, x + bx + jump_x
                    if 0 <= sy < height and 0 <= sx < width and usable[sy, sx]:
                        value = _distance(picture, source, y, x, sy, sx, best)
                        if value < best:
                            best, by, bx = value, sy - y, sx - x
                    reach //= 2
                offsets[y, x, 0], offsets[y, x, 1] = by, bx


@njit(cache=True, nogil=True, parallel=True)
def _vote(picture: Floats, source: Floats, hole: Mask, offsets: Offsets) -> None:
    """Each missing pixel becomes the mean of what the patches around say."""
    height, width = hole.shape
    for y in prange(height):
        for x in range(width):
            if not hole[y, x]:
                continue
            red = green = blue = mass = 0.0
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    ny, nx = y + dy, x + dx
                    if not (0 <= ny < height and 0 <= nx < width):
                        continue
                    sy, sx = y + offsets[ny, nx, 0], x + offsets[ny, nx, 1]
                    if not (0 <= sy < height and 0 <= sx < width) or hole[sy, sx]:
                        continue
                    w = 1.0 / (1.0 + dy * dy + dx * dx)
                    red += w * source[sy, sx, 0]
                    green += w * source[sy, sx, 1]
                    blue += w * source[sy, sx, 2]
                    mass += w
            if mass > 0:
                picture[y, x, 0] = red / mass
                picture[y, x, 1] = green / mass
                picture[y, x, 2] = blue / mass


def _at_full_size(
    rgb: Pixels, hole: Mask, level: Level, offsets: Offsets, voted: Floats
) -> Pixels:
    """Copy full-size detail along the small picture's matches, then even the tones out."""
    height, width = hole.shape
    small = level.hole.shape
    base = _tones(rgb, hole, voted, level)
    filled = rgb.copy()
    _copy(
        filled,
        rgb,
        hole,
        base,
        _means(rgb, level),
        offsets,
        small[0] / height,
        small[1] / width,
        _DETAIL,
    )
    return filled


def _means(rgb: Pixels, level: Level) -> Floats:
    """What is left of the source once its fine part is taken off, at working size."""
    known = level.picture[..., :3].copy()
    calm = membrane(known, ~level.hole)
    return np.asarray(cv2.GaussianBlur(calm, (0, 0), 1.2), np.float32)


def _tones(rgb: Pixels, hole: Mask, voted: Floats, level: Level) -> Floats:
    """The coarse part of the fill: the votes, made to meet the rim without a step."""
    votes = voted[..., :3]
    calm = np.asarray(cv2.GaussianBlur(votes, (0, 0), 1.2), np.float32)
    soft = membrane(level.picture[..., :3].copy(), ~level.hole)
    # Patches know structure, the rim knows the tone: a wide blur parts the two.
    wide = max(level.hole.shape) / _TONE_SHARE
    drift = cv2.GaussianBlur(soft - votes, (0, 0), wide)
    return np.asarray(calm + _TONE * drift, np.float32)


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
    detail: float,
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
            strength = 0.0 if hole[sy, sx] else detail
            for c in range(3):
                coarse = _bilinear(
                    base, (y + 0.5) * scale_y - 0.5, (x + 0.5) * scale_x - 0.5, c
                )
                mean = _bilinear(
                    means, (sy + 0.5) * scale_y - 0.5, (sx + 0.5) * scale_x - 0.5, c
                )
                value = coarse + strength * (rgb[sy, sx, c] - mean)
                filled[y, x, c] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
