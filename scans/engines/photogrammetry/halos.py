"""Plain areas beside an outline: they cannot be measured, yet they seem to be.

A patch reaches over the outline, and what it sees there decides: so the thing's depth
runs on over a plain backdrop as far as patches reach. Where a plain area has no depth
in its middle, its rim has none either.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scans.engines.photogrammetry.planes import REACH
from scans.engines.photogrammetry.tolerance import steepness

if TYPE_CHECKING:
    from scans.engines.photogrammetry.stereo import DepthMap, View

# Levels of grey a pixel: what changes less is plain; rings of compression are, too.
PLAIN_BELOW = 4.0
# Dearer planes fit nothing.
UNMEASURED_ABOVE = 0.7
SMALLEST_PX = 5


def without_halos(view: "View", found: "DepthMap") -> "DepthMap":
    """Take the depth off the rims of plain areas that have none in their middle."""
    calm = cv2.GaussianBlur(view.grey, (0, 0), 1.2)
    plain = (steepness(np.asarray(calm, np.float32)) < PLAIN_BELOW).astype(np.uint8)
    middle = cv2.distanceTransform(plain, cv2.DIST_L2, 3) > REACH
    empty = (middle & (found.cost > UNMEASURED_ABOVE)).astype(np.uint8)
    # Single misses in a measured area are no emptiness.
    kernel = np.ones((SMALLEST_PX, SMALLEST_PX), np.uint8)
    reached = np.asarray(cv2.morphologyEx(empty, cv2.MORPH_OPEN, kernel), np.uint8)
    for _ in range(REACH + 2):
        grown = cv2.dilate(reached, np.ones((3, 3), np.uint8))
        reached = np.asarray(grown, np.uint8) & plain
    return replace(found, depth=np.where(reached > 0, np.float32(0), found.depth))
