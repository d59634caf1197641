"""Surfaces over a gap, rims kept: one made quickly, and the calmest there is."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from jobs.toolbox.inpainting.sizes import Floats, Mask, shrunk


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
