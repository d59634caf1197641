"""A box seen over its corner: its six-sided outline tells its three edges.

Seen from afar, opposite sides of the outline are parallel, and each pair is the image
of one edge of the box. That the edges stand upright on each other gives their depths.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

FITTING_IOU = 0.965
# How much opposite sides may differ, as a share of their length.
PARALLEL = 0.2


@dataclass(frozen=True, kw_only=True)
class CornerBox:
    """The nearest corner and the three edges from it, in cells; z towards the viewer."""

    corner: Doubles  # (3,)
    edges: Doubles  # (3, 3)


def find_corner_box(mask: Mask) -> CornerBox | None:
    """The box whose outline this is; None when it is no such outline."""
    outline = _hexagon(mask)
    if outline is None:
        return None
    sides = np.roll(outline, -1, axis=0) - outline
    pairs = np.stack([sides[:3], -sides[3:]], axis=1)
    lengths = np.linalg.norm(pairs, axis=2).mean(axis=1)
    if (np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1) > PARALLEL * lengths).any():
        return None
    flat = pairs.mean(axis=1)
    # Every second corner has a visible edge to the near one; two ways to read it.
    for start in (0, 1):
        found = _stand_up(outline, flat, start)
        if found is not None:
            return found
    return None


def _hexagon(mask: Mask) -> Doubles | None:
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    length = cv2.arcLength(hull, closed=True)
    for share in (0.01, 0.015, 0.02, 0.03, 0.04):
        rough = cv2.approxPolyDP(hull, share * length, closed=True)
        if len(rough) <= 6:
            break
    if len(rough) != 6:
        return None
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [rough], 1)
    whole = drawn > 0
    if (mask & whole).sum() / (mask | whole).sum() < FITTING_IOU:
        return None
    return rough[:, 0, :].astype(np.float64)


def _stand_up(outline: Doubles, flat: Doubles, start: int) -> CornerBox | None:
    """Depths from the edges being upright on each other."""
    # The near corner's three visible edges end at corners start, start + 2, start + 4.
    ends = outline[start::2][:3]
    middle = outline.mean(axis=0)
    # The far and the near corner lie symmetric about the middle.
    near = ends.sum(axis=0) - 2 * middle
    edges = ends - near
    a, b, c = edges
    ab, bc, ca = float(a @ b), float(b @ c), float(c @ a)
    if min(-ab, -bc, -ca) < 1e-6 * float(np.abs(flat).max()) ** 2:
        return None
    # z_a z_b = -a.b and so on; all edges lead away from the viewer.
    depths = -np.sqrt(np.array([ab * ca / -bc, ab * bc / -ca, bc * ca / -ab]))
    return CornerBox(
        corner=np.array([near[0], near[1], 0.0]),
        edges=np.column_stack([edges, depths]),
    )
