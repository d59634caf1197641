"""What hints at distance, measured region by region.

No single mix of hints serves every photo, so the kind of scene is told first:
is there a sky, is the background out of focus, does the ground reach the viewer?
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.regions import Floats, Regions, wall_heights

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Cues:
    """One number a region for each hint; heights count from the top, 0 to 1."""

    top: Floats
    bottom: Floats
    left: Floats
    right: Floats
    size: Floats  # share of the picture
    salience: Floats
    outlined: Floats  # mean strength of the edge all around
    sharpness: Floats  # 0 blurred, 1 as sharp as anything in the picture
    haze: Floats  # 0 clear, 1 lost in the air
    at_side: Floats  # share of the outline on the left and right frame
    at_top: Floats  # share of the top frame that it holds
    at_bottom: Floats  # share of the bottom frame that it holds
    smooth: Floats
    sky: Flags


def measure(
    small: Pixels, evidence: Evidence, regions: Regions, salience: Floats
) -> Cues:
    """Look at every hint in turn."""
    labels, count = regions.labels, regions.count
    width = labels.shape[1]
    top, bottom = _extent(labels, count, axis=0)
    left, right = _extent(labels, count, axis=1)
    lab = np.asarray(
        cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32
    )
    sharp_map = _sharpness(lab[..., 0])
    sides = np.concatenate([labels[:, 0], labels[:, -1]])
    outline = _outline(labels, count)
    at_side = np.bincount(sides, minlength=count) / np.maximum(outline, 1)
    at_top = np.bincount(labels[0], minlength=count) / width
    at_bottom = np.bincount(labels[-1], minlength=count) / width
    smooth = np.asarray(1 / (1 + regions.means(fine_detail(small))), np.float32)
    size = np.asarray(regions.sizes / labels.size, np.float32)
    haze = regions.means(dark_channel(small))
    stands_out = regions.means(salience)
    sky = _sky(at_top, top, bottom, smooth, size, stands_out)
    return Cues(
        top=top,
        bottom=bottom,
        left=left,
        right=right,
        size=size.astype(np.float32),
        salience=stands_out,
        outlined=_outlined(evidence, regions),
        sharpness=_edge_focus(sharp_map, regions),
        haze=haze,
        at_side=at_side.astype(np.float32),
        at_top=at_top.astype(np.float32),
        at_bottom=at_bottom.astype(np.float32),
        smooth=smooth,
        sky=sky,
    )


def fine_detail(small: Pixels) -> Floats:
    """How much lightness differs from its surroundings', pixel by pixel."""
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    fine = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2.0))
    return np.asarray(fine, np.float32)


def _outlined(evidence: Evidence, regions: Regions) -> Floats:
    """The mean strength of the border all around each region."""
    contact = regions.contacts()
    walls = wall_heights(evidence, regions) * contact
    return np.asarray(walls.sum(axis=1) / np.maximum(contact.sum(axis=1), 1))


def _extent(
    labels: NDArray[np.int32], count: int, *, axis: int
) -> tuple[Floats, Floats]:
    """Where each region begins and ends, a few stray pixels left out."""
    length = labels.shape[axis]
    table = np.zeros((count, length), np.float64)
    place = np.indices(labels.shape)[axis]
    np.add.at(table, (labels.ravel(), place.ravel()), 1.0)
    share = np.cumsum(table, axis=1) / np.maximum(table.sum(axis=1, keepdims=True), 1)
    first = (share < 0.03).sum(axis=1) / length
    last = (share < 0.985).sum(axis=1) / length
    return first.astype(np.float32), last.astype(np.float32)


def _outline(labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """How many pixels of each region lie on its border or on the frame."""
    padded = np.pad(labels, 1, constant_values=-1)
    inner = padded[1:-1, 1:-1]
    edge = np.zeros(labels.shape, np.bool_)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        near = padded[
            rows : rows + labels.shape[0], columns : columns + labels.shape[1]
        ]
        edge |= near != inner
    return np.bincount(labels[edge], minlength=count)


def _sharpness(light: Floats) -> Floats:
    """How narrow edges are: fine detail against coarse, where there is any edge."""
    fine = cv2.GaussianBlur(light, (0, 0), 0.8) - cv2.GaussianBlur(light, (0, 0), 1.6)
    coarse = cv2.GaussianBlur(light, (0, 0), 2.4) - cv2.GaussianBlur(light, (0, 0), 4.8)
    energy = cv2.GaussianBlur(fine**2, (0, 0), 3.0)
    wide = cv2.GaussianBlur(coarse**2, (0, 0), 3.0)
    return np.asarray(np.sqrt(energy / (wide + 2.0)), np.float32)


def _edge_focus(sharp_map: Floats, regions: Regions) -> Floats:
    values = regions.means(sharp_map)
    top = float(np.quantile(sharp_map, 0.95))
    return np.asarray(np.clip(values / max(top, 1e-4), 0, 1), np.float32)


def dark_channel(small: Pixels) -> Floats:
    """The dark channel: clear air leaves something dark in every patch."""
    darkest = small.min(axis=2)
    kernel = np.ones((9, 9), np.uint8)
    return np.asarray(cv2.erode(darkest, kernel) / 255, np.float32)


def _sky(
    at_top: NDArray[np.float64],
    top: Floats,
    bottom: Floats,
    smooth: Floats,
    size: Floats,
    stands_out: Floats,
) -> Flags:
    """Smooth areas that hang from the top of the picture and do not reach down."""
    hangs = (at_top > 0.12) & (bottom < 0.80) & (top < 0.05)
    large = size > 0.02
    return np.asarray(hangs & large & (smooth > 0.35) & (stands_out < 0.6), np.bool_)
