"""The pieces that a photo falls into: a fine shatter joined until objects are whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.joining import Pieces, join

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

# A jump of the whole depth range counts as the strongest border there is.
_DEPTH_STEP = 40
# What lies apart from its region and fills less than this share of the picture.
_STRAY = 0.004


@dataclass(frozen=True, kw_only=True)
class Regions:
    """A numbered partition of a small picture."""

    labels: Labels  # (height, width)
    count: int

    def means(self, values: Floats) -> Floats:
        """The mean of a map in every region."""
        sums = np.bincount(self.labels.ravel(), values.ravel(), self.count)
        return (sums / np.maximum(self.sizes, 1)).astype(np.float32)

    @property
    def sizes(self) -> Floats:
        return np.bincount(self.labels.ravel(), minlength=self.count).astype(np.float32)

    def paint(self, values: Floats) -> Floats:
        """A map with each region's value."""
        return values[self.labels].astype(np.float32)

    def contacts(self) -> Floats:
        """How many pixels long the border between each two regions is."""
        return _borders(self.labels, self.count, None)[1]

    def joined(self, owner: NDArray[np.integer]) -> "Regions":
        """The same partition with some regions made one."""
        return renumbered(owner[self.labels])


def find_regions(
    evidence: Evidence, *, depth: Floats | None = None, wanted: Sequence[int] = (36,)
) -> list[Regions]:
    """Join what no strong border parts and what looks alike, until so many are left.

    Of the numbers wanted each is smaller than the one before.
    """
    shatter = _shattered(evidence.strength)
    histograms = [
        _histogram(shatter, channel.bins, channel.count, soft=channel.ordered)
        for channel in evidence.channels
    ]
    if depth is not None:
        steps = np.clip(depth * _DEPTH_STEP, 0, _DEPTH_STEP - 1).astype(np.int32)
        histograms.append(2 * _histogram(shatter, steps, _DEPTH_STEP, soft=True))
    walls, lengths = _borders(shatter.labels, shatter.count, evidence.strength)
    owners = join(
        Pieces(
            sizes=shatter.sizes.astype(np.float64),
            histograms=np.concatenate(histograms, axis=1),
            walls=walls,
            lengths=lengths,
        ),
        wanted=wanted,
    )
    return [absorbed(shatter.joined(owner), smaller_than=0.002) for owner in owners]


def split_by(regions: Regions, mask: NDArray[np.bool_]) -> Regions:
    """Cut regions along a mask that runs through them; slivers stay where they are."""
    share = regions.means(mask.astype(np.float32))
    whole = (share > 0.75)[regions.labels]
    part = (share > 0.25)[regions.labels]
    cut = whole | (part & mask)
    return renumbered(np.where(cut, regions.labels + regions.count, regions.labels))


def renumbered(labels: NDArray[np.integer]) -> Regions:
    """Numbers without gaps, in the same order."""
    present = np.bincount(labels.ravel()) > 0
    numbers = np.cumsum(present, dtype=np.int32) - 1
    return Regions(labels=numbers[labels], count=int(present.sum()))


def row_reaches(labels: Labels, count: int) -> tuple[Floats, Floats]:
    """The highest and the lowest row of each region."""
    height = labels.shape[0]
    present = np.zeros((count, height), np.bool_)
    present[labels, np.arange(height)[:, None]] = True
    low = height - 1 - present[:, ::-1].argmax(axis=1)
    return present.argmax(axis=1).astype(np.float32), low.astype(np.float32)


def absorbed(regions: Regions, *, smaller_than: float, share: float = 0.85) -> Regions:
    """A small spot within one region (a window, a tuft) belongs to it."""
    contact = regions.contacts()
    touching = contact.max(axis=1) / np.maximum(contact.sum(axis=1), 1)
    host = contact.argmax(axis=1)
    small = regions.sizes / regions.labels.size < smaller_than
    owner = np.where(small & (touching > share), host, np.arange(regions.count))
    return regions.joined(owner[owner])


def without_hairlines(regions: Regions) -> Regions:
    """Give each pixel to what most of its surroundings are: lines of a pixel or two go."""
    best = np.zeros(regions.labels.shape, np.float32)
    labels = regions.labels.copy()
    for number in range(regions.count):
        share = cv2.boxFilter((regions.labels == number).astype(np.float32), -1, (5, 5))
        labels[share > best] = number
        best = np.maximum(best, share)
    return renumbered(labels)


def without_strays(regions: Regions) -> Regions:
    """Give small scraps, far from what they are part of, to what is most around them.

    A scrap within one other region is seen through a gap in it, and stays.
    """
    pieces = np.zeros(regions.labels.shape, np.int32)
    for number in range(regions.count):
        parts, _ = ndimage.label(regions.labels == number)
        pieces = np.where(parts > 0, parts + pieces.max(), pieces)
    parted = renumbered(pieces)
    first = np.zeros(parted.count, np.int64)
    first[parted.labels] = regions.labels
    sizes, contact = parted.sizes, parted.contacts()
    whole = np.zeros(regions.count)
    np.maximum.at(whole, first, sizes)
    small = (sizes < _STRAY * parted.labels.size) & (sizes < 0.2 * whole[first])
    around = np.zeros((parted.count, regions.count))
    np.add.at(around.T, first, contact)
    share = around.max(axis=1) / np.maximum(around.sum(axis=1), 1)
    stray = small & (share < 0.85)
    owner = np.where(stray, around.argmax(axis=1), first)
    return renumbered(owner[parted.labels].astype(np.int32))


def _shattered(strength: Floats) -> Regions:
    """The basins of the border strength: a drop of water for each pixel."""
    calm = cv2.GaussianBlur(strength, (0, 0), 1.0)
    lowest = calm <= ndimage.minimum_filter(calm, 5) + 1e-4
    springs, _ = ndimage.label(lowest)
    height = np.clip(calm / max(float(calm.max()), 1e-6) * 65535, 0, 65535)
    basins = ndimage.watershed_ift(
        height.astype(np.uint16), np.asarray(springs, np.int32)
    )
    return renumbered(np.asarray(basins, np.int32))


def _histogram(
    regions: Regions, bins: NDArray[np.int32], count: int, *, soft: bool
) -> NDArray[np.float64]:
    flat = regions.labels.ravel().astype(np.int64) * count + bins.ravel()
    table = np.bincount(flat, minlength=regions.count * count).astype(np.float64)
    table = table.reshape(regions.count, count)
    for _ in range(3 if soft else 0):
        wide = np.pad(table, ((0, 0), (1, 1)), mode="edge")
        table = 0.25 * wide[:, :-2] + 0.5 * wide[:, 1:-1] + 0.25 * wide[:, 2:]
    return table


def _borders(labels: Labels, count: int, edges: Floats | None) -> tuple[Floats, Floats]:
    """Summed edge strength and length of each border between two pieces."""
    total = np.zeros(count * count, np.float64)
    length = np.zeros(count * count, np.float64)
    for one, other in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        a, b = labels[one], labels[other]
        differ = a != b
        pair = a[differ].astype(np.int64) * count + b[differ]
        length += np.bincount(pair, minlength=count * count)
        if edges is not None:
            step = np.maximum(edges[one], edges[other])[differ]
            total += np.bincount(pair, step, count * count)
    shape = (count, count)
    both = [table.reshape(shape) + table.reshape(shape).T for table in (total, length)]
    return both[0].astype(np.float32), both[1].astype(np.float32)
