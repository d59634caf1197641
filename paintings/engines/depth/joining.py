"""Joining pieces pair by pair, the likeliest to be one thing first."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

# Shares of the border between two pieces, and of how their whole insides differ.
_WALL, _INSIDE = 0.55, 0.45
# Pieces below this share of the picture are joined the sooner the smaller they are.
_SMALL = 0.05


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What is known of each piece and of each two that touch."""

    sizes: Doubles
    histograms: Doubles  # one row a piece; every channel's counts sum to its size
    walls: Floats  # summed strength of the border between two
    lengths: Floats  # its length in pixels


class _Graph:
    """Pieces that touch, as they grow together."""

    def __init__(self, pieces: Pieces) -> None:
        self.sizes = pieces.sizes.copy()
        self.histograms = pieces.histograms.copy()
        self.area = float(pieces.sizes.sum())
        self.channels = float(pieces.histograms[0].sum() / max(pieces.sizes[0], 1))
        self.links: list[dict[int, tuple[float, float]]] = [{} for _ in pieces.sizes]
        for one, other in zip(*np.nonzero(pieces.lengths), strict=True):
            wall = float(pieces.walls[one, other]), float(pieces.lengths[one, other])
            self.links[one][int(other)] = wall
        self.age = [0] * len(self.sizes)
        self.owner = np.arange(len(self.sizes))

    def price(self, one: int, other: int) -> float:
        """How unlikely it is that two pieces are one thing."""
        strength, length = self.links[one][other]
        a = self.histograms[one] / self.sizes[one]
        b = self.histograms[other] / self.sizes[other]
        apart = float(((a - b) ** 2 / (a + b + 1e-9)).sum()) / (2 * self.channels)
        smaller = min(self.sizes[one], self.sizes[other]) / self.area
        return float(
            (_WALL * strength / length + _INSIDE * apart)
            * min(1.0, smaller / _SMALL) ** 0.25
        )

    def absorb(self, one: int, other: int) -> None:
        """Make the second piece part of the first."""
        self.sizes[one] += self.sizes[other]
        self.histograms[one] += self.histograms[other]
        self.owner[self.owner == other] = one
        del self.links[one][other]
        for third, (strength, length) in self.links[other].items():
            if third == one:
                continue
            before = self.links[one].get(third, (0.0, 0.0))
            together = before[0] + strength, before[1] + length
            self.links[one][third] = self.links[third][one] = together
            del self.links[third][other]
        self.links[other].clear()
        self.age[one] += 1
        self.age[other] = -1


def join(pieces: Pieces, *, wanted: Sequence[int]) -> list[NDArray[np.int64]]:
    """For each piece, the one that it became part of, once at most so many are left."""
    graph = _Graph(pieces)
    queue = [
        (graph.price(one, other), one, other, 0, 0)
        for one, links in enumerate(graph.links)
        for other in links
        if one < other
    ]
    heapq.heapify(queue)
    alive = len(pieces.sizes)
    owners = []
    for count in wanted:
        while alive > count and queue:
            _, one, other, age, other_age = heapq.heappop(queue)
            if graph.age[one] != age or graph.age[other] != other_age:
                continue
            graph.absorb(one, other)
            alive -= 1
            for third in graph.links[one]:
                entry = graph.price(one, third), one, third, graph.age[one]
                heapq.heappush(queue, (*entry, graph.age[third]))
        owners.append(graph.owner.copy())
    return owners
