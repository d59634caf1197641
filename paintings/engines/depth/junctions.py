"""Where three surfaces meet in a T: the one whose edge runs straight on is in front."""

import cv2
import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.regions import Floats, Regions

# The disc around a junction, and what share of it the one in front holds: half.
_REACH_PX = 7
_HALF = (0.42, 0.58)
# Each of the other two holds at least this share, or it is no more than a sliver.
_LEAST = 0.14
# Junctions closer than this are counted as one.
_APART_PX = 6


def in_front(regions: Regions) -> Floats:
    """How often each surface (row) was seen to end another one's edge (column)."""
    votes = np.zeros((regions.count, regions.count), np.float32)
    labels = regions.labels
    taken = np.zeros(labels.shape, np.bool_)
    for y, x in _corners(regions):
        if taken[y, x]:
            continue
        window = labels[
            max(0, y - _REACH_PX) : y + _REACH_PX + 1,
            max(0, x - _REACH_PX) : x + _REACH_PX + 1,
        ]
        disc = _disc(y, x, labels.shape)
        present, counts = np.unique(window[disc], return_counts=True)
        shares = counts / counts.sum()
        seen = shares > _LEAST
        if seen.sum() != 3:
            continue
        taken[
            max(0, y - _APART_PX) : y + _APART_PX + 1,
            max(0, x - _APART_PX) : x + _APART_PX + 1,
        ] = True
        first = int(np.argmax(shares))
        if _HALF[0] < shares[first] < _HALF[1]:
            others = seen & (np.arange(len(present)) != first)
            votes[present[first], present[others]] += 1
    return votes


def _corners(regions: Regions) -> NDArray[np.int64]:
    """The places where at least three surfaces come together."""
    labels = regions.labels
    around = [np.roll(labels, (dy, dx), axis=(0, 1)) for dy in (0, 1) for dx in (0, 1)]
    table = np.sort(np.stack(around), axis=0)
    kinds = 1 + (table[1:] != table[:-1]).sum(axis=0)
    kinds[0] = kinds[:, 0] = 1
    return np.argwhere(kinds >= 3)


def _disc(y: int, x: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels of a round window that lie within the picture."""
    side = 2 * _REACH_PX + 1
    whole = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)) > 0
    top, left = max(0, _REACH_PX - y), max(0, _REACH_PX - x)
    bottom = side - max(0, y + _REACH_PX + 1 - shape[0])
    right = side - max(0, x + _REACH_PX + 1 - shape[1])
    return np.asarray(whole[top:bottom, left:right], np.bool_)
