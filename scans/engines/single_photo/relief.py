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
_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))


def lay_out(distance: Doubles) -> Relief:
    """Triangulate where the signed distance (rows, columns) is positive."""
    inside = distance > 0
    places: list[tuple[float, float]] = []
    rim: list[bool] = []
    known: dict[tuple[int, int, int, int], int] = {}

    def vertex(a: tuple[int, int], b: tuple[int, int]) -> int:
        """The corner a, or the crossing between a and b."""
        key = (*min(a, b), *max(a, b))
        if key not in known:
            known[key] = len(places)
            va, vb = distance[a], distance[b]
            share = 0.0 if a == b else float(np.clip(va / (va - vb), 0.02, 0.98))
            places.append((a[1] + share * (b[1] - a[1]), a[0] + share * (b[0] - a[0])))
            rim.append(a != b)
        return known[key]

    faces: list[tuple[int, int, int]] = []
    code = (
        inside[:-1, :-1] * 1
        + inside[:-1, 1:] * 2
        + inside[1:, 1:] * 4
        + inside[1:, :-1] * 8
    )
    for row, column in np.argwhere(code > 0).tolist():
        corners = [(row + dr, column + dc) for dr, dc in _CORNERS]
        for polygon in _POLYGONS[int(code[row, column])]:
            loop = []
            for name in polygon:
                k = int(name[1])
                a, b = corners[k], corners[(k + 1) % 4]
                loop.append(
                    vertex(a, a)
                    if name[0] == "c"
                    else vertex(*_inner_first(a, b, inside))
                )
            faces += [(loop[0], loop[i + 1], loop[i]) for i in range(1, len(loop) - 1)]
    return Relief(
        places=np.array(places), faces=np.array(faces, np.int32), rim=np.array(rim)
    )


def _inner_first(
    a: tuple[int, int], b: tuple[int, int], inside: NDArray[np.bool_]
) -> tuple[tuple[int, int], tuple[int, int]]:
    return (a, b) if inside[a] else (b, a)
