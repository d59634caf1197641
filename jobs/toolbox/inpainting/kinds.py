"""The grounds around a hole (wall and floor, sea and sand) and how they go on behind it.

Around the hole colours are sorted into a few kinds; straight lines that part the kinds
best there are carried on through the hole.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.inpainting.sizes import Floats, Mask

Labels = NDArray[np.int32]

# How far around the hole one looks, as a share of the longer side.
_REACH = 0.055
_SOFT_PX = 4.0
_MOST_SAMPLES = 900
_ROUNDS = 12
_STEPS, _PACE = 300, 6.0
# The share of what surrounds the hole that lines have to sort rightly.
_SURE = 0.96


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Half-planes: each place is of the kind whose linear function is the largest."""

    weights: NDArray[np.float64]  # (kinds, 3): for 1, x, y

    @property
    def count(self) -> int:
        return len(self.weights)

    def at(self, size: tuple[int, int]) -> Labels:
        """The kind of every pixel of a picture of this width and height."""
        width, height = size
        xs, ys = np.meshgrid(
            (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
        )
        told = self.weights @ _terms(xs.ravel(), ys.ravel()).T
        largest = told.argmax(axis=0).reshape(height, width)
        return np.asarray(largest, np.int32)


def find_kinds(small: Floats, gone: Mask, count: int) -> Kinds | None:
    """Part what surrounds the hole into so many grounds; None where no lines do."""
    side = 2 * max(4, round(_REACH * max(gone.shape))) + 1
    near = cv2.dilate(gone.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    ys, xs = np.nonzero(near & ~gone)
    if len(ys) < 40 * count:
        return None
    every = max(1, len(ys) // _MOST_SAMPLES)
    ys, xs = ys[::every], xs[::every]
    lab = cv2.cvtColor(_soft(small, gone) / 255, cv2.COLOR_RGB2LAB)
    own = _clustered(np.asarray(lab[ys, xs], np.float64), count)
    height, width = gone.shape
    terms = _terms((xs + 0.5) / width, (ys + 0.5) / height)
    weights = _parted(terms, own, count)
    sorted_rightly = (terms @ weights.T).argmax(axis=1) == own
    return Kinds(weights=weights) if sorted_rightly.mean() > _SURE else None


def _terms(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(xs)), 4 * xs - 2, 4 * ys - 2])


def _soft(small: Floats, gone: Mask) -> Floats:
    """Without grain, and nothing of the hole mixed in."""
    known = (~gone).astype(np.float32)
    mass = cv2.GaussianBlur(known, (0, 0), _SOFT_PX)
    total = cv2.GaussianBlur(small * known[..., None], (0, 0), _SOFT_PX)
    return np.asarray(total / np.maximum(mass, 1e-3)[..., None], np.float32)


def _clustered(colours: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Sorted into so many colours, beginning with those that are farthest apart."""
    middles = colours.mean(axis=0, keepdims=True)
    middles = colours[[int(_off(colours, middles)[:, 0].argmax())]]
    while len(middles) < count:
        farthest = int(_off(colours, middles).min(axis=1).argmax())
        middles = np.vstack([middles, colours[farthest]])
    own = np.zeros(len(colours), np.int64)
    for _ in range(_ROUNDS):
        own = _off(colours, middles).argmin(axis=1)
        for one in range(count):
            if (own == one).any():
                middles[one] = colours[own == one].mean(axis=0)
    return own


def _off(
    colours: NDArray[np.float64], middles: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(((colours[:, None] - middles[None]) ** 2).sum(axis=2))


@njit(cache=True, nogil=True)
def _parted(
    terms: NDArray[np.float64], own: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Multinomial regression by steepest descent: the lines that part the kinds best."""
    samples, width = terms.shape
    weights = np.zeros((count, width))
    share = np.zeros(count)
    for _ in range(_STEPS):
        slope = -1e-4 * weights
        for at in range(samples):
            highest = -np.inf
            for one in range(count):
                told = 0.0
                for term in range(width):
                    told += weights[one, term] * terms[at, term]
                share[one] = told
                highest = max(highest, told)
            whole = 0.0
            for one in range(count):
                share[one] = np.exp(share[one] - highest)
                whole += share[one]
            for one in range(count):
                off = (1.0 if own[at] == one else 0.0) - share[one] / whole
                for term in range(width):
                    slope[one, term] += off * terms[at, term] / samples
        weights += _PACE * slope
    return weights
