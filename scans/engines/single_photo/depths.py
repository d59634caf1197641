"""How deep a thing is behind its outline: turned, boxed, or blown up like a balloon.

A balloon's front is then bent by what is known better: a depth network's word where
there is one, else the photo's own light and dark.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.engines.single_photo.shading import shaded
from scans.facts import Method
from scans.params import Shape

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

# How alike an outline and its mirror image must be to count as turned on a lathe.
SYMMETRIC_IOU = 0.955
RECTANGULAR_IOU = 0.955
# Rows of a cylinder differ in width by no more than this.
STRAIGHT = 0.05


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How far front and back lie from the middle at each cell, in cells; how found."""

    front: Doubles
    back: Doubles
    method: Method


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the photo shows at each cell (rows, columns)."""

    inside: Mask
    # Brightness, 0 to 255.
    light: Doubles
    # How near it is by a network's word, in a measure of its own.
    near: Doubles | None = None


def find_depth(seen: Seen, shape: Shape, thickness: float) -> Depth:
    """Tell the kind of shape by its outline, unless it is given."""
    mask = seen.inside
    if shape is Shape.AUTO:
        shape = recognised(mask)
    if shape is Shape.BOX:
        half = boxed(mask, thickness)
        return Depth(front=half, back=half, method=Method.BOX)
    if shape in (Shape.LATHE, Shape.CYLINDER):
        method = Method.CYLINDER if shape is Shape.CYLINDER else Method.LATHE
        half = turned(mask) * thickness
        return Depth(front=half, back=half, method=method)
    half = inflated(mask) * thickness
    if seen.near is None:
        front = shaded(half, mask, seen.light)
    else:
        front = told(half, mask, seen.near)
    return Depth(front=front, back=half, method=Method.INFLATED)


def told(half: Doubles, mask: Mask, near: Doubles) -> Doubles:
    """The network's depth, as thick as the balloon, down to the middle at the rim."""
    rim = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    core = rim > min(3.0, 0.5 * float(rim.max()))
    middle, spread = float(np.median(near[core])), float(np.std(near[core]))
    if spread < 1e-6:
        return half
    wanted = float(np.median(half[core]))
    front = wanted + float(np.std(half[core])) * (near - middle) / spread
    share = np.clip(rim / max(0.3 * float(rim.max()), 1.0), 0, 1)
    mixed = share * front + (1 - share) * half
    return np.where(mask, np.maximum(mixed, 0.05), 0.0)


def recognised(mask: Mask) -> Shape:
    widths, middles = spans(mask)
    rows = np.flatnonzero(widths)
    if len(rows) == 0:
        return Shape.INFLATED
    inner = rows[len(rows) // 10 : len(rows) - len(rows) // 10]
    if _rectangular(mask):
        return Shape.BOX
    single = _single_spans(mask) > 0.97
    level = float(np.std(middles[inner])) < 0.02 * float(widths.max())
    tall = len(rows) > 1.1 * widths.max()
    if single and level and tall and _mirrored_iou(mask) > SYMMETRIC_IOU:
        spread = float(np.ptp(np.percentile(widths[inner], [5, 95]))) / widths.max()
        return Shape.CYLINDER if spread < STRAIGHT else Shape.LATHE
    return Shape.INFLATED


def spans(mask: Mask) -> tuple[Doubles, Doubles]:
    """Width and middle of each row's outline."""
    columns = np.arange(mask.shape[1])
    left = np.where(mask.any(axis=1), mask.argmax(axis=1), 0)
    right = np.where(
        mask.any(axis=1), columns[-1] - mask[:, ::-1].argmax(axis=1) + 1, 0
    )
    return (right - left).astype(float), (right + left) / 2.0


def _single_spans(mask: Mask) -> float:
    """The share of rows that are one stretch without gaps."""
    widths, _ = spans(mask)
    held = widths > 0
    return float(np.mean(mask.sum(axis=1)[held] >= 0.98 * widths[held]))


def _mirrored_iou(mask: Mask) -> float:
    widths, middles = spans(mask)
    axis = float(np.average(middles, weights=widths))
    columns = np.round(2 * axis - 1 - np.arange(mask.shape[1])).astype(int)
    valid = (columns >= 0) & (columns < mask.shape[1])
    other = np.zeros_like(mask)
    other[:, valid] = mask[:, columns[valid]]
    return float((mask & other).sum() / (mask | other).sum())


def _rectangular(mask: Mask) -> bool:
    spots = np.argwhere(mask)[:, ::-1].astype(np.float32)
    box = cv2.minAreaRect(spots)
    filled = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(filled, [np.round(cv2.boxPoints(box)).astype(np.int32)], 1)
    whole = filled > 0
    return bool((mask & whole).sum() / (mask | whole).sum() > RECTANGULAR_IOU)


def turned(mask: Mask) -> Doubles:
    """Every row a circle as wide as the outline there."""
    widths, middles = spans(mask)
    columns = np.arange(mask.shape[1]) + 0.5
    across = columns[None, :] - middles[:, None]
    half = np.sqrt(np.maximum((widths[:, None] / 2) ** 2 - across**2, 0))
    return np.where(mask, np.maximum(half, 0.3), 0.0)


def boxed(mask: Mask, thickness: float) -> Doubles:
    """As deep as the outline's shorter side is wide, with straight walls."""
    spots = np.argwhere(mask)[:, ::-1].astype(np.float32)
    (_, (width, height), _) = cv2.minAreaRect(spots)
    return np.where(mask, 0.5 * min(width, height) * thickness, 0.0)


def inflated(mask: Mask) -> Doubles:
    """The root of a membrane under pressure, as deep as the outline's widest part."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    rows, columns = np.nonzero(mask)
    number = np.full(mask.shape, -1)
    number[rows, columns] = np.arange(len(rows))
    padded = np.pad(number, 1, constant_values=-1)
    at, to = [], []
    for dr, dc in ((0, 1), (2, 1), (1, 0), (1, 2)):
        other = padded[rows + dr, columns + dc]
        held = other >= 0
        at.append(np.flatnonzero(held))
        to.append(other[held])
    first, second = np.concatenate(at), np.concatenate(to)
    count = len(rows)
    diagonal = np.arange(count)
    values = np.concatenate([np.full(count, 4.0), np.full(len(first), -1.0)])
    places = (np.concatenate([diagonal, first]), np.concatenate([diagonal, second]))
    system = coo_matrix((values, places), (count, count)).tocsr()
    height = np.sqrt(np.maximum(spsolve(system, np.full(count, 3.0)), 0))
    out = np.zeros(mask.shape)
    out[rows, columns] = height
    # The membrane knows no scale: the widest inscribed circle gives it.
    radius = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5).max()
    return np.asarray(out * float(radius) / max(float(out.max()), 1e-9))
