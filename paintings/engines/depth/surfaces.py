"""From pieces to whole surfaces and things: what a person would name with one word."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.regions import Floats, Regions, renumbered

Doubles = NDArray[np.float64]

# How far from the border on either side the colours are compared, in pixels.
_ASIDE_PX = 3
# Below this contrast (about a just visible difference times eight) a border is a shade.
_SHADE = 8.0
# Two pieces of one ground with something standing between them look this much alike.
_ALIKE = 10.0
# ... and are at most this share of the width apart.
_NEAR_BY = 0.3
_SLIVER_PX = 2.6
_MAST = 14.0
_ROUGHNESS = 6.0
# Pieces below this share of the picture join the sooner the smaller they are.
_SMALL = 0.03
# A shared border shorter than this share of the smaller outline joins nothing.
_TOUCH = 0.12


@dataclass(kw_only=True)
class _Borders:
    """Colour steps across each border, and each region's mean colour; all may be summed."""

    steps: Doubles  # (count, count, 4), antisymmetric sums
    slopes: Doubles  # the same for as far on either side of the border, halved
    samples: Doubles  # (count, count)
    contacts: Doubles  # (count, count)
    colours: Doubles  # (count, 5), sums; the last is plain roughness
    sizes: Doubles  # pixels; 0 once it has been joined

    def contrast(self) -> Doubles:
        """How clearly each two regions differ, at their border and as a whole."""
        many = np.maximum(self.samples, 1)[..., None]
        across, around = self.steps / many, self.slopes / many
        # What goes on at the same rate on either side is a glow, and no border.
        along = np.clip(np.sign(across) * around, 0, None)
        step = np.sqrt((np.clip(np.abs(across) - along, 0, None) ** 2).sum(axis=2))
        apart = self.apart()
        step = np.where(self.samples > 3, step, apart)
        # Where there is no step at the border, a slow shade is all that parts them.
        told = 0.5 * step + 0.5 * np.minimum(apart, 4 * step)
        # On calm ground a faint line is seen, in a wild one it is lost.
        wild = self.colours[:, 4] / np.maximum(self.sizes, 1)
        loud = np.clip(1.5 - (wild[:, None] + wild[None]) / 16, 0.6, 1.5)
        return np.asarray(told * loud)

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


def find_surfaces(evidence: Evidence, regions: Regions) -> Regions:
    """Join pieces that only shade, pattern or something in front of them parts."""
    regions = _without_slivers(evidence, regions)
    borders = _measure(evidence, regions)
    owner = np.arange(regions.count)
    while True:
        pair = _next_pair(borders)
        if pair is None:
            break
        borders.join(*pair)
        owner[owner == pair[1]] = pair[0]
    whole = regions.joined(owner)
    return whole.joined(_behind_things(evidence, whole))


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
    if price[one, other] > _SHADE:
        return None
    return (one, other) if borders.sizes[one] >= borders.sizes[other] else (other, one)


def _without_slivers(evidence: Evidence, regions: Regions) -> Regions:
    """Give thin strips along outlines to either side, pixel by pixel."""
    borders = _measure(evidence, regions)
    unlike = np.where(borders.contacts > 0, borders.apart(), np.inf).min(axis=1)
    tall = _heights(regions)
    seeds = np.zeros(regions.labels.shape, np.int32)
    for number in range(regions.count):
        inside = (regions.labels == number).astype(np.uint8)
        depth = cv2.distanceTransform(
            cv2.copyMakeBorder(inside, 4, 4, 4, 4, cv2.BORDER_REPLICATE),
            cv2.DIST_L2,
            3,
        )[4:-4, 4:-4]
        core = depth > 1.5
        if depth.max() >= _SLIVER_PX and core.sum() > 0.3 * inside.sum():
            seeds[core] = number + 1
        # A mast is thin, too, but tall and unlike what it stands before.
        elif tall[number] > 0.2 and unlike[number] > _MAST:
            seeds[inside > 0] = number + 1
    if not seeds.any():
        return regions
    return renumbered(ndimage.watershed_ift(_fine_edges(evidence.lab), seeds) - 1)


def _fine_edges(lab: Floats) -> NDArray[np.uint16]:
    soft = cv2.GaussianBlur(lab, (0, 0), 0.7)
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.25)
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.25)
    strength = np.sqrt((dx**2 + dy**2).sum(axis=2))
    return np.asarray(np.clip(strength * 300, 0, 65535), np.uint16)


def _heights(regions: Regions) -> Floats:
    """How many rows each region reaches over, as a share of the picture."""
    rows = np.arange(regions.labels.shape[0])[:, None]
    present = np.zeros((regions.count, len(rows)), np.bool_)
    present[regions.labels, rows] = True
    return np.asarray(present.sum(axis=1) / len(rows), np.float32)


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
    tops, lows = _reaches(regions)
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


def _reaches(regions: Regions) -> tuple[Floats, Floats]:
    rows = np.indices(regions.labels.shape)[0]
    top = np.full(regions.count, np.inf, np.float32)
    low = np.zeros(regions.count, np.float32)
    np.minimum.at(top, regions.labels, rows.astype(np.float32))
    np.maximum.at(low, regions.labels, rows.astype(np.float32))
    return top, low


def _appearance(evidence: Evidence) -> Doubles:
    """Colour, and roughness in units that weigh about as much."""
    light = np.ascontiguousarray(evidence.lab[..., 0])
    fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), 2.0))
    rough = _ROUGHNESS * np.log(0.5 + cv2.GaussianBlur(fine, (0, 0), 3.0))
    soft = cv2.GaussianBlur(evidence.lab, (0, 0), 1.0)
    return np.dstack([soft, rough, cv2.GaussianBlur(fine, (0, 0), 3.0)]).astype(
        np.float64
    )


def _measure(evidence: Evidence, regions: Regions) -> _Borders:
    count, labels = regions.count, regions.labels
    soft = _appearance(evidence)
    steps, slopes = np.zeros((count * count, 4)), np.zeros((count * count, 4))
    samples = np.zeros(count * count)
    for turned in (False, True):
        numbers = labels.T if turned else labels
        colours = soft.transpose(1, 0, 2) if turned else soft
        ys, xs = np.nonzero(numbers[:, :-1] != numbers[:, 1:])
        one, other = numbers[ys, xs], numbers[ys, xs + 1]
        before = np.maximum(xs - _ASIDE_PX + 1, 0)
        after = np.minimum(xs + _ASIDE_PX, numbers.shape[1] - 1)
        pure = (numbers[ys, before] == one) & (numbers[ys, after] == other)
        pair = (one.astype(np.int64) * count + other)[pure]
        step = (colours[ys, after] - colours[ys, before])[pure]
        wide = 2 * _ASIDE_PX - 1
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
    flat = labels.ravel()
    colours = np.stack(
        [np.bincount(flat, soft[..., c].ravel(), count) for c in range(5)], axis=1
    )
    return _Borders(
        steps=across - across.transpose(1, 0, 2),
        slopes=around - around.transpose(1, 0, 2),
        samples=seen + seen.T,
        contacts=regions.contacts().astype(np.float64),
        colours=colours,
        sizes=regions.sizes.astype(np.float64),
    )
