"""Narrow strips that are no surfaces of their own: they go to what lies on either side."""

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paintings.engines.depth.growing import grown
from paintings.engines.depth.regions import (
    Floats,
    Labels,
    Regions,
    renumbered,
    row_reaches,
)

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Below this contrast (about a just visible difference times eight) a border is a shade.
SHADE = 8.0
# A piece that is nowhere deeper than this is a sliver.
_SLIVER_PX = 2.6
# A mast reaches over this share of the rows and is so unlike all it touches.
_TALL, _MAST = 0.2, 14.0
# Narrower parts of a piece may be a fringe of it, of a surface a tail.
_FRINGE_PX, _TAIL_PX = 7, 5
# From this share of what lies beside it on, a second neighbour makes a strip a fringe.
_BESIDE = 0.25
# Two others hold at least this share of what is around each place of a tail.
_AROUND_PX, _AROUND = (11, 11), 0.15


class Strips(Enum):
    """What becomes of the narrow parts of a piece that run on between two others."""

    KEPT = "kept"
    FLOODED = "flooded"  # to that side where the edge is lower, as water rises


def without_slivers(
    lab: Floats, regions: Regions, strips: Strips, *, apart: Doubles, contacts: Doubles
) -> Regions:
    """Give thin strips along outlines to either side, pixel by pixel."""
    unlike = np.where(contacts > 0, apart, np.inf).min(axis=1)
    top, low = row_reaches(regions.labels, regions.count)
    tall = (low - top + 1) / len(regions.labels)
    seeds = np.zeros(regions.labels.shape, np.int32)
    for number in range(regions.count):
        inside = (regions.labels == number).astype(np.uint8)
        depth = cv2.distanceTransform(
            cv2.copyMakeBorder(inside, 4, 4, 4, 4, cv2.BORDER_REPLICATE),
            cv2.DIST_L2,
            3,
        )[4:-4, 4:-4]
        core = depth > 1.5
        if strips is Strips.FLOODED:
            core &= ~_fringes(regions.labels, number, apart)
        if depth.max() >= _SLIVER_PX and core.sum() > 0.3 * inside.sum():
            seeds[core] = number + 1
        # A mast is thin, too, but tall and unlike what it stands before.
        elif tall[number] > _TALL and unlike[number] > _MAST:
            seeds[inside > 0] = number + 1
    if not seeds.any():
        return regions
    return renumbered(ndimage.watershed_ift(_fine_edges(lab), seeds) - 1)


def without_tails(lab: Floats, surfaces: Regions) -> Regions:
    """The same of whole surfaces, each pixel to what is the nearest in place and colour."""
    seeds = surfaces.labels + 1
    for number in range(surfaces.count):
        seeds[_tails(surfaces.labels, number)] = 0
    return renumbered(grown(lab, seeds.astype(np.int32)) - 1)


def _fringes(labels: Labels, number: int, apart: Doubles) -> Flags:
    """The thin parts of a piece that run along the border between two unlike others."""
    thin = _thin(labels, number, _FRINGE_PX)
    found = np.zeros(labels.shape, np.bool_)
    count, parts = cv2.connectedComponents(thin.astype(np.uint8))
    for part in range(1, count):
        here = parts == part
        around = cv2.dilate(here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        others = labels[around & (labels != number)]
        beside = np.bincount(others, minlength=len(apart))
        second, first = np.argsort(beside)[-2:]
        both = beside[second] > _BESIDE * beside.sum()
        if both and apart[first, second] > SHADE:
            found |= here
    return found


def _tails(labels: Labels, number: int) -> Flags:
    """The thin parts of a surface where two others are close by."""
    thin = _thin(labels, number, _TAIL_PX)
    most = np.zeros(labels.shape, np.float32)
    second = np.zeros(labels.shape, np.float32)
    near = cv2.dilate(thin.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    for other in np.unique(labels[near]):
        if other != number:
            here = (labels == other).astype(np.float32)
            share = cv2.boxFilter(here, -1, _AROUND_PX)
            second = np.maximum(second, np.minimum(most, share))
            most = np.maximum(most, share)
    return np.asarray(thin & (second > _AROUND), np.bool_)


def _thin(labels: Labels, number: int, width: int) -> Flags:
    """What of a region is narrower than so many pixels."""
    inside = (labels == number).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    broad = cv2.morphologyEx(inside, cv2.MORPH_OPEN, disc)
    return np.asarray((inside > 0) & (broad == 0), np.bool_)


def _fine_edges(lab: Floats) -> NDArray[np.uint16]:
    soft = cv2.GaussianBlur(lab, (0, 0), 0.7)
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.25)
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.25)
    strength = np.sqrt((dx**2 + dy**2).sum(axis=2))
    return np.asarray(np.clip(strength * 300, 0, 65535), np.uint16)
