"""What a closed surface holds that the views look through is cut away.

Where no view saw a surface, closing one guesses: under a table's top it hangs down
like a cloth. The ground seen behind that cloth says that there is none.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scans.engines.photogrammetry.backdrop import Backdrop
from scans.engines.photogrammetry.cleanup import Surface
from scans.engines.photogrammetry.fusion import Cloud

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Cells along the longest side.
CELLS = 200
# Room around the surface.
ROOM = 3
FEWEST_CELLS = 20


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells over a surface's box."""

    low: Doubles
    cell: float
    shape: tuple[int, int, int]

    @classmethod
    def over(cls, surface: Surface) -> "Grid":
        low = surface.vertices.min(axis=0).astype(np.float64)
        high = surface.vertices.max(axis=0).astype(np.float64)
        cell = float((high - low).max()) / CELLS
        x, y, z = np.ceil((high - low) / cell).astype(int) + 2 * ROOM
        return cls(low=low - ROOM * cell, cell=cell, shape=(int(x), int(y), int(z)))

    def middles(self, cells: NDArray[np.number]) -> Doubles:
        return np.asarray(self.low + (cells + 0.5) * self.cell)

    def at(self, points: NDArray[np.floating]) -> tuple[NDArray[np.int64], ...]:
        """The cells that hold points, the nearest ones for those outside."""
        cells = np.floor((points - self.low) / self.cell).astype(np.int64)
        return tuple(np.clip(cells, 0, np.array(self.shape) - 1).T)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The part of a closed surface that is air, and what bounds the rest there."""

    air: Bools  # of a grid's cells
    grid: Grid
    # Facing into the air.
    rim: Cloud

    def holds(self, points: NDArray[np.floating]) -> Bools:
        return np.asarray(self.air[self.grid.at(points)])


@njit(cache=True, nogil=True)
def _cross(corners, low, cell, turns):  # type: ignore[no-untyped-def]
    """Count for each cell the surfaces that a column enters and leaves through there."""
    across, tall, along = turns.shape
    for n in range(corners.shape[0]):
        ax, ay, az = corners[n, 0]
        bx, by, bz = corners[n, 1]
        cx, cy, cz = corners[n, 2]
        area = (bx - ax) * (cz - az) - (bz - az) * (cx - ax)
        if abs(area) < 1e-18:
            continue
        turn = 1 if area > 0 else -1
        left = max(0, int(np.ceil((min(ax, bx, cx) - low[0]) / cell - 0.5)))
        right = min(across - 1, int(np.floor((max(ax, bx, cx) - low[0]) / cell - 0.5)))
        near = max(0, int(np.ceil((min(az, bz, cz) - low[2]) / cell - 0.5)))
        far = min(along - 1, int(np.floor((max(az, bz, cz) - low[2]) / cell - 0.5)))
        for i in range(left, right + 1):
            x = low[0] + (i + 0.5) * cell
            for k in range(near, far + 1):
                z = low[2] + (k + 0.5) * cell
                wb = ((x - ax) * (cz - az) - (z - az) * (cx - ax)) / area
                wc = ((bx - ax) * (z - az) - (bz - az) * (x - ax)) / area
                if wb < 0 or wc < 0 or wb + wc > 1:
                    continue
                y = ay + wb * (by - ay) + wc * (cy - ay)
                j = int(np.ceil((y - low[1]) / cell - 0.5))
                if 0 <= j < tall:
                    turns[i, j, k] += turn


def within(surface: Surface, grid: Grid) -> Bools:
    """Which cells' middles a closed surface holds."""
    turns = np.zeros(grid.shape, np.int32)
    corners = surface.vertices[surface.faces].astype(np.float64)
    _cross(corners, grid.low, grid.cell, turns)
    return np.asarray(np.cumsum(turns, axis=1) != 0)


def find_cut(surface: Surface, backdrop: Backdrop) -> Cut | None:
    """What of a closed surface the views look through; None when that is nothing."""
    from scipy.ndimage import binary_dilation, binary_opening, gaussian_filter
    from skimage.measure import marching_cubes

    grid = Grid.over(surface)
    held = within(surface, grid)
    cells = np.argwhere(held)
    empty = cells[backdrop.shows_through(grid.middles(cells))]
    air = np.zeros(grid.shape, np.bool_)
    air[tuple(empty.T)] = True
    # A cell's width along the surface is the outline's own fuzziness, no cloth.
    air &= binary_dilation(binary_opening(air), iterations=2)
    if air.sum() < FEWEST_CELLS:
        return None
    outside = gaussian_filter((air | ~held).astype(np.float32), 1.0)
    places, _, inwards, _ = marching_cubes(outside, 0.5)  # type: ignore[no-untyped-call]
    points = grid.middles(places)
    fresh = binary_dilation(air)[grid.at(points)]
    rim = Cloud(
        points=points[fresh].astype(np.float32),
        normals=-inwards[fresh].astype(np.float32),
        support=np.ones(int(fresh.sum()), np.float32),
    )
    return Cut(air=air, grid=grid, rim=rim)
