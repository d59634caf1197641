"""From pieces to whole surfaces and things: what a person would name with one word."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.regions import Floats, Regions, row_reaches
from paintings.engines.depth.strips import SHADE, Strips, without_slivers, without_tails

Doubles = NDArray[np.float64]

# How far from the border on either side the colours are compared, in pixels: close by,
# and beyond what a border that is not quite in place leaves on the wrong side.
_ASIDES_PX = (3, 8)
# How much of a step a glow explains, at each of these distances.
_GLOWS = np.array([1.0, 1.6])
# Two pieces of one ground with something standing between them look this much alike.
_ALIKE = 10.0
# ... and are at most this share of the width apart.
_NEAR_BY = 0.3
# Pieces below this share of the picture join the sooner the smaller they are.
_SMALL = 0.03
# From this share of the picture on a surface is a large one.
_LARGE = 0.1
# Roughness below which it is calm, and how many times rougher the other one is.
_CALM, _ROUGHER = 0.8, 2.0
# A shared border shorter than this share of the smaller outline joins nothing.
_TOUCH = 0.12


@dataclass(kw_only=True)
class _Borders:
    """Colour steps across each border, and each region's mean colour; all may be summed."""

    # One table for each distance from the border.
    steps: Doubles  # (count, count, distances, 4), antisymmetric sums
    slopes: Doubles  # the same for as far on either side of the border, halved
    samples: Doubles  # (count, count, distances)
    contacts: Doubles  # (count, count)
    colours: Doubles  # (count, 5), sums; the last is plain roughness
    sizes: Doubles  # pixels; 0 once it has been joined

    def contrast(self) -> Doubles:
        """How clearly each two regions differ, at their border and as a whole."""
        many = np.maximum(self.samples, 1)[..., None]
        across, around = self.steps / many, self.slopes / many
        # What goes on at the same rate on either side is a glow, and no border.
        along = np.clip(np.sign(across) * around, 0, None) * _GLOWS[:, None]
        step = np.sqrt((np.clip(np.abs(across) - along, 0, None) ** 2).sum(axis=3))
        apart = self.apart()
        wild = self.colours[:, 4] / np.maximum(self.sizes, 1)
        seen = self.samples > 3
        seen[..., 1:] &= self._sky_and_hills(wild)[..., None]
        step = np.where(seen, step, 0).max(axis=2)
        step = np.where(seen.any(axis=2), step, apart)
        # Where there is no step at the border, a slow shade is all that parts them.
        told = 0.5 * step + 0.5 * np.minimum(apart, 4 * step)
        # On calm ground a faint line is seen, in a wild one it is lost.
        loud = np.clip(1.5 - (wild[:, None] + wild[None]) / 16, 0.6, 1.5)
        return np.asarray(told * loud)

    def _sky_and_hills(self, wild: Doubles) -> NDArray[np.bool_]:
        """Large surfaces, one calm and the other not: a border hard to put in place."""
        size = np.minimum(self.sizes[:, None], self.sizes[None]) / self.sizes.sum()
        calm = np.minimum(wild[:, None], wild[None])
        rough = np.maximum(wild[:, None], wild[None])
        return np.asarray(
            (size > _LARGE) & (calm < _CALM) & (rough > _ROUGHER * calm), np.bool_
        )

    def apart(self) -> Doubles:
        mean = self.colours[:, :4] / np.maximum(self.sizes, 1)[:, None]
        return np.asarray(np.sqrt(((mean[:, None] - mean[None]) ** 2).sum(axis=2)))

    def join(self, one: int, other: int) -> None:
        for table in (self.steps, self.slopes, self.samples, self.contacts):
            table[one] += table[other]
            table[:, one] += table[:, other]
            table[other] = 0
            table[:, other] = 0
            table[one, one] = 0
        self.colours[one] += self.colours[other]
        self.sizes[one] += self.sizes[other]
        self.sizes[other] = 0


def find_surfaces(evidence: Evidence, regions: Regions, strips: Strips) -> Regions:
    """Join pieces that only shade, pattern or something in front of them parts."""
    borders = _measure(evidence, regions)
    pieces = without_slivers(
        evidence.lab, regions, strips, apart=borders.apart(), contacts=borders.contacts
    )
    joined = _joined(evidence, pieces)
    # Without its tails a surface may turn out to be more of its neighbour.
    whole = _joined(evidence, without_tails(evidence.lab, joined))
    return whole.joined(_behind_things(evidence, whole))


def _joined(evidence: Evidence, regions: Regions) -> Regions:
    borders = _measure(evidence, regions)
    owner = np.arange(regions.count)
    while True:
        pair = _next_pair(borders)
        if pair is None:
            return regions.joined(owner)
        borders.join(*pair)
        owner[owner == pair[1]] = pair[0]


def contrasts(evidence: Evidence, regions: Regions) -> Floats:
    """The contrast of each two regions."""
    return _measure(evidence, regions).contrast().astype(np.float32)


def _next_pair(borders: _Borders) -> tuple[int, int] | None:
    outline = np.maximum(borders.contacts.sum(axis=1), 1)
    smaller = np.minimum(outline[:, None], outline[None])
    open_to = borders.contacts > _TOUCH * smaller
    size = np.minimum(borders.sizes[:, None], borders.sizes[None])
    ease = np.minimum(1.0, size / (_SMALL * borders.sizes.sum())) ** 0.2
    price = np.where(open_to, borders.contrast() * ease, np.inf)
    one, other = divmod(int(np.argmin(price)), len(price))
    if price[one, other] > SHADE:
        return None
    return (one, other) if borders.sizes[one] >= borders.sizes[other] else (other, one)


def _behind_things(evidence: Evidence, regions: Regions) -> NDArray[np.int64]:
    """A ground goes on behind what stands before it: join its parts to left and right."""
    borders = _measure(evidence, regions)
    apart = borders.apart()
    rows = np.arange(regions.labels.shape[0], dtype=np.float32)[:, None]
    height, area = len(rows), regions.labels.size
    middle = regions.means(
        np.broadcast_to(rows, regions.labels.shape).astype(np.float32)
    )
    owner = np.arange(regions.count)
    tops, lows = row_reaches(regions.labels, regions.count)
    for one in range(regions.count):
        for other in range(one):
            if borders.contacts[one, other] > 0 or apart[one, other] > _ALIKE:
                continue
            both = min(lows[one], lows[other]) - max(tops[one], tops[other])
            shorter = min(lows[one] - tops[one], lows[other] - tops[other])
            level = abs(middle[one] - middle[other]) < 0.12 * height
            inside = min(regions.sizes[one], regions.sizes[other]) < 0.015 * area
            between = (borders.contacts[one] > 0) & (borders.contacts[other] > 0)
            beside = both > 0.7 * shorter and (level or inside)
            if beside and between.any() and _gap(regions, one, other) < _NEAR_BY:
                owner[owner == owner[other]] = owner[one]
    return owner


def _gap(regions: Regions, one: int, other: int) -> float:
    """How much of the width lies between two regions, on the rows that both hold."""
    first, second = regions.labels == one, regions.labels == other
    rows = first.any(axis=1) & second.any(axis=1)
    if not rows.any():
        return 1.0
    width = regions.labels.shape[1]
    ends = [
        (m[rows].argmax(axis=1), width - m[rows][:, ::-1].argmax(axis=1))
        for m in (first, second)
    ]
    gaps = np.maximum(ends[0][0] - ends[1][1], ends[1][0] - ends[0][1])
    return float(np.maximum(gaps, 0).mean() / width)


def _measure(evidence: Evidence, regions: Regions) -> _Borders:
    soft = evidence.appearance
    told = [_steps(soft, regions, aside) for aside in _ASIDES_PX]
    steps, slopes, samples = (
        np.stack(tables, axis=2) for tables in zip(*told, strict=True)
    )
    labels, count = regions.labels, regions.count
    flat = labels.ravel()
    colours = np.stack(
        [np.bincount(flat, soft[..., c].ravel(), count) for c in range(5)], axis=1
    )
    return _Borders(
        steps=steps,
        slopes=slopes,
        samples=samples,
        contacts=regions.contacts().astype(np.float64),
        colours=colours.astype(np.float64),
        sizes=regions.sizes.astype(np.float64),
    )


def _steps(
    soft: Doubles, regions: Regions, aside: int
) -> tuple[Doubles, Doubles, Doubles]:
    """Sums of the steps so far from each border, of the slopes beyond, and how many."""
    count = regions.count
    steps, slopes = np.zeros((count * count, 4)), np.zeros((count * count, 4))
    samples = np.zeros(count * count)
    for turned in (False, True):
        numbers = regions.labels.T if turned else regions.labels
        colours = soft.transpose(1, 0, 2) if turned else soft
        ys, xs = np.nonzero(numbers[:, :-1] != numbers[:, 1:])
        one, other = numbers[ys, xs], numbers[ys, xs + 1]
        before = np.maximum(xs - aside + 1, 0)
        after = np.minimum(xs + aside, numbers.shape[1] - 1)
        pure = (numbers[ys, before] == one) & (numbers[ys, after] == other)
        pair = (one.astype(np.int64) * count + other)[pure]
        step = (colours[ys, after] - colours[ys, before])[pure]
        wide = 2 * aside - 1
        past = np.minimum(after + wide, numbers.shape[1] - 1)
        short = np.maximum(before - wide, 0)
        slope = colours[ys, past] - colours[ys, after]
        slope = 0.5 * (slope + colours[ys, before] - colours[ys, short])[pure]
        for channel in range(4):
            steps[:, channel] += np.bincount(pair, step[:, channel], count * count)
            slopes[:, channel] += np.bincount(pair, slope[:, channel], count * count)
        samples += np.bincount(pair, minlength=count * count)
    across, around = (s.reshape(count, count, 4) for s in (steps, slopes))
    seen = samples.reshape(count, count)
    return (
        across - across.transpose(1, 0, 2),
        around - around.transpose(1, 0, 2),
        seen + seen.T,
    )
