"""Depth and slant at every pixel, from neighbouring views.

PatchMatch stereo after Galliani et al. 2015 (red-black propagation of planes) with
the neighbour choice of Xu and Tao 2019: each pixel keeps a plane; good planes spread to
neighbours, chance changes refine them; a plane's cost is one minus the correlation
of the patch with its images in other views, of which the best few count. Coarse
first; the fine level also asks whether the neighbours' depths agree.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from scans.engines.photogrammetry.region import Region

Floats = NDArray[np.float32]

# 6 x 6 samples of an 11 x 11 window.
REACH, STRIDE, SIDE = 5, 2, 6
SAMPLES = SIDE * SIDE
SIGMA_COLOUR = 14.0
SIGMA_SPACE = 4.0
SOURCES = 6
# A view is matched with the nearest of them; all are asked when clouds are fused.
MATCHED = 4
COUNTED = 2
WORST = 2.0
GEOMETRIC_WEIGHT = 0.15
GEOMETRIC_CAP_PX = 3.0


@dataclass(frozen=True, kw_only=True)
class View:
    """A straightened grey picture, its camera, and where the thing may be in it."""

    grey: Floats  # (height, width)
    camera: Camera
    inside: NDArray[np.bool_]  # (height, width)


@dataclass(frozen=True, kw_only=True)
class DepthMap:
    """What one view found: 0 where nothing."""

    depth: Floats  # (height, width)
    normal: Floats  # (height, width, 3), of the camera, towards it
    cost: Floats  # (height, width), 0 is perfect


def region_mask(region: Region, camera: Camera) -> NDArray[np.bool_]:
    """Where the box around the thing shows in a view."""
    spots, depth = camera.project(region.corners())
    mask = np.zeros((camera.height_px, camera.width_px), np.uint8)
    if (depth <= 0).any():
        return np.ones(mask.shape, np.bool_)
    hull = cv2.convexHull(spots.astype(np.float32))
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1)
    return mask.astype(np.bool_)


def choose_sources(
    cameras: Sequence[Camera], middle: NDArray[np.float64], count: int = SOURCES
) -> list[list[int]]:
    """For each view the neighbours that look from about 5 to 25 degrees beside it."""
    rays = np.array([camera.centre - middle for camera in cameras])
    away = np.linalg.norm(rays, axis=1)
    rays /= away[:, None]
    axes = np.array([camera.forward for camera in cameras])
    angles = np.degrees(np.arccos(np.clip(rays @ rays.T, -1, 1)))
    aside = np.degrees(np.arccos(np.clip(axes @ axes.T, -1, 1)))
    chosen = []
    for view in range(len(cameras)):
        apart = angles[view]
        # Best about 12 degrees: far enough to measure, near enough to look alike.
        worth = np.where(apart < 12, (apart - 12) / 5, (apart - 12) / 14) ** 2
        worth += (np.log(away / away[view]) / 0.3) ** 2 + (aside[view] > 60) * 10
        worth[view] = np.inf
        worth[apart > 50] = np.inf
        order = np.argsort(worth)[:count]
        chosen.append([int(i) for i in order if np.isfinite(worth[i])])
    return chosen


@njit(cache=True, nogil=True, fastmath=True)
def _sample(image, x, y):  # type: ignore[no-untyped-def]
    # Every number stays 32 bits wide: mixing in a Python int would widen it.
    left, top = np.int32(x), np.int32(y)
    across, down = x - np.float32(left), y - np.float32(top)
    upper = image[top, left] + across * (image[top, left + 1] - image[top, left])
    lower = image[top + 1, left] + across * (
        image[top + 1, left + 1] - image[top + 1, left]
    )
    return upper + down * (lower - upper)


@njit(cache=True, nogil=True, fastmath=True)
def _patch(image, row, column, values, weights):  # type: ignore[no-untyped-def]
    """Fill the patch's values and weights; returns its mean and variance."""
    height, width = image.shape
    middle = image[row, column]
    total = np.float32(0.0)
    first = np.float32(0.0)
    second = np.float32(0.0)
    n = 0
    for dy in range(-REACH, REACH + 1, STRIDE):
        for dx in range(-REACH, REACH + 1, STRIDE):
            y = min(max(row + dy, 0), height - 1)
            x = min(max(column + dx, 0), width - 1)
            value = image[y, x]
            apart = value - middle
            weight = np.exp(
                -apart * apart / np.float32(2 * SIGMA_COLOUR * SIGMA_COLOUR)
                - np.float32(dx * dx + dy * dy)
                / np.float32(2 * SIGMA_SPACE * SIGMA_SPACE)
            )
            values[n], weights[n] = value, weight
            total += weight
            first += weight * value
            second += weight * value * value
            n += 1
    for k in range(n):
        weights[k] /= total
    mean = first / total
    return mean, second / total - mean * mean


@njit(cache=True, nogil=True, fastmath=True)
def _plane_cost(  # type: ignore[no-untyped-def]
    row, column, depth, nx, ny, nz, values, weights, mean, variance,
    sources, turn, shift, inverse, geometric, depths, back_turn, back_shift, costs,
):  # fmt: skip
    """The mean of the best source costs of a plane at a pixel."""
    height, width = sources.shape[1], sources.shape[2]
    x, y = np.float32(column + 0.5), np.float32(row + 0.5)
    # The plane: normal . X = distance, with X = depth * ray.
    rx = inverse[0, 0] * x + inverse[0, 2]
    ry = inverse[1, 1] * y + inverse[1, 2]
    distance = depth * (nx * rx + ny * ry + nz)
    if distance > np.float32(-1e-6):
        return np.float32(WORST)
    m0 = nx * inverse[0, 0] / distance
    m1 = ny * inverse[1, 1] / distance
    m2 = (nx * inverse[0, 2] + ny * inverse[1, 2] + nz) / distance
    wide, high = np.float32(width - 1), np.float32(height - 1)
    two = np.float32(STRIDE)
    count = sources.shape[0]
    for s in range(count):
        costs[s] = WORST
        # The homography that the plane makes between the two pictures.
        h00 = turn[s, 0, 0] + shift[s, 0] * m0
        h01 = turn[s, 0, 1] + shift[s, 0] * m1
        h02 = turn[s, 0, 2] + shift[s, 0] * m2
        h10 = turn[s, 1, 0] + shift[s, 1] * m0
        h11 = turn[s, 1, 1] + shift[s, 1] * m1
        h12 = turn[s, 1, 2] + shift[s, 1] * m2
        h20 = turn[s, 2, 0] + shift[s, 2] * m0
        h21 = turn[s, 2, 1] + shift[s, 2] * m1
        h22 = turn[s, 2, 2] + shift[s, 2] * m2
        w = h20 * x + h21 * y + h22
        if w < np.float32(1e-6):
            continue
        u = (h00 * x + h01 * y + h02) / w
        v = (h10 * x + h11 * y + h12) / w
        # Over a patch the homography is as good as affine: no division a sample.
        ux, uy = (h00 - u * h20) / w, (h01 - u * h21) / w
        vx, vy = (h10 - v * h20) / w, (h11 - v * h21) / w
        reach_u = np.float32(REACH) * (abs(ux) + abs(uy)) + np.float32(1)
        reach_v = np.float32(REACH) * (abs(vx) + abs(vy)) + np.float32(1)
        if u < reach_u or v < reach_v or u + reach_u > wide or v + reach_v > high:
            continue
        # A patch squeezed or stretched this much shows another surface.
        area = abs(ux * vy - uy * vx)
        if area < np.float32(0.1) or area > np.float32(10):
            continue
        first = np.float32(0.0)
        second = np.float32(0.0)
        mixed = np.float32(0.0)
        start_u = u - np.float32(0.5) - np.float32(REACH) * (ux + uy)
        start_v = v - np.float32(0.5) - np.float32(REACH) * (vx + vy)
        n = 0
        for _row in range(SIDE):
            su, sv = start_u, start_v
            for _column in range(SIDE):
                value = _sample(sources[s], su, sv)
                weighted = weights[n] * value
                first += weighted
                second += weighted * value
                mixed += weighted * values[n]
                n += 1
                su += two * ux
                sv += two * vx
            start_u += two * uy
            start_v += two * vy
        other = second - first * first
        if other < np.float32(0.5) or variance < np.float32(0.5):
            continue
        score = (mixed - first * mean) / np.sqrt(other * variance)
        cost = min(np.float32(1.0) - score, np.float32(WORST))
        if geometric:
            cost += np.float32(GEOMETRIC_WEIGHT) * _disagreement(
                x, y, depth, s, turn, shift, depths, back_turn, back_shift
            )
        costs[s] = cost
    # The best few count: the others may not see the spot at all.
    total = np.float32(0.0)
    counted = min(COUNTED, count)
    for _ in range(counted):
        best = 0
        for s in range(1, count):
            if costs[s] < costs[best]:
                best = s
        total += costs[best]
        costs[best] = np.float32(99.0)
    return min(total / counted, np.float32(WORST))


@njit(cache=True, nogil=True, fastmath=True)
def _disagreement(x, y, depth, s, turn, shift, depths, back_turn, back_shift):  # type: ignore[no-untyped-def]
    """How far from here, in pixels, the source's own depth leads back."""
    height, width = depths.shape[1], depths.shape[2]
    w = depth * (turn[s, 2, 0] * x + turn[s, 2, 1] * y + turn[s, 2, 2]) + shift[s, 2]
    if w < np.float32(1e-6):
        return np.float32(GEOMETRIC_CAP_PX)
    u = depth * (turn[s, 0, 0] * x + turn[s, 0, 1] * y + turn[s, 0, 2]) + shift[s, 0]
    v = depth * (turn[s, 1, 0] * x + turn[s, 1, 1] * y + turn[s, 1, 2]) + shift[s, 1]
    column, row = int(u / w), int(v / w)
    if column < 0 or row < 0 or column >= width or row >= height:
        return np.float32(GEOMETRIC_CAP_PX)
    theirs = depths[s, row, column]
    if theirs <= 0:
        return np.float32(GEOMETRIC_CAP_PX)
    # Their depth counts at the pixel's middle; the spot's own place in it is kept.
    px, py = u / w, v / w
    b = back_turn[s]
    c = back_shift[s]
    bw = theirs * (b[2, 0] * px + b[2, 1] * py + b[2, 2]) + c[2]
    if bw < np.float32(1e-6):
        return np.float32(GEOMETRIC_CAP_PX)
    bx = (theirs * (b[0, 0] * px + b[0, 1] * py + b[0, 2]) + c[0]) / bw
    by = (theirs * (b[1, 0] * px + b[1, 1] * py + b[1, 2]) + c[1]) / bw
    apart = np.sqrt((bx - x) ** 2 + (by - y) ** 2)
    return min(np.float32(apart), np.float32(GEOMETRIC_CAP_PX))


@njit(cache=True, nogil=True)
def _chance(state):  # type: ignore[no-untyped-def]
    """The next number in [0, 1), xorshift."""
    value = state[0]
    value ^= (value << np.uint32(13)) & np.uint32(0xFFFFFFFF)
    value ^= value >> np.uint32(17)
    value ^= (value << np.uint32(5)) & np.uint32(0xFFFFFFFF)
    state[0] = value
    return np.float32(value) / np.float32(4294967296.0)


@njit(cache=True, nogil=True, fastmath=True)
def _tilted(nx, ny, nz, amount, rx, ry, state):  # type: ignore[no-untyped-def]
    """A normal changed by chance that still faces the camera."""
    nx += amount * (np.float32(2) * _chance(state) - np.float32(1))
    ny += amount * (np.float32(2) * _chance(state) - np.float32(1))
    nz += amount * (np.float32(2) * _chance(state) - np.float32(1))
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    nx, ny, nz = nx / length, ny / length, nz / length
    if nx * rx + ny * ry + nz > np.float32(-0.12) * np.sqrt(rx * rx + ry * ry + 1):
        return np.float32(0), np.float32(0), np.float32(-1)
    return nx, ny, nz


@njit(cache=True, nogil=True, fastmath=True)
def _sweep(  # type: ignore[no-untyped-def]
    image, inside, sources, turn, shift, inverse, nearest, farthest,
    depth, normal, cost, colour, step, seed, fresh,
    geometric, depths, back_turn, back_shift,
):  # fmt: skip
    """One half of a sweep: every second pixel looks at its neighbours and tries luck."""
    height, width = image.shape
    values = np.empty(SAMPLES, np.float32)
    weights = np.empty(SAMPLES, np.float32)
    costs = np.empty(sources.shape[0], np.float32)
    state = np.empty(1, np.uint32)
    for row in range(height):
        for column in range((row + colour) % 2, width, 2):
            if not inside[row, column]:
                continue
            state[0] = np.uint32(
                (row * 73856093) ^ (column * 19349663) ^ (seed * 83492791) | 1
            )
            _chance(state)
            mean, variance = _patch(image, row, column, values, weights)
            x, y = np.float32(column + 0.5), np.float32(row + 0.5)
            rx = inverse[0, 0] * x + inverse[0, 2]
            ry = inverse[1, 1] * y + inverse[1, 2]
            d = depth[row, column]
            nx, ny, nz = (
                normal[row, column, 0],
                normal[row, column, 1],
                normal[row, column, 2],
            )
            if fresh:
                cost[row, column] = _plane_cost(
                    row, column, d, nx, ny, nz, values, weights, mean, variance, sources,
                    turn, shift, inverse, geometric, depths, back_turn, back_shift, costs,
                )  # fmt: skip
                continue
            best = cost[row, column]
            # The best plane along each of four arms, by what it cost its owner.
            for arm in range(4):
                low = np.float32(99.0)
                at_row, at_column = -1, -1
                for reach in (1, 3, 5, 9, 15):
                    r = row + (reach if arm == 0 else -reach if arm == 1 else 0)
                    c = column + (reach if arm == 2 else -reach if arm == 3 else 0)
                    if r < 0 or c < 0 or r >= height or c >= width or not inside[r, c]:
                        continue
                    if cost[r, c] < low:
                        low, at_row, at_column = cost[r, c], r, c
                if at_row < 0:
                    continue
                ax = normal[at_row, at_column, 0]
                ay = normal[at_row, at_column, 1]
                az = normal[at_row, at_column, 2]
                ox = inverse[0, 0] * np.float32(at_column + 0.5) + inverse[0, 2]
                oy = inverse[1, 1] * np.float32(at_row + 0.5) + inverse[1, 2]
                facing = ax * rx + ay * ry + az
                if facing > np.float32(-1e-4):
                    continue
                # Their plane, followed to this pixel's ray.
                found = depth[at_row, at_column] * (ax * ox + ay * oy + az) / facing
                if found < nearest or found > farthest:
                    continue
                tried = _plane_cost(
                    row, column, found, ax, ay, az, values, weights, mean, variance,
                    sources, turn, shift, inverse, geometric, depths, back_turn,
                    back_shift, costs,
                )  # fmt: skip
                if tried < best:
                    best, d, nx, ny, nz = tried, found, ax, ay, az
            # Chance: depth alone, slant alone, both a little.
            for attempt in range(4):
                td, tx, ty, tz = d, nx, ny, nz
                if attempt != 1:
                    small = step if attempt != 3 else step * np.float32(0.25)
                    td = d * (
                        1 + small * (np.float32(2) * _chance(state) - np.float32(1))
                    )
                if attempt != 0:
                    amount = np.float32(0.6) if attempt == 1 else np.float32(0.15)
                    amount = min(amount, step * np.float32(20))
                    tx, ty, tz = _tilted(nx, ny, nz, amount, rx, ry, state)
                if td < nearest or td > farthest:
                    continue
                tried = _plane_cost(
                    row, column, td, tx, ty, tz, values, weights, mean, variance, sources,
                    turn, shift, inverse, geometric, depths, back_turn, back_shift, costs,
                )  # fmt: skip
                if tried < best:
                    best, d, nx, ny, nz = tried, td, tx, ty, tz
            cost[row, column], depth[row, column] = best, d
            normal[row, column, 0] = nx
            normal[row, column, 1] = ny
            normal[row, column, 2] = nz


def _relations(camera: Camera, others: Sequence[Camera]) -> tuple[Floats, Floats]:
    """K R K^-1 and K t that carry pixels of one camera into others."""
    inverse = np.linalg.inv(camera.matrix)
    turns, shifts = [], []
    for other in others:
        rotation = other.rotation @ camera.rotation.T
        translation = other.translation - rotation @ camera.translation
        turns.append(other.matrix @ rotation @ inverse)
        shifts.append(other.matrix @ translation)
    return np.array(turns, np.float32), np.array(shifts, np.float32)


def _back_relations(camera: Camera, others: Sequence[Camera]) -> tuple[Floats, Floats]:
    turns, shifts = zip(*(_relations(other, [camera]) for other in others), strict=True)
    return np.concatenate(turns), np.concatenate(shifts)


@dataclass(frozen=True, kw_only=True)
class Level:
    """How one level of the search runs."""

    sweeps: int
    # First and last share of the depth by which chance may change it.
    first_step: float
    last_step: float


def search(
    views: Sequence[View],
    index: int,
    sources: Sequence[int],
    start: DepthMap,
    bounds: tuple[float, float],
    level: Level,
    known: Sequence[DepthMap] | None = None,
) -> DepthMap:
    """Improve one view's planes against its sources."""
    view = views[index]
    others = [views[s].camera for s in sources]
    turn, shift = _relations(view.camera, others)
    back_turn, back_shift = _back_relations(view.camera, others)
    pictures = np.stack([views[s].grey for s in sources])
    inverse = np.linalg.inv(view.camera.matrix).astype(np.float32)
    geometric = known is not None
    depths = (
        np.stack([known[s].depth for s in sources])
        if known is not None
        else np.zeros((len(sources), 1, 1), np.float32)
    )
    depth, normal = start.depth.copy(), start.normal.copy()
    cost = np.full(depth.shape, WORST, np.float32)
    nearest, farthest = np.float32(bounds[0]), np.float32(bounds[1])

    def half(colour: int, step: float, seed: int, *, fresh: bool) -> None:
        _sweep(
            view.grey, view.inside, pictures, turn, shift, inverse, nearest, farthest,
            depth, normal, cost, colour, np.float32(step), seed, fresh,
            geometric, depths, back_turn, back_shift,
        )  # fmt: skip

    for colour in (0, 1):
        half(colour, 0.0, 0, fresh=True)
    for sweep, step in enumerate(
        np.geomspace(level.first_step, level.last_step, level.sweeps)
    ):
        for colour in (0, 1):
            half(colour, float(step), 1 + 2 * sweep + colour + 100 * index, fresh=False)
    depth[~view.inside] = 0
    return DepthMap(depth=depth, normal=normal, cost=cost)


def random_start(view: View, bounds: tuple[float, float], seed: int) -> DepthMap:
    """Planes by chance, evenly spread in inverse depth."""
    random = np.random.default_rng(seed)
    shape = view.grey.shape
    inverse = random.uniform(1 / bounds[1], 1 / bounds[0], shape)
    normal = random.normal(0, 0.5, (*shape, 3))
    normal[..., 2] = -1
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return DepthMap(
        depth=(1 / inverse).astype(np.float32),
        normal=normal.astype(np.float32),
        cost=np.full(shape, WORST, np.float32),
    )


def enlarged(found: DepthMap, view: View, bounds: tuple[float, float]) -> DepthMap:
    """Carry planes to a larger picture, each followed to the new pixels' rays."""
    height, width = view.grey.shape
    size = (width, height)
    old_height, old_width = found.depth.shape
    rows = np.minimum((np.arange(height) + 0.5) * old_height / height, old_height - 1)
    columns = np.minimum((np.arange(width) + 0.5) * old_width / width, old_width - 1)
    row, column = rows.astype(np.int64)[:, None], columns.astype(np.int64)[None, :]
    normal = found.normal[row, column]
    camera = view.camera
    x = (np.arange(width) + 0.5 - camera.principal_px[0]) / camera.focal_px[0]
    y = (np.arange(height) + 0.5 - camera.principal_px[1]) / camera.focal_px[1]
    # The old pixel's middle, as a ray of the same camera.
    ox = (
        (column + 0.5) * width / old_width - camera.principal_px[0]
    ) / camera.focal_px[0]
    oy = ((row + 0.5) * height / old_height - camera.principal_px[1]) / camera.focal_px[
        1
    ]
    reach = found.depth[row, column] * (
        normal[..., 0] * ox + normal[..., 1] * oy + normal[..., 2]
    )
    facing = normal[..., 0] * x[None, :] + normal[..., 1] * y[:, None] + normal[..., 2]
    depth = reach / np.where(np.abs(facing) < 1e-3, -1e-3, facing)
    lost = ~np.isfinite(depth) | (depth < bounds[0]) | (depth > bounds[1])
    fallback = cv2.resize(found.depth, size, interpolation=cv2.INTER_NEAREST)
    depth = np.where(lost, np.clip(fallback, *bounds), depth)
    return DepthMap(
        depth=depth.astype(np.float32),
        normal=np.ascontiguousarray(normal),
        cost=found.cost[row, column],
    )


def depth_bounds(region: Region, camera: Camera) -> tuple[float, float]:
    depths = camera.project(region.corners())[1]
    return max(float(depths.min()), 0.05 * float(depths.max())), float(depths.max())


def smaller(view: View, scale: float = 0.5) -> View:
    height, width = view.grey.shape
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    inside = cv2.resize(
        view.inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
    )
    return View(
        grey=np.asarray(
            cv2.resize(view.grey, size, interpolation=cv2.INTER_AREA), np.float32
        ),
        camera=view.camera.resized(*size),
        inside=inside.astype(np.bool_),
    )


def worth_finding(view: View, found: DepthMap, region: Region) -> NDArray[np.bool_]:
    """Where a view shows neither bare ground nor what lies far behind the box."""
    found.depth[~view.inside] = 0
    cost = cv2.medianBlur(found.cost, 5)
    # Full of marks, yet nothing in the box looks like it: the background.
    mean = cv2.blur(view.grey, (11, 11))
    spread = np.sqrt(np.maximum(cv2.blur(view.grey**2, (11, 11)) - mean**2, 0))
    behind = (cost > 0.55) & (spread > 8)
    bare = np.zeros_like(behind)
    if region.floor is not None:
        # The ground may be found a little wrong; a thing without marks must not go.
        above = heights_above(view, found, region)
        bare = (above < 0.012 * region.size) & (cost < 0.5)
    useless = cv2.medianBlur((behind | bare).astype(np.uint8), 5).astype(np.bool_)
    kernel = np.ones((13, 13), np.uint8)
    wanted = cv2.dilate((view.inside & ~useless).astype(np.uint8), kernel)
    return np.asarray(view.inside & wanted.astype(np.bool_))


def heights_above(view: View, found: DepthMap, region: Region) -> NDArray[np.float64]:
    """How high over the ground each pixel's point lies."""
    height, width = view.grey.shape
    camera = view.camera
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack(
        [
            (columns - camera.principal_px[0]) / camera.focal_px[0],
            (rows - camera.principal_px[1]) / camera.focal_px[1],
            np.ones_like(columns),
        ],
        axis=-1,
    )
    up = camera.rotation @ region.upright[1]
    heights = (found.depth[..., None] * rays - camera.translation) @ up
    return np.asarray(heights - (region.floor or 0.0))


def find_depths(
    views: Sequence[View],
    region: Region,
    *,
    sweeps: int,
    on_progress: Callable[[float], None],
    threads: int = 2,
) -> tuple[list[DepthMap], list[list[int]]]:
    """Depth maps of all views, and which neighbours each was compared with."""
    cameras = [view.camera for view in views]
    middle = region.corners().mean(axis=0)
    sources = choose_sources(cameras, middle)
    bounds = [depth_bounds(region, camera) for camera in cameras]
    small = [smaller(view) for view in views]
    count = len(views)
    done = [0.0]

    def tell(share: float) -> None:
        done[0] += share / count
        on_progress(min(1.0, done[0]))

    def coarse(index: int) -> DepthMap:
        start = random_start(small[index], bounds[index], seed=index)
        level = Level(sweeps=5, first_step=0.1, last_step=0.004)
        near = sources[index][:MATCHED]
        return search(small, index, near, start, bounds[index], level)

    with ThreadPoolExecutor(threads) as pool:
        rough = []
        for found in pool.map(coarse, range(count)):
            rough.append(found)
            tell(0.35)
        known = [enlarged(rough[i], views[i], bounds[i]) for i in range(count)]
        views = [
            replace(view, inside=worth_finding(view, found, region))
            for view, found in zip(views, known, strict=True)
        ]

        def fine(index: int) -> DepthMap:
            start = enlarged(rough[index], views[index], bounds[index])
            level = Level(sweeps=sweeps, first_step=0.006, last_step=0.0015)
            near = sources[index][:MATCHED]
            return search(views, index, near, start, bounds[index], level, known)

        final = []
        for found in pool.map(fine, range(count)):
            final.append(found)
            tell(0.65)
    return final, sources
