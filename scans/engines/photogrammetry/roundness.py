"""Round things, measured by flat patches, come out too thin: what that took is given back.

A patch's plane lies where it fits the patch as a whole, and on a bulge that is behind
the patch's middle. How far behind, the depths found all over the patch tell: they bend
as the surface does, and are off by as much as the middle is.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from scans.engines.photogrammetry.planes import REACH, SIGMA_SPACE, STRIDE
from scans.engines.photogrammetry.tolerance import edge_tolerance

if TYPE_CHECKING:
    from scans.engines.photogrammetry.stereo import DepthMap, View

# Another plane than this is beyond an edge, and not around a bend.
SAME_FACING = 0.7
# What is this much nearer or farther is another thing, as a share of the depth.
SAME_DEPTH = 0.02
# Dearer planes were not measured.
UNMEASURED_ABOVE = 0.7


def without_flattening(view: "View", found: "DepthMap") -> "DepthMap":
    """Depths as they are in the middle of each patch, and not for the patch as a whole."""
    inverse = np.linalg.inv(view.camera.matrix).astype(np.float32)
    bulge = np.zeros_like(found.depth)
    _measure(
        view.grey, edge_tolerance(view.grey), found.depth, found.normal, found.cost,
        inverse, np.float32(UNMEASURED_ABOVE), bulge,
    )  # fmt: skip
    return replace(found, depth=found.depth - bulge)


@njit(cache=True, nogil=True, fastmath=True)
def _measure(grey, tolerance, depth, normal, cost, inverse, worst, bulge):  # type: ignore[no-untyped-def]
    """How far the depths of each patch lie behind its plane, weighted as in the search."""
    height, width = depth.shape
    space = np.float32(2 * SIGMA_SPACE * SIGMA_SPACE)
    for row in range(height):
        for column in range(width):
            d = depth[row, column]
            if d <= 0 or cost[row, column] > worst:
                continue
            sigma = tolerance[row, column]
            colour = np.float32(2) * sigma * sigma
            nx = normal[row, column, 0]
            ny = normal[row, column, 1]
            nz = normal[row, column, 2]
            reach = d * (
                nx * (inverse[0, 0] * np.float32(column + 0.5) + inverse[0, 2])
                + ny * (inverse[1, 1] * np.float32(row + 0.5) + inverse[1, 2])
                + nz
            )
            total, behind = np.float32(0.0), np.float32(0.0)
            for dy in range(-REACH, REACH + 1, STRIDE):
                for dx in range(-REACH, REACH + 1, STRIDE):
                    y, x = row + dy, column + dx
                    if y < 0 or x < 0 or y >= height or x >= width:
                        continue
                    theirs = depth[y, x]
                    if theirs <= 0 or cost[y, x] > worst:
                        continue
                    alike = (
                        nx * normal[y, x, 0]
                        + ny * normal[y, x, 1]
                        + nz * normal[y, x, 2]
                    )
                    facing = (
                        nx * (inverse[0, 0] * np.float32(x + 0.5) + inverse[0, 2])
                        + ny * (inverse[1, 1] * np.float32(y + 0.5) + inverse[1, 2])
                        + nz
                    )
                    if alike < np.float32(SAME_FACING) or facing > np.float32(-1e-4):
                        continue
                    off = theirs - reach / facing
                    if abs(off) > np.float32(SAME_DEPTH) * d:
                        continue
                    apart = grey[y, x] - grey[row, column]
                    weight = np.exp(
                        -apart * apart / colour - np.float32(dx * dx + dy * dy) / space
                    )
                    total += weight
                    behind += weight * off
            if total > 0:
                bulge[row, column] = behind / total
