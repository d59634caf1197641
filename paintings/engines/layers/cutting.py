"""Where to cut: the layers' borders lie where depth jumps, and regions stay whole."""

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.local import DepthField
from paintings.engines.depth.regions import Floats, Labels

# Near 0, a small thing is kept apart as readily as a large ground.
_SMALL_COUNTS = 0.25


def cut(field: DepthField, count: int) -> tuple[Labels, list[float]]:
    """Give every pixel the number of its layer, 0 at the back; and each layer's nearness."""
    # Regions at one distance are one surface, however many pieces it was found in.
    values, place = np.unique(
        np.round(field.region_near.astype(np.float64), 3), return_inverse=True
    )
    sizes = field.regions.sizes.astype(np.float64)
    area = np.bincount(place, sizes) / field.regions.labels.size
    group = _split(
        values.astype(np.float64),
        np.power(area, _SMALL_COUNTS, dtype=np.float64),
        count,
    )[place]
    labels = group[field.regions.labels].astype(np.int32)
    while int(labels.max()) + 1 < count:
        labels = _parted(labels, field.near)
    middles = [
        float(np.median(field.near[labels == number])) for number in range(count)
    ]
    return labels, list(np.maximum.accumulate(middles))


def _split(
    values: NDArray[np.float64], weights: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """The best cut of a line of values into groups: least spread within, by dynamic programming."""
    order = np.argsort(values, kind="stable")
    line, mass = values[order], weights[order]
    total = len(line)
    count = min(count, len(np.unique(np.round(line, 4))))
    w, wx, wxx = (
        np.concatenate([[0.0], np.cumsum(x)])
        for x in (mass, mass * line, mass * line**2)
    )

    def spread(first: int, last: int) -> float:
        m = w[last] - w[first]
        return float(
            wxx[last] - wxx[first] - (wx[last] - wx[first]) ** 2 / max(m, 1e-12)
        )

    best = np.full((count + 1, total + 1), np.inf)
    back = np.zeros((count + 1, total + 1), np.int64)
    best[0, 0] = 0.0
    for groups in range(1, count + 1):
        for last in range(groups, total + 1):
            for first in range(groups - 1, last):
                value = best[groups - 1, first] + spread(first, last)
                if value < best[groups, last]:
                    best[groups, last] = value
                    back[groups, last] = first
    group = np.zeros(total, np.int64)
    last = total
    for number in range(count, 0, -1):
        first = int(back[number, last])
        group[order[first:last]] = number - 1
        last = first
    return group


def _parted(labels: Labels, near: Floats) -> Labels:
    """Too few surfaces to go round: part the one that reaches farthest into the depth."""
    reach = []
    for number in range(int(labels.max()) + 1):
        inside = near[labels == number]
        low, high = np.quantile(inside, (0.05, 0.95))
        reach.append(float(high - low) * len(inside) ** 0.5)
    widest = int(np.argmax(reach))
    rows = np.linspace(0, 1e-3, near.shape[0], dtype=np.float32)[:, None]
    ramp = near + rows
    inside = labels == widest
    nearer = inside & (ramp > np.median(ramp[inside]))
    return np.asarray(labels + (labels > widest) + nearer, np.int32)
