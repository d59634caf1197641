"""Patches matched from coarse to fine (PatchMatch) that vote on what is missing. Seeded."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting.membranes import membrane
from jobs.toolbox.inpainting.sizes import (
    Floats,
    Mask,
    grown,
    shrunk,
    shrunk_colours,
    shrunk_kinds,
)

Offsets = NDArray[np.int32]

_COARSEST_PX = 40
_RADIUS = 3
# What chance finds has to be this much better than what the neighbours point at: a flat
# ground is else made of its one calmest spot, again and again.
_BY_CHANCE = 0.7
# What a spot costs that is shown as often as all would be if all were shown alike: as
# much as being off by four grey levels. It is counted in squares of this side.
_DEAR, _CELL_PX = 49 * 3 * 16.0, 4
# What is copied from beyond a rim comes in tiles of this size, so far aside.
_TILE_PX, _ASIDE_PX = 12, 18


@dataclass(frozen=True, kw_only=True)
class Level:
    """One size of the pyramid."""

    picture: Floats  # (height, width, 4): colours and the guide
    hole: Mask
    usable: Mask  # may serve as a source's middle


def pyramid(
    rgb: Pixels,
    hole: Mask,
    forbidden: Mask | None,
    guide: Floats | None,
    size: tuple[int, int],
) -> list[Level]:
    """Sizes from the working one down to a thumbnail; holes only ever grow."""
    colours = shrunk_colours(rgb, hole, size)
    small_hole = grown(hole, size)
    barred = small_hole if forbidden is None else small_hole | grown(forbidden, size)
    kinds = np.zeros(small_hole.shape, np.float32)
    if guide is not None:
        kinds = shrunk_kinds(guide, size)
    levels = []
    while True:
        picture = np.dstack([colours, kinds]).astype(np.float32)
        levels.append(Level(picture=picture, hole=small_hole, usable=_usable(barred)))
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        if max(size) < _COARSEST_PX or not _usable(grown(barred, size)).any():
            return levels
        keep = (~small_hole).astype(np.float32)
        mass = shrunk(keep, size)
        kept = shrunk(colours * keep[..., None], size)
        colours = np.asarray(kept / np.maximum(mass, 1e-4)[..., None], np.float32)
        kinds = shrunk_kinds(kinds, size)
        small_hole, barred = grown(small_hole, size), grown(barred, size)


def _usable(barred: Mask) -> Mask:
    """Where a whole patch lies on usable ground inside the frame."""
    kernel = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
    usable = cv2.dilate(barred.astype(np.uint8), kernel) == 0
    usable[:_RADIUS] = usable[-_RADIUS:] = False
    usable[:, :_RADIUS] = usable[:, -_RADIUS:] = False
    return np.asarray(usable, np.bool_)


def match(levels: list[Level], seed: int) -> tuple[Offsets, Floats] | None:
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
            vote(picture, level.picture, level.hole, level.hole, offsets)
        rounds = 5 if number >= len(levels) - 2 else 2 if number else 1
        band = np.pad(level.hole, _RADIUS, mode="edge")
        kernel = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
        near_hole = cv2.dilate(band.astype(np.uint8), kernel) > 0
        targets = near_hole[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        for turn in range(rounds):
            _search(
                picture, level.picture, targets, level.usable, offsets, 2, seed + turn
            )
            vote(picture, level.picture, level.hole, level.hole, offsets)
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
    return _moved_onto_usable(level, ys + 2 * coarse[..., 0], xs + 2 * coarse[..., 1])


def mirrored(level: Level) -> Offsets:
    """For each tile what lies about as far beyond the nearest usable place.

    It is its own ground. Tile by tile, each a little aside, for what is copied pixel by
    pixel from beyond a rim comes as streaks.
    """
    height, width = level.hole.shape
    here = np.indices((height, width))
    tiles = here // _TILE_PX
    middles = tuple(
        np.minimum(at * _TILE_PX + _TILE_PX // 2, side - 1)
        for at, side in zip(tiles, (height, width), strict=True)
    )
    aside = np.random.default_rng(_TILE_PX).integers(
        -_ASIDE_PX, _ASIDE_PX + 1, (2, *(tiles.max(axis=(1, 2)) + 1))
    )
    roomy = cv2.erode(level.usable.astype(np.uint8), np.ones((_TILE_PX,) * 2, np.uint8))
    whole = replace(level, usable=roomy > 0) if roomy.any() else level
    beside = _moved_onto_usable(level, here[0], here[1])
    there = here + 2 * np.moveaxis(beside, -1, 0) + aside[:, tiles[0], tiles[1]]
    moved = _moved_onto_usable(whole, there[0], there[1])[middles]
    return _moved_onto_usable(level, here[0] + moved[..., 0], here[1] + moved[..., 1])


def _moved_onto_usable(
    level: Level, target_y: NDArray[np.int64], target_x: NDArray[np.int64]
) -> Offsets:
    """Offsets to these targets, or to the usable place nearest to each."""
    height, width = level.hole.shape
    _, nearest = cv2.distanceTransformWithLabels(
        (~level.usable).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(level.usable)
    place = np.zeros(int(nearest.max()) + 1, np.int64)
    place[nearest[rows, columns]] = np.arange(len(rows))
    target = np.clip(target_y, 0, height - 1), np.clip(target_x, 0, width - 1)
    at = place[nearest[target]]
    ys, xs = np.indices((height, width))
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
    uses = _uses(targets, offsets)
    rate = _DEAR * usable.sum() / max(targets.sum(), 1) / _CELL_PX**2
    state = np.uint32(747796405 * (seed + 1) + 2891336453)
    for sweep in range(sweeps):
        step = 1 if sweep % 2 == 0 else -1
        for row in range(height):
            y = row if step == 1 else height - 1 - row
            for column in range(width):
                x = column if step == 1 else width - 1 - column
                if targets[y, x]:
                    state = _improve(
                        picture,
                        source,
                        targets,
                        usable,
                        offsets,
                        uses,
                        rate,
                        y,
                        x,
                        step,
                        state,
                    )


@njit(cache=True, nogil=True)
def _uses(targets: Mask, offsets: Offsets) -> Floats:
    """How often each square of the source is shown."""
    height, width = targets.shape
    uses = np.zeros((height // _CELL_PX + 1, width // _CELL_PX + 1), np.float32)
    for y in range(height):
        for x in range(width):
            if targets[y, x]:
                sy, sx = y + offsets[y, x, 0], x + offsets[y, x, 1]
                uses[sy // _CELL_PX, sx // _CELL_PX] += 1
    return uses


@njit(cache=True, nogil=True)
def _improve(
    picture: Floats,
    source: Floats,
    targets: Mask,
    usable: Mask,
    offsets: Offsets,
    uses: Floats,
    rate: float,
    y: int,
    x: int,
    step: int,
    state: np.uint32,
) -> np.uint32:
    """Look for a better match for one place; gives chance's next state."""
    height, width = targets.shape
    by, bx = y + offsets[y, x, 0], x + offsets[y, x, 1]
    uses[by // _CELL_PX, bx // _CELL_PX] -= 1
    best = _price(picture, source, usable, uses, rate, y, x, by, bx, np.inf)
    for ny, nx in ((y - step, x), (y, x - step)):
        if 0 <= ny < height and 0 <= nx < width and targets[ny, nx]:
            sy, sx = y + offsets[ny, nx, 0], x + offsets[ny, nx, 1]
            value = _price(picture, source, usable, uses, rate, y, x, sy, sx, best)
            if value < best:
                best, by, bx = value, sy, sx
    best *= _BY_CHANCE
    reach = max(height, width) // 2
    while reach >= 1:
        state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
        sy = by + int(state >> np.uint32(8)) % (2 * reach + 1) - reach
        state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
        sx = bx + int(state >> np.uint32(8)) % (2 * reach + 1) - reach
        value = _price(picture, source, usable, uses, rate, y, x, sy, sx, best)
        if value < best:
            best, by, bx = value, sy, sx
        reach //= 2
    uses[by // _CELL_PX, bx // _CELL_PX] += 1
    offsets[y, x, 0], offsets[y, x, 1] = by - y, bx - x
    return state


@njit(cache=True, nogil=True)
def _price(
    picture: Floats,
    source: Floats,
    usable: Mask,
    uses: Floats,
    rate: float,
    y: int,
    x: int,
    sy: int,
    sx: int,
    best: float,
) -> float:
    """How unlike a spot is, and how often it is shown already; at least the best is bad."""
    if not (0 <= sy < usable.shape[0] and 0 <= sx < usable.shape[1] and usable[sy, sx]):
        return np.inf
    dear = rate * uses[sy // _CELL_PX, sx // _CELL_PX]
    if dear >= best:
        return np.inf
    return float(dear + _distance(picture, source, y, x, sy, sx, best - dear))


@njit(cache=True, nogil=True)
def vote(
    picture: Floats, source: Floats, targets: Mask, hole: Mask, offsets: Offsets
) -> None:
    """Each target becomes the mean of what the patches around say."""
    height, width = hole.shape
    for y in range(height):
        for x in range(width):
            if not targets[y, x]:
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
