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
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from scans.engines.photogrammetry.halos import without_halos
from scans.engines.photogrammetry.planes import WORST, first_costs, sweep
from scans.engines.photogrammetry.region import Region
from scans.engines.photogrammetry.roundness import without_flattening
from scans.engines.photogrammetry.tolerance import edge_tolerance

Floats = NDArray[np.float32]

SOURCES = 6
# A view is matched with the nearest of them; all are asked when clouds are fused.
MATCHED = 4


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

    relations = (geometric, depths, back_turn, back_shift)
    tolerance = edge_tolerance(view.grey)
    first_costs(
        view.grey, tolerance, view.inside, pictures, turn, shift, inverse, depth, normal,
        cost, *relations,
    )  # fmt: skip
    for count, step in enumerate(
        np.geomspace(level.first_step, level.last_step, level.sweeps)
    ):
        for colour in (0, 1):
            sweep(
                view.grey, tolerance, view.inside, pictures, turn, shift, inverse,
                nearest, farthest, depth, normal, cost, colour, np.float32(step),
                1 + 2 * count + colour + 100 * index, *relations,
            )  # fmt: skip
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
        found = search(small, index, near, start, bounds[index], level)
        # What the fine level is held to must not be flattened either.
        return without_flattening(small[index], found)

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
            found = search(views, index, near, start, bounds[index], level, known)
            return without_flattening(views[index], without_halos(views[index], found))

        final = []
        for found in pool.map(fine, range(count)):
            final.append(found)
            tell(0.65)
    return final, sources
