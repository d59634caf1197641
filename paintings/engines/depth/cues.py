"""What hints at distance, measured region by region.

No single mix of hints serves every photo, so the kind of scene is told first:
is there a sky, is the background out of focus, does the ground reach the viewer?
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.regions import Floats, Regions

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Cues:
    """One number a region for each hint."""

    size: Floats  # share of the picture
    salience: Floats
    sharpness: Floats  # 0 blurred, 1 as sharp as anything in the picture
    sky: Flags


def measure(small: Pixels, regions: Regions, salience: Floats) -> Cues:
    """Look at every hint in turn."""
    labels, count = regions.labels, regions.count
    top, bottom = _extent(labels, count, axis=0)
    light = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    at_top = np.bincount(labels[0], minlength=count) / labels.shape[1]
    smooth = np.asarray(1 / (1 + regions.means(fine_detail(small))), np.float32)
    size = np.asarray(regions.sizes / labels.size, np.float32)
    stands_out = regions.means(salience)
    return Cues(
        size=size,
        salience=stands_out,
        sharpness=_edge_focus(_sharpness(np.asarray(light, np.float32)), regions),
        sky=_sky(at_top, top, bottom, smooth, size, stands_out),
    )


def fine_detail(small: Pixels) -> Floats:
    """How much lightness differs from its surroundings', pixel by pixel."""
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    fine = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2.0))
    return np.asarray(fine, np.float32)


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
