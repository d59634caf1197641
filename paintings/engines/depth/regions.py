"""The pieces that a photo falls into: superpixels merged until objects are whole."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import adjacency, superpixels
from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

# A jump of the whole depth range weighs as much as this difference in colour.
_DEPTH_WEIGHT = 160.0


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


def find_regions(
    small: Pixels, *, depth: Floats | None = None, wanted: int = 22
) -> Regions:
    """Merge superpixels that look alike; never across a strong edge if it can be helped."""
    lab = np.asarray(
        cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32
    )
    calm = np.asarray(cv2.bilateralFilter(lab, 7, 12.0, 4.0), np.float32)
    labels, count = superpixels(calm, size_px=max(6, max(small.shape[:2]) // 34))
    pieces = Regions(labels=labels, count=count)
    edges = _edge_map(calm)

    def merged(regions: Regions, down_to: int) -> Regions:
        features = _features(lab, calm, regions)
        if depth is not None:
            near = regions.means(depth)
            features = np.column_stack([features, _DEPTH_WEIGHT * near])
        touching = adjacency(regions.labels, regions.count)
        walls = _walls(edges, regions.labels, regions.count)
        owner = _merge(features, regions.sizes, touching, walls, down_to)
        return Regions(labels=owner[regions.labels], count=int(owner.max()) + 1)

    # Windows and tufts are taken in first, so that they crowd out no real thing.
    many = _absorb(merged(pieces, 4 * wanted), smaller_than=0.004)
    return _absorb(merged(many, wanted), smaller_than=0.012)


def wall_heights(small: Pixels, regions: Regions) -> Floats:
    """How strong the edge between each two regions is."""
    lab = np.asarray(
        cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32
    )
    calm = np.asarray(cv2.bilateralFilter(lab, 7, 12.0, 4.0), np.float32)
    return _walls(_edge_map(calm), regions.labels, regions.count)


def outline_strength(small: Pixels, regions: Regions) -> Floats:
    """The mean edge strength along each region's whole border inside the frame."""
    lab = np.asarray(
        cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32
    )
    calm = np.asarray(cv2.bilateralFilter(lab, 7, 12.0, 4.0), np.float32)
    edges = cv2.dilate(_edge_map(calm), np.ones((3, 3), np.uint8))
    labels = regions.labels
    border = np.zeros(labels.shape, np.bool_)
    border[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    border[:, 1:] |= labels[:, :-1] != labels[:, 1:]
    border[:-1] |= labels[:-1] != labels[1:]
    border[1:] |= labels[:-1] != labels[1:]
    total = np.bincount(labels[border], edges[border], regions.count)
    length = np.bincount(labels[border], minlength=regions.count)
    return np.asarray(total / np.maximum(length, 1), np.float32)


def split_by(regions: Regions, mask: NDArray[np.bool_]) -> Regions:
    """Cut regions along a mask that runs through them; slivers stay where they are."""
    share = regions.means(mask.astype(np.float32))
    inside = np.where(share > 0.75, True, share > 0.25)
    cut = inside[regions.labels] & np.where(share > 0.75, True, False)[regions.labels]
    cut |= inside[regions.labels] & mask
    labels = np.where(cut, regions.labels + regions.count, regions.labels)
    return _renumbered(labels)


def _renumbered(labels: NDArray[np.integer]) -> Regions:
    present, compact = np.unique(labels, return_inverse=True)
    return Regions(
        labels=compact.reshape(labels.shape).astype(np.int32), count=len(present)
    )


def _absorb(regions: Regions, *, smaller_than: float) -> Regions:
    """A small spot within one region (a window, a tuft) belongs to it."""
    labels, count = regions.labels, regions.count
    contact = np.zeros((count, count))
    for one, other in (
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1], labels[1:]),
    ):
        differ = one != other
        np.add.at(contact, (one[differ], other[differ]), 1.0)
    contact += contact.T
    share = contact.max(axis=1) / np.maximum(contact.sum(axis=1), 1)
    host = contact.argmax(axis=1)
    small = regions.sizes / labels.size < smaller_than
    owner = np.where(small & (share > 0.85), host, np.arange(count))
    return _renumbered(owner[owner][labels])


def _features(lab: Floats, calm: Floats, pieces: Regions) -> Floats:
    """Colour and roughness, in units of one just visible difference or so."""
    light = lab[..., 0]
    fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), 2.0))
    rough = np.asarray(cv2.GaussianBlur(fine, (0, 0), 3.0), np.float32)
    colour = [0.8 * pieces.means(calm[..., 0])]
    colour += [1.3 * pieces.means(np.ascontiguousarray(calm[..., c])) for c in (1, 2)]
    roughness = 14.0 * np.log1p(pieces.means(rough))
    return np.column_stack([*colour, roughness]).astype(np.float32)


def _edge_map(calm: Floats) -> Floats:
    strength = np.zeros(calm.shape[:2], np.float32)
    for channel in range(3):
        plane = np.ascontiguousarray(calm[..., channel])
        dx = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.25)
        dy = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.25)
        strength += dx**2 + dy**2
    return np.sqrt(strength)


def _walls(edges: Floats, labels: Labels, count: int) -> Floats:
    """The mean edge strength along each border between two pieces."""
    total = np.zeros((count, count), np.float32)
    length = np.zeros((count, count), np.float32)
    for one, other, edge in (
        (labels[:, :-1], labels[:, 1:], np.maximum(edges[:, :-1], edges[:, 1:])),
        (labels[:-1], labels[1:], np.maximum(edges[:-1], edges[1:])),
    ):
        differ = one != other
        np.add.at(total, (one[differ], other[differ]), edge[differ])
        np.add.at(length, (one[differ], other[differ]), 1.0)
    total, length = total + total.T, length + length.T
    return np.asarray(total / np.maximum(length, 1), np.float32)


def _merge(
    features: Floats,
    sizes: Floats,
    touching: NDArray[np.bool_],
    walls: Floats,
    wanted: int,
) -> Labels:
    """Ward's merging on the graph of neighbours, cheapest pair first."""
    count = len(sizes)
    weight = sizes / sizes.mean()
    mean = features.astype(np.float64)
    link = touching.copy()
    wall = walls.astype(np.float64)
    owner = np.arange(count)
    alive = count
    cost = np.full((count, count), np.inf)

    def price(one: int) -> None:
        others = np.flatnonzero(link[one])
        apart = ((mean[others] - mean[one]) ** 2).sum(axis=1)
        # Large areas are not kept apart merely for being large.
        mass = weight[others] * weight[one] / (weight[others] + weight[one])
        mass = mass**0.7
        value = mass * apart * (0.35 + np.minimum(wall[one, others] / 12.0, 3.0))
        cost[one, :] = np.inf
        cost[:, one] = np.inf
        cost[one, others] = value
        cost[others, one] = value

    for one in range(count):
        price(one)
    while alive > wanted:
        flat = int(np.argmin(cost))
        one, other = divmod(flat, count)
        if not np.isfinite(cost[one, other]):
            break
        total = weight[one] + weight[other]
        share = weight[other] / total
        mean[one] = (1 - share) * mean[one] + share * mean[other]
        wall[one] = np.where(
            link[one] & link[other],
            (wall[one] + wall[other]) / 2,
            np.where(link[other], wall[other], wall[one]),
        )
        wall[:, one] = wall[one]
        weight[one] = total
        link[one] |= link[other]
        link[:, one] |= link[:, other]
        link[one, one] = False
        link[other] = False
        link[:, other] = False
        cost[other] = np.inf
        cost[:, other] = np.inf
        owner[owner == other] = one
        alive -= 1
        price(one)
    _, compact = np.unique(owner, return_inverse=True)
    return np.asarray(compact, np.int32)
