"""Where to cut: the layers' borders lie where depth jumps, and regions stay whole."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import otsu
from paintings.engines.depth.local import DepthField
from paintings.engines.depth.regions import Floats, Labels

Doubles = NDArray[np.float64]

# How much the jump at the border counts beside the distance as a whole.
_BORDER = 0.75
# Near 0, a small thing is kept apart as readily as a large ground.
_SMALL_COUNTS = 0.4
# Below this share of the picture a region is joined the sooner the smaller it is.
_CRUMB = 0.008
# What stands is so much sooner kept apart from a ground than two grounds are.
_STANDS = 1.8
# How far from the border depth is read: at the border itself it is soft.
_ASIDE_PX = 3
# Depth that varies by less than this within a layer is one distance.
_FLAT = 1e-4
# Smaller jumps say nothing of what is before what.
_CLEAR = 0.03
# Borders shorter than this tell nothing of a jump.
_SHORT_PX = 5


def cut(field: DepthField, count: int) -> tuple[Labels, list[float]]:
    """Give every pixel the number of its layer, 0 at the back; and each layer's nearness."""
    groups = _Groups.found(field)
    while groups.alive > count:
        groups.join(*groups.next_pair())
    labels = groups.ordered()[field.regions.labels].astype(np.int32)
    while int(labels.max()) + 1 < count:
        labels = _parted(labels, field.plain)
    middles = [
        float(np.median(field.near[labels == number])) for number in range(count)
    ]
    return labels, list(np.maximum.accumulate(middles))


@dataclass(kw_only=True)
class _Groups:
    """Regions on their way to layers: how depth jumps between each two; all may be summed."""

    sizes: Doubles  # shares of the picture; 0 once it has been joined
    depths: Doubles  # sums of nearness
    steps: Doubles  # (count, count) signed sums along the border: row minus column
    jumps: Doubles  # sums of squares
    lengths: Doubles
    spans: NDArray[np.bool_]  # (count, 2): whether it reaches the frame's left, right
    owner: NDArray[np.int64]

    @classmethod
    def found(cls, field: DepthField) -> "_Groups":
        regions = field.regions
        steps, jumps, lengths = _along_borders(regions.labels, regions.count, field)
        sizes = regions.sizes.astype(np.float64) / regions.labels.size
        return cls(
            sizes=sizes,
            depths=sizes * regions.means(field.plain),
            steps=steps,
            jumps=jumps,
            lengths=lengths,
            spans=_reaches(regions.labels, regions.count),
            owner=np.arange(regions.count),
        )

    @property
    def alive(self) -> int:
        return int((self.sizes > 0).sum())

    def next_pair(self) -> tuple[int, int]:
        """The two that differ least: by the jump between them, else by their distance."""
        mean = self.depths / np.maximum(self.sizes, 1e-9)
        apart = np.abs(mean[:, None] - mean[None])
        # A thing's jump is small at its feet: the larger ones count for more.
        jump = np.sqrt(self.jumps / np.maximum(self.lengths, 1))
        meet = _BORDER * jump + (1 - _BORDER) * apart
        gap = np.where(self.lengths > _SHORT_PX, meet, apart)
        mass = self.sizes**_SMALL_COUNTS
        both = mass[:, None] * mass[None] / np.maximum(mass[:, None] + mass[None], 1e-9)
        # A crumb is no layer.
        both *= np.minimum(1, self.sizes / _CRUMB)[:, None]
        both *= np.minimum(1, self.sizes / _CRUMB)[None]
        price = (gap**2 + 1e-6) * both
        # A wall is sooner one with its floor than either with what stands before it.
        ground = self.spans.all(axis=1)
        price *= np.where(np.not_equal.outer(ground, ground), _STANDS, 1.0)
        dead = self.sizes == 0
        price[dead] = np.inf
        price[:, dead] = np.inf
        np.fill_diagonal(price, np.inf)
        one, other = divmod(int(np.argmin(price)), len(price))
        return one, other

    def join(self, one: int, other: int) -> None:
        for table in (self.steps, self.jumps, self.lengths):
            table[one] += table[other]
            table[:, one] += table[:, other]
            table[other] = table[:, other] = 0
            table[one, one] = 0
        for line in (self.sizes, self.depths):
            line[one] += line[other]
            line[other] = 0
        self.spans[one] |= self.spans[other]
        self.owner[self.owner == other] = one

    def ordered(self) -> NDArray[np.int64]:
        """A number for every region: what stands before something lies above it."""
        alive = np.flatnonzero(self.sizes > 0)
        mean = self.depths[alive] / self.sizes[alive]
        steps = self.steps[np.ix_(alive, alive)]
        lengths = self.lengths[np.ix_(alive, alive)]
        step = steps / np.maximum(lengths, 1)
        # Where it jumps at their border that tells, else how near they are on the whole.
        clear = (lengths > _SHORT_PX) & (np.abs(step) > _CLEAR)
        before = np.where(clear, step, 0.3 * (mean[:, None] - mean))
        best = max(permutations(range(len(alive))), key=lambda p: _agreement(before, p))
        rank = np.zeros(len(self.owner), np.int64)
        for number, place in enumerate(best):
            rank[alive[place]] = number
        return rank[self.owner]


def _reaches(labels: Labels, count: int) -> NDArray[np.bool_]:
    """Which regions lie on the picture's left and on its right side."""
    numbers = np.arange(count)
    return np.stack([np.isin(numbers, labels[:, end]) for end in (0, -1)], axis=1)


def _agreement(before: Doubles, order: tuple[int, ...]) -> float:
    """How well an order from back to front fits what is before what."""
    return float(np.tril(before[np.ix_(order, order)]).sum())


def _along_borders(
    labels: Labels, count: int, field: DepthField
) -> tuple[Doubles, Doubles, Doubles]:
    """Signed and squared jumps of depth summed along each border, and its length."""
    tables = [np.zeros(count * count) for _ in range(3)]
    for turned in (False, True):
        numbers = labels.T if turned else labels
        near = field.plain.T if turned else field.plain
        ys, xs = np.nonzero(numbers[:, :-1] != numbers[:, 1:])
        one, other = numbers[ys, xs], numbers[ys, xs + 1]
        before = _aside(numbers, ys, xs, one, way=-1)
        after = _aside(numbers, ys, xs + 1, other, way=1)
        step = (near[ys, before] - near[ys, after]).astype(np.float64)
        pair = one.astype(np.int64) * count + other
        tables[0] += np.bincount(pair, step, count * count)
        tables[1] += np.bincount(pair, step**2, count * count)
        tables[2] += np.bincount(pair, minlength=count * count)
    signed, squared, length = (table.reshape(count, count) for table in tables)
    return signed - signed.T, squared + squared.T, length + length.T


def _aside(
    numbers: Labels,
    ys: NDArray[np.int64],
    xs: NDArray[np.int64],
    own: Labels,
    *,
    way: int,
) -> NDArray[np.int64]:
    """The column a little way into the region, or the border where it is thin."""
    found = xs
    for away in range(_ASIDE_PX, 0, -1):
        at = np.clip(xs + way * away, 0, numbers.shape[1] - 1)
        found = np.where((found == xs) & (numbers[ys, at] == own), at, found)
    return np.asarray(found, np.int64)


def _parted(labels: Labels, plain: Floats) -> Labels:
    """Too few surfaces to go round: part the one that reaches farthest into the depth.

    What is flat is whole and stays so; if all are, the hindmost gives way.
    """
    reach = []
    for number in range(int(labels.max()) + 1):
        inside = plain[labels == number]
        low, high = np.quantile(inside, (0.05, 0.95))
        reach.append(float(high - low) * len(inside) ** 0.5)
    widest = int(np.argmax(reach))
    inside = labels == widest
    low, high = float(plain[inside].min()), float(plain[inside].max())
    if high - low > _FLAT:
        scaled = np.clip((plain - low) / (high - low), 0, 1)
        nearer = inside & (scaled > otsu(scaled[inside][None]))
    else:
        rows = np.indices(labels.shape)[0]
        nearer = inside & (rows > np.median(rows[inside]))
    return np.asarray(labels + (labels > widest) + nearer, np.int32)
