"""A closed surface over an outline: heights in front and behind that meet at its edge.

Marching squares on the outline's signed distance gives vertices exactly on the edge; front
and back share those, so the surface is closed and manifold however the outline runs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Relief:
    """Places in the outline's plane (x right, y down, in cells), shared by both sides."""

    places: Doubles  # (n, 2)
    faces: Ints  # (m, 3), of one side, seen from the front
    rim: NDArray[np.bool_]  # (n,), on the edge


# Corners of a cell: 0 upper left, 1 upper right, 2 lower right, 3 lower left; edge k
# runs from corner k to the next. Polygons are of corners ("c") and edges ("e").
_POLYGONS: dict[int, list[list[str]]] = {
    1: [["c0", "e0", "e3"]],
    2: [["c1", "e1", "e0"]],
    4: [["c2", "e2", "e1"]],
    8: [["c3", "e3", "e2"]],
    3: [["c0", "c1", "e1", "e3"]],
    6: [["c1", "c2", "e2", "e0"]],
    12: [["c2", "c3", "e3", "e1"]],
    9: [["c3", "c0", "e0", "e2"]],
    # Saddles are always cut apart, so that no two sheets share one edge.
    5: [["c0", "e0", "e3"], ["c2", "e2", "e1"]],
    10: [["c1", "e1", "e0"], ["c3", "e3", "e2"]],
    7: [["c0", "c1", "c2", "e2", "e3"]],
    14: [["c1", "c2", "c3", "e3", "e0"]],
    13: [["c2", "c3", "c0", "e0", "e1"]],
    11: [["c3", "c0", "c1", "e1", "e2"]],
    15: [["c0", "c1", "c2", "c3"]],
}


def lay_out(distance: Doubles) -> Relief:
    """Triangulate where the signed distance (rows, columns) is positive."""
    inside = distance > 0
    corners = np.argwhere(inside)[:, ::-1].astype(np.float64)
    across, spots_across = _crossings(distance, inside)
    along, spots_along = _crossings(distance.T, inside.T)
    at_corners = np.full(inside.shape, -1, np.int32)
    at_corners[inside] = np.arange(len(corners))
    across[across >= 0] += len(corners)
    along[along >= 0] += len(corners) + len(spots_across)
    numbers = {
        "c0": at_corners[:-1, :-1], "c1": at_corners[:-1, 1:],
        "c2": at_corners[1:, 1:], "c3": at_corners[1:, :-1],
        "e0": across[:-1], "e2": across[1:],
        "e1": along.T[:, 1:], "e3": along.T[:, :-1],
    }  # fmt: skip
    code = (
        inside[:-1, :-1] * 1
        + inside[:-1, 1:] * 2
        + inside[1:, 1:] * 4
        + inside[1:, :-1] * 8
    )
    faces = [np.zeros((0, 3), np.int32)]
    for kind, polygons in _POLYGONS.items():
        cells = code == kind
        for polygon in polygons:
            loop = [numbers[name][cells] for name in polygon]
            faces += [
                np.column_stack([loop[0], loop[i + 1], loop[i]])
                for i in range(1, len(loop) - 1)
            ]
    return Relief(
        places=np.concatenate([corners, spots_across, spots_along[:, ::-1]]),
        faces=np.concatenate(faces),
        rim=np.arange(len(corners) + len(spots_across) + len(spots_along))
        >= len(corners),
    )


def _crossings(distance: Doubles, inside: NDArray[np.bool_]) -> tuple[Ints, Doubles]:
    """Where rows cross the edge: a number for each such step (else -1), and (x, y)."""
    left, right = distance[:, :-1], distance[:, 1:]
    crossed = inside[:, :-1] != inside[:, 1:]
    numbers = np.full(crossed.shape, -1, np.int32)
    numbers[crossed] = np.arange(int(crossed.sum()))
    rows, columns = np.nonzero(crossed)
    share = left[crossed] / (left[crossed] - right[crossed])
    # Never quite at a corner: a triangle needs some area.
    return numbers, np.column_stack([columns + np.clip(share, 0.02, 0.98), rows])
