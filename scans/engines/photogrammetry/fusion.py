"""Depth maps become one cloud: only what several views agree on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scans.engines.photogrammetry.region import Region
from scans.engines.photogrammetry.stereo import DepthMap, View

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """When two views mean the same spot."""

    off_px: float = 1.0
    depth_share: float = 0.008
    normal_cos: float = 0.6
    views: int = 2
    worst_cost: float = 0.7


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points of a surface, facing outwards."""

    points: Floats  # (n, 3)
    normals: Floats  # (n, 3)
    # How many views took part in each.
    support: Floats  # (n,)

    def where(self, keep: NDArray[np.bool_]) -> "Cloud":
        return Cloud(
            points=self.points[keep],
            normals=self.normals[keep],
            support=self.support[keep],
        )

    def with_more(self, other: "Cloud") -> "Cloud":
        return Cloud(
            points=np.concatenate([self.points, other.points]),
            normals=np.concatenate([self.normals, other.normals]),
            support=np.concatenate([self.support, other.support]),
        )


@dataclass(frozen=True, kw_only=True)
class Fused:
    """The cloud, and the share of tried pixels that views agreed on."""

    cloud: Cloud
    agreement: float


@njit(cache=True, nogil=True)
def _turned(rotation, x, y, z):  # type: ignore[no-untyped-def]
    return (
        rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z,
        rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z,
        rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z,
    )


@njit(cache=True, nogil=True)
def _into_world(s, u, v, depth, cameras):  # type: ignore[no-untyped-def]
    """The point of the world that a spot of a view shows at a depth."""
    matrices, _, backs, translations = cameras
    m, t = matrices[s], translations[s]
    x = (u - m[0, 2]) / m[0, 0] * depth - t[0]
    y = (v - m[1, 2]) / m[1, 1] * depth - t[1]
    return _turned(backs[s], x, y, depth - t[2])


@njit(cache=True, nogil=True)
def _into_view(s, x, y, z, cameras):  # type: ignore[no-untyped-def]
    """The spot of a view that shows a point of the world, and its depth there."""
    matrices, rotations, _, translations = cameras
    m, t = matrices[s], translations[s]
    a, b, c = _turned(rotations[s], x, y, z)
    a, b, c = a + t[0], b + t[1], c + t[2]
    if c <= 0:
        return -1.0, -1.0, -1.0
    return m[0, 0] * a / c + m[0, 2], m[1, 1] * b / c + m[1, 2], c


@njit(cache=True, nogil=True)
def _met(theirs, facing, r, c, u, v, matrix):  # type: ignore[no-untyped-def]
    """Where the plane of a pixel (r, c) meets the ray of the spot (u, v); 0 if nowhere."""
    fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
    here = facing[0] * (c + 0.5 - cx) / fx + facing[1] * (r + 0.5 - cy) / fy + facing[2]
    lean = facing[0] * (u - cx) / fx + facing[1] * (v - cy) / fy + facing[2]
    return 0.0 if lean > -0.05 else theirs * here / lean


@njit(cache=True, nogil=True)
def _agree(  # type: ignore[no-untyped-def]
    view, depth, normal, cost, sources, cameras, off_px, depth_share, normal_cos,
    worst_cost, points, normals, counts,
):  # fmt: skip
    """For each pixel of a view the mean of all points that agree with it, in the world."""
    height, width = depth.shape[1], depth.shape[2]
    matrices, _, backs, _ = cameras
    for row in range(height):
        for column in range(width):
            d = depth[view, row, column]
            if d <= 0 or cost[view, row, column] > worst_cost:
                continue
            x, y = column + 0.5, row + 0.5
            px, py, pz = _into_world(view, x, y, d, cameras)
            n = normal[view, row, column]
            nx, ny, nz = _turned(backs[view], n[0], n[1], n[2])
            sx, sy, sz, weight = px, py, pz, 1.0
            ax, ay, az = nx, ny, nz
            for s in sources:
                u, v, z = _into_view(s, px, py, pz, cameras)
                c, r = int(u), int(v)
                if z <= 0 or u < 0 or v < 0 or c >= width or r >= height:
                    continue
                if depth[s, r, c] <= 0 or cost[s, r, c] > worst_cost:
                    continue
                tn = normal[s, r, c]
                met = _met(depth[s, r, c], tn, r, c, u, v, matrices[s])
                if met <= 0 or abs(met - z) > depth_share * z:
                    continue
                bx, by, bz = _into_world(s, u, v, met, cameras)
                eu, ev, ez = _into_view(view, bx, by, bz, cameras)
                if ez <= 0 or (eu - x) ** 2 + (ev - y) ** 2 > off_px * off_px:
                    continue
                gx, gy, gz = _turned(backs[s], tn[0], tn[1], tn[2])
                if gx * nx + gy * ny + gz * nz < normal_cos:
                    continue
                sx, sy, sz, weight = sx + bx, sy + by, sz + bz, weight + 1.0
                ax, ay, az = ax + gx, ay + gy, az + gz
            counts[row, column] = weight - 1.0
            for k, mean in enumerate((sx, sy, sz)):
                points[row, column, k] = mean / weight
            length = np.sqrt(ax * ax + ay * ay + az * az) + 1e-12
            for k, mean in enumerate((ax, ay, az)):
                normals[row, column, k] = mean / length


def fuse(
    views: Sequence[View],
    maps: Sequence[DepthMap],
    sources: Sequence[Sequence[int]],
    region: Region,
    rule: Agreement,
    on_progress: Callable[[float], None],
    *,
    threads: int = 2,
) -> Fused:
    """Keep what enough views agree on, thinned to a fine grid."""
    depth = np.stack([found.depth for found in maps])
    normal = np.stack([found.normal for found in maps])
    cost = np.stack([found.cost for found in maps])
    rotations = np.stack([view.camera.rotation for view in views])
    cameras = (
        np.stack([view.camera.matrix for view in views]),
        rotations,
        np.ascontiguousarray(rotations.transpose(0, 2, 1)),
        np.stack([view.camera.translation for view in views]),
    )

    def agreed(index: int) -> Cloud:
        points = np.zeros((*depth.shape[1:], 3), np.float32)
        normals = np.zeros_like(points)
        counts = np.zeros(depth.shape[1:], np.int32)
        _agree(
            index, depth, normal, cost, np.array(sources[index], np.int64), cameras,
            rule.off_px, rule.depth_share, rule.normal_cos, rule.worst_cost, points,
            normals, counts,
        )  # fmt: skip
        good = counts >= rule.views
        return Cloud(
            points=points[good],
            normals=normals[good],
            support=counts[good].astype(np.float32),
        )

    kept: list[Cloud] = []
    agreeing = 0
    with ThreadPoolExecutor(threads) as pool:
        for cloud in pool.map(agreed, range(len(views))):
            agreeing += len(cloud.points)
            kept.append(cloud.where(region.holds(cloud.points)))
            on_progress(len(kept) / len(views))
    whole = Cloud(
        points=np.concatenate([cloud.points for cloud in kept]),
        normals=np.concatenate([cloud.normals for cloud in kept]),
        support=np.concatenate([cloud.support for cloud in kept]),
    )
    tried = int((depth > 0).sum())
    return Fused(
        cloud=thinned(whole, region.size / 500), agreement=agreeing / max(tried, 1)
    )


def thinned(cloud: Cloud, cell: float) -> Cloud:
    """One point a cell: the mean of what fell into it."""
    if len(cloud.points) == 0:
        return cloud
    low = cloud.points.min(axis=0)
    cells = np.floor((cloud.points - low) / cell).astype(np.int64)
    # Two sides of a thin wall fall into one cell: tell them apart by their facing.
    octant = (cloud.normals > 0) @ np.array([1, 2, 4])
    span = cells.max(axis=0) + 1
    key = ((cells[:, 0] * span[1] + cells[:, 1]) * span[2] + cells[:, 2]) * 8 + octant
    _, owner = np.unique(key, return_inverse=True)
    count = int(owner.max()) + 1
    weight = np.bincount(owner, cloud.support, count)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return (
            np.stack(
                [
                    np.bincount(owner, values[:, k] * cloud.support, count)
                    for k in range(3)
                ],
                axis=1,
            )
            / weight[:, None]
        )

    normals = mean(cloud.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Cloud(
        points=mean(cloud.points).astype(np.float32),
        normals=normals.astype(np.float32),
        support=weight.astype(np.float32),
    )
