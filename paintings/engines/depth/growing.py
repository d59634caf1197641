"""Seeds that grow over a picture until they meet: along what looks alike, by the shortest way."""

import heapq

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

# What a step costs even where the colour stays the same.
_STEP = 0.5


def grown(lab: Floats, seeds: Labels) -> Labels:
    """Every pixel gets the number of the seed (above 0) that it is cheapest to reach from.

    Costs add up, so that a narrow strip falls to what lies beside it and not, as with
    rising water, to whatever touches one of its ends.
    """
    labels = np.pad(seeds, 1)
    # Nothing is cheaper than the frame, so nothing leaves the picture.
    cost = np.pad(
        np.where(seeds > 0, 0, np.inf).astype(np.float32), 1, constant_values=-1
    )
    free = (labels == 0).astype(np.uint8)
    rim = (labels > 0) & (cv2.dilate(free, np.ones((3, 3), np.uint8)) > 0)
    _spread(np.pad(lab, ((1, 1), (1, 1), (0, 0))), labels, cost, np.flatnonzero(rim))
    return labels[1:-1, 1:-1]


@njit(cache=True, nogil=True)
def _spread(lab: Floats, labels: Labels, cost: Floats, rim: NDArray[np.int64]) -> None:
    width = labels.shape[1]
    queue = [(np.float32(0), at) for at in rim]
    while len(queue) > 0:
        paid, at = heapq.heappop(queue)
        y, x = at // width, at % width
        if paid > cost[y, x]:
            continue
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            v, u = y + dy, x + dx
            price = paid + np.float32(_STEP)
            for channel in range(lab.shape[2]):
                price += abs(lab[v, u, channel] - lab[y, x, channel])
            if price < cost[v, u]:
                cost[v, u] = price
                labels[v, u] = labels[y, x]
                heapq.heappush(queue, (price, v * width + u))
