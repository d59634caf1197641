"""Filling what was hidden, from what is seen elsewhere in the same picture.

Two guesses are made of the wide tones: patches matched from coarse to fine
(PatchMatch) that vote, and a membrane stretched along the way the surroundings run.
A rim of known pixels is covered up as well and filled by both: where the patches
were right they lead, elsewhere the membrane does. Fine detail is always copied, at
full size, along the matches. Every step is seeded: the same hole, the same fill.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from jobs.toolbox import membranes, repeats
from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Offsets = NDArray[np.int32]

_WORK_PX = 512
_COARSEST_PX = 40
_RADIUS = 3
# Copied detail is never quite in its place: at this share of the detail around, the
# fill neither looks washed out nor strays far from the truth.
_DETAIL = 0.56
# The size at which the two guesses are compared, and how wide a rim is covered up.
_TRIAL_PX = 192
_RIM_PX = 6
# No surroundings run more one way than this.
_STRETCH = 4.0
# The membrane is calm: solving it on a small picture loses nothing.
_SPAN_PX = 400
# How far the fill's wide tones follow the rim instead of the patches' sources.
_TONE = 0.7
_TONE_SHARE = 150
# What is finer than this, at working size, is detail.
_FINE_PX = 1.6


@dataclass(frozen=True, kw_only=True)
class Level:
    """One size of the pyramid."""

    picture: Floats  # (height, width, 4): colours and the guide
    hole: Mask
    usable: Mask  # may serve as a source's middle


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What the missing part may look like; all at working size."""

    base: Floats  # the membrane's tones
    trust: Floats  # 0 to 1: how far the patches' tones are to be believed instead
    offsets: Offsets
    voted: Floats


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
    barred = hole if forbidden is None else hole | forbidden
    shift = repeats.find_shift(rgb, hole, barred)
    if shift is not None:
        rgb, hole = _repeated(rgb, hole, barred, shift)
        if not hole.any():
            return rgb
    height, width = hole.shape
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    levels = _pyramid(rgb, hole, forbidden, guide, size)
    match = _match(levels, seed)
    if match is None:
        return smooth(rgb, hole)
    finest, picture = match
    guess = Guess(
        base=stretched(rgb, hole),
        trust=_trust(rgb, hole, forbidden, guide, seed),
        offsets=finest,
        voted=picture,
    )
    return _at_full_size(rgb, hole, levels[0], guess)


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
    patched[done] = np.clip(moved + _wide(drift) + 0.5, 0, 255).astype(np.uint8)[done]
    return patched, hole & ~there


def smooth(rgb: Pixels, hole: Mask) -> Pixels:
    """Fill by soft interpolation alone: right for slivers and empty skies."""
    spread = membrane(rgb.astype(np.float32), ~hole)
    filled = rgb.copy()
    filled[hole] = np.clip(spread[hole] + 0.5, 0, 255).astype(np.uint8)
    return filled


def stretched(rgb: Pixels, hole: Mask) -> Floats:
    """A membrane over the hole, stiffer along the way that the surroundings run."""
    height, width = hole.shape
    scale = min(1.0, _SPAN_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    known = ~_grown(hole, size)
    stretch = _run_of(rgb, hole) ** 1.5
    spread = membranes.span(_resized_colours(rgb, hole, size), known, stretch=stretch)
    scale = min(1.0, _WORK_PX / max(height, width))
    full = (max(16, round(width * scale)), max(16, round(height * scale)))
    return np.asarray(cv2.resize(spread, full, interpolation=cv2.INTER_LINEAR))


def _run_of(rgb: Pixels, hole: Mask) -> float:
    """How much more structure runs across (above 1) than down (below 1) around a hole."""
    scale = min(1.0, 450 / max(hole.shape))
    size = (max(8, round(hole.shape[1] * scale)), max(8, round(hole.shape[0] * scale)))
    grey = cv2.cvtColor(
        np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8),
        cv2.COLOR_RGB2GRAY,
    )
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    small = _grown(hole, size).astype(np.uint8)
    ring = cv2.dilate(small, np.ones((21, 21), np.uint8))
    ring = (ring > 0) & (cv2.dilate(small, np.ones((5, 5), np.uint8)) == 0)
    if not ring.any():
        return 1.0
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0)[ring]
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1)[ring]
    ratio = np.sqrt(float((dy**2).mean()) / max(float((dx**2).mean()), 1e-6))
    return float(np.clip(ratio, 1 / _STRETCH, _STRETCH))


def _trust(
    rgb: Pixels, hole: Mask, forbidden: Mask | None, guide: Floats | None, seed: int
) -> Floats:
    """Cover up a rim of what is known and see which guess comes nearer to it, where."""
    height, width = hole.shape
    scale = min(1.0, _TRIAL_PX / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = np.clip(_resized_colours(rgb, hole, size), 0, 255).astype(np.uint8)
    gone = _grown(hole, size)
    barred = gone if forbidden is None else gone | _grown(forbidden, size)
    side = 2 * min(_RIM_PX, max(2, min(size) // 16)) + 1
    covered = cv2.dilate(gone.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    rim = covered & ~gone
    kinds = None
    if guide is not None:
        kinds = np.asarray(
            cv2.resize(guide, size, interpolation=cv2.INTER_NEAREST), np.float32
        )
    levels = _pyramid(small, covered, barred, kinds, size)
    match = None if covered.all() else _match(levels, seed)
    if match is None or not rim.any():
        return np.zeros((size[1], size[0]), np.float32)
    told = _wide(small.astype(np.float32))
    misses = [
        ((_wide(guess) - told) ** 2).sum(axis=2).astype(np.float32)
        for guess in (match[1][..., :3], stretched(small, covered))
    ]
    spread = membrane(np.dstack(misses).astype(np.float32), rim)
    by_patch, by_membrane = (_wide(spread[..., n]) + 4.0 for n in (0, 1))
    # Patches must be clearly right: a membrane is never far off, a wrong patch is.
    return np.asarray(np.clip(by_membrane / by_patch - 1.2, 0, 1), np.float32)


def _wide(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)


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


def _at_full_size(rgb: Pixels, hole: Mask, level: Level, guess: Guess) -> Pixels:
    """The tones that are trusted, and the fine part of what the matches point at."""
    height, width = hole.shape
    small = (level.hole.shape[1], level.hole.shape[0])
    trust = np.asarray(cv2.resize(guess.trust, small), np.float32)[..., None]
    # Never finer than eyes part detail from tone at full size.
    fine_px = max(_FINE_PX, 2.6 * small[0] / width)
    tones = _tones(guess.voted, guess.base, fine_px)
    base = (trust * tones + (1 - trust) * guess.base).astype(np.float32)
    gain = _gain(level, guess, fine_px)
    # Where the patches are in their place their detail is, too.
    strength = np.maximum(gain, trust[..., 0]).astype(np.float32)
    filled = rgb.copy()
    _copy(
        filled,
        rgb,
        hole,
        base,
        _means(level, fine_px),
        guess.offsets,
        small[1] / height,
        small[0] / width,
        strength,
    )
    return filled


def _means(level: Level, fine_px: float) -> Floats:
    """What is left of the source once its fine part is taken off, at working size."""
    calm = membrane(level.picture[..., :3].copy(), ~level.hole)
    return np.asarray(cv2.GaussianBlur(calm, (0, 0), fine_px), np.float32)


def _tones(voted: Floats, base: Floats, fine_px: float) -> Floats:
    """The patches' coarse part, made to meet the rim without a step."""
    votes = voted[..., :3]
    calm = np.asarray(cv2.GaussianBlur(votes, (0, 0), fine_px), np.float32)
    # Patches know structure, the rim knows the tone: a wide blur parts the two.
    wide = max(votes.shape[:2]) / _TONE_SHARE
    drift = cv2.GaussianBlur(base - votes, (0, 0), wide)
    return np.asarray(calm + _TONE * drift, np.float32)


def _gain(level: Level, guess: Guess, fine_px: float) -> float:
    """How strongly to copy detail for the fill to have its share of that around it."""
    known = (~level.hole).astype(np.float32)
    fine = level.picture[..., :3] - _means(level, fine_px)
    energy = np.where(level.hole, 0, (fine**2).sum(axis=2)).astype(np.float32)
    reach = cv2.dilate(level.hole.astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    around = float(energy[reach & (known > 0)].mean()) if reach.any() else 0.0
    ys, xs = np.nonzero(level.hole)
    from_y = np.clip(ys + guess.offsets[ys, xs, 0], 0, level.hole.shape[0] - 1)
    from_x = np.clip(xs + guess.offsets[ys, xs, 1], 0, level.hole.shape[1] - 1)
    copied = float(energy[from_y, from_x].mean()) if len(ys) else 0.0
    if copied <= 0:
        return _DETAIL
    return float(np.clip(_DETAIL * np.sqrt(around / copied), 0.3, 1.3))


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
                value = coarse + strength * (rgb[sy, sx, c] - mean)
                filled[y, x, c] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
