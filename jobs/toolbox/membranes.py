"""The calmest surface over a gap: each point the mean of its neighbours, rims kept.

Solved exactly, as one sparse system. A stretch above 1 binds neighbours beside one
another more than those above and below, as the grain of a table or of water does.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def span(values: Floats, known: Mask, *, stretch: float = 1.0) -> Floats:
    """Carry known values (height, width, channels) over what is not known."""
    ys, xs = np.nonzero(~known)
    if len(ys) == 0 or not known.any():
        return values
    number = np.full(known.shape, -1, np.int64)
    number[ys, xs] = np.arange(len(ys))
    total = np.zeros(len(ys))
    goal = np.zeros((len(ys), values.shape[2]))
    entries: list[tuple[NDArray[np.int64], NDArray[np.int64], float]] = []
    for down, across, weight in (
        (0, 1, stretch),
        (0, -1, stretch),
        (1, 0, 1 / stretch),
        (-1, 0, 1 / stretch),
    ):
        y, x = ys + down, xs + across
        inside = (y >= 0) & (y < known.shape[0]) & (x >= 0) & (x < known.shape[1])
        one = np.flatnonzero(inside)
        other = number[y[inside], x[inside]]
        total[one] += weight
        free = other >= 0
        entries.append((one[free], other[free], weight))
        rim = values[y[inside][~free], x[inside][~free]]
        goal[one[~free]] += weight * rim
    rows = np.concatenate([row for row, _, _ in entries] + [np.arange(len(ys))])
    columns = np.concatenate(
        [column for _, column, _ in entries] + [np.arange(len(ys))]
    )
    weights = [np.full(len(row), -weight) for row, _, weight in entries]
    system = sparse.csc_matrix(
        (np.concatenate([*weights, total]), (rows, columns)), shape=(len(ys), len(ys))
    )
    spanned = values.copy()
    spanned[ys, xs] = splu(system).solve(goal)
    return spanned
