"""Depth maps become one cloud: only what several views agree on."""

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, kw_only=True)
class Fused:
    """The cloud, and the share of tried pixels that views agreed on."""

    cloud: Cloud
    agreement: float


@njit(cache=True, nogil=True)
def _agree(  # type: ignore[no-untyped-def]
    view, depth, normal, cost, sources, matrices, rotations, translations,
    off_px, depth_share, normal_cos, worst_cost, points, normals, counts,
):  # fmt: skip
    """For each pixel of a view the mean of all points that agree with it, in the world."""
    height, width = depth.shape[1], depth.shape[2]
    fx, fy = matrices[view, 0, 0], matrices[view, 1, 1]
    cx, cy = matrices[view, 0, 2], matrices[view, 1, 2]
    ray = np.empty(3)
    point = np.empty(3)
    facing = np.empty(3)
    for row in range(height):
        for column in range(width):
            d = depth[view, row, column]
            if d <= 0 or cost[view, row, column] > worst_cost:
                continue
            ray[0] = (column + 0.5 - cx) / fx * d - translations[view, 0]
            ray[1] = (row + 0.5 - cy) / fy * d - translations[view, 1]
            ray[2] = d - translations[view, 2]
            for k in range(3):
                point[k] = 0.0
                facing[k] = 0.0
                for j in range(3):
                    point[k] += rotations[view, j, k] * ray[j]
                    facing[k] += rotations[view, j, k] * normal[view, row, column, j]
            px, py, pz = point[0], point[1], point[2]
            nx, ny, nz = facing[0], facing[1], facing[2]
            sx, sy, sz, weight = px, py, pz, 1.0
            ax, ay, az = nx, ny, nz
            agreed = 0
            for s in sources:
                q = rotations[s]
                x = q[0, 0] * px + q[0, 1] * py + q[0, 2] * pz + translations[s, 0]
                y = q[1, 0] * px + q[1, 1] * py + q[1, 2] * pz + translations[s, 1]
                z = q[2, 0] * px + q[2, 1] * py + q[2, 2] * pz + translations[s, 2]
                if z <= 0:
                    continue
                m = matrices[s]
                u, v = m[0, 0] * x / z + m[0, 2], m[1, 1] * y / z + m[1, 2]
                c, r = int(u), int(v)
                if c < 0 or r < 0 or c >= width or r >= height:
                    continue
                theirs = depth[s, r, c]
                if theirs <= 0 or cost[s, r, c] > worst_cost:
                    continue
                # Their plane, followed to where our point falls in their picture.
                tn = normal[s, r, c]
                ox, oy = (c + 0.5 - m[0, 2]) / m[0, 0], (r + 0.5 - m[1, 2]) / m[1, 1]
                hx, hy = (u - m[0, 2]) / m[0, 0], (v - m[1, 2]) / m[1, 1]
                lean = tn[0] * hx + tn[1] * hy + tn[2]
                if lean > -0.05:
                    continue
                met = theirs * (tn[0] * ox + tn[1] * oy + tn[2]) / lean
                if abs(met - z) > depth_share * z:
                    continue
                wx = hx * met - translations[s, 0]
                wy = hy * met - translations[s, 1]
                wz = met - translations[s, 2]
                bx = q[0, 0] * wx + q[1, 0] * wy + q[2, 0] * wz
                by = q[0, 1] * wx + q[1, 1] * wy + q[2, 1] * wz
                bz = q[0, 2] * wx + q[1, 2] * wy + q[2, 2] * wz
                o = rotations[view]
                ex = o[0, 0] * bx + o[0, 1] * by + o[0, 2] * bz + translations[view, 0]
                ey = o[1, 0] * bx + o[1, 1] * by + o[1, 2] * bz + translations[view, 1]
                ez = o[2, 0] * bx + o[2, 1] * by + o[2, 2] * bz + translations[view, 2]
                if ez <= 0:
                    continue
                miss_x = fx * ex / ez + cx - (column + 0.5)
                miss_y = fy * ey / ez + cy - (row + 0.5)
                if miss_x * miss_x + miss_y * miss_y > off_px * off_px:
                    continue
                gx = q[0, 0] * tn[0] + q[1, 0] * tn[1] + q[2, 0] * tn[2]
                gy = q[0, 1] * tn[0] + q[1, 1] * tn[1] + q[2, 1] * tn[2]
                gz = q[0, 2] * tn[0] + q[1, 2] * tn[1] + q[2, 2] * tn[2]
                if gx * nx + gy * ny + gz * nz < normal_cos:
                    continue
                agreed += 1
                sx, sy, sz, weight = sx + bx, sy + by, sz + bz, weight + 1.0
                ax, ay, az = ax + gx, ay + gy, az + gz
            counts[row, column] = agreed
            points[row, column, 0] = sx / weight
            points[row, column, 1] = sy / weight
            points[row, column, 2] = sz / weight
            length = np.sqrt(ax * ax + ay * ay + az * az) + 1e-12
            normals[row, column, 0] = ax / length
            normals[row, column, 1] = ay / length
            normals[row, column, 2] = az / length


def fuse(
    views: Sequence[View],
    maps: Sequence[DepthMap],
    sources: Sequence[Sequence[int]],
    region: Region,
    rule: Agreement,
    on_progress: Callable[[float], None],
) -> Fused:
    """Keep what enough views agree on, thinned to a fine grid."""
    depth = np.stack([found.depth for found in maps])
    normal = np.stack([found.normal for found in maps])
    cost = np.stack([found.cost for found in maps])
    matrices = np.stack([view.camera.matrix for view in views])
    rotations = np.stack([view.camera.rotation for view in views])
    translations = np.stack([view.camera.translation for view in views])
    kept: list[Cloud] = []
    tried = agreed = 0
    for index in range(len(views)):
        points = np.zeros((*depth.shape[1:], 3), np.float32)
        normals = np.zeros_like(points)
        counts = np.zeros(depth.shape[1:], np.int32)
        _agree(
            index, depth, normal, cost, np.array(sources[index], np.int64), matrices,
            rotations, translations, rule.off_px, rule.depth_share, rule.normal_cos,
            rule.worst_cost, points, normals, counts,
        )  # fmt: skip
        good = counts >= rule.views
        tried += int((depth[index] > 0).sum())
        agreed += int(good.sum())
        cloud = Cloud(
            points=points[good],
            normals=normals[good],
            support=counts[good].astype(np.float32),
        )
        kept.append(cloud.where(region.holds(cloud.points)))
        on_progress((index + 1) / len(views))
    whole = Cloud(
        points=np.concatenate([cloud.points for cloud in kept]),
        normals=np.concatenate([cloud.normals for cloud in kept]),
        support=np.concatenate([cloud.support for cloud in kept]),
    )
    return Fused(
        cloud=thinned(whole, region.size / 500), agreement=agreed / max(tried, 1)
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
