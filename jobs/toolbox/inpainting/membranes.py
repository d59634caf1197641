"""Surfaces over a gap, rims kept: one made quickly, and the calmest there is."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from jobs.toolbox.inpainting.sizes import Floats, Mask, shrunk

Labels = NDArray[np.int32]

# How firmly a membrane that hangs on nothing keeps to the mean.
_LOOSE = 1e-5


def membrane(values: Floats, known: Mask) -> Floats:
    """Carry known values smoothly over the rest: pull to coarse sizes, push back."""
    height, width = known.shape
    weight = known.astype(np.float32)
    if min(height, width) <= 2 or weight.min() > 0:
        total = max(float(weight.sum()), 1e-6)
        mean = (values * weight[..., None]).sum(axis=(0, 1)) / total
        return np.where(weight[..., None] > 0, values, mean).astype(np.float32)
    half = ((width + 1) // 2, (height + 1) // 2)
    pulled_weight = shrunk(weight, half)
    pulled = shrunk(values * weight[..., None], half)
    mean = np.asarray(pulled / np.maximum(pulled_weight, 1e-6)[..., None], np.float32)
    coarse = membrane(mean, pulled_weight > 0)
    pushed = np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    mixed = np.where(weight[..., None] > 0, values, pushed)
    for _ in range(2):
        mixed = np.where(weight[..., None] > 0, values, cv2.blur(mixed, (3, 3)))
    return mixed.astype(np.float32)


def span(values: Floats, known: Mask, *, kinds: Labels, stretch: Floats) -> Floats:
    """Carry known values (height, width, channels) over what is not known.

    Nothing passes from one kind to another; `stretch` tells, kind by kind, how much
    stiffer the membrane is across than down.
    """
    ys, xs = np.nonzero(~known)
    if len(ys) == 0 or not known.any():
        return values
    number = np.full(known.shape, -1, np.int64)
    number[ys, xs] = np.arange(len(ys))
    own = kinds[ys, xs]
    # A part that nothing known of its kind reaches takes the mean of all.
    total = np.full(len(ys), _LOOSE)
    goal = np.tile(_LOOSE * values[known].mean(axis=0, dtype=np.float64), (len(ys), 1))
    entries: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        y, x = ys + down, xs + across
        inside = (y >= 0) & (y < known.shape[0]) & (x >= 0) & (x < known.shape[1])
        inside[inside] = kinds[y[inside], x[inside]] == own[inside]
        one = np.flatnonzero(inside)
        weight = (stretch if across else 1 / stretch)[own[one]].astype(np.float64)
        other = number[y[inside], x[inside]]
        total[one] += weight
        free = other >= 0
        entries.append((one[free], other[free], -weight[free]))
        rim = values[y[inside][~free], x[inside][~free]]
        goal[one[~free]] += weight[~free, None] * rim
    diagonal = np.arange(len(ys))
    entries.append((diagonal, diagonal, total))
    rows, columns, weights = (
        np.concatenate(parts) for parts in zip(*entries, strict=True)
    )
    system = sparse.csc_matrix((weights, (rows, columns)), shape=(len(ys), len(ys)))
    spanned = values.copy()
    spanned[ys, xs] = splu(system).solve(goal)
    return spanned
