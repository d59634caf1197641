"""By how much a picture changes from pixel to pixel, and what of that is an edge."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# In grey levels. Where all is pale, faint steps are edges; rough things are nothing but
# steps, and with too few pixels like their middle patches would measure nothing.
LEAST, MOST = 7.0, 14.0
# As a share of what neighbouring pixels differ by.
SHARE = 0.5
# The median over so many pixels passes over single outlines.
AROUND_PX = 5


def edge_tolerance(grey: Floats) -> Floats:
    """By how much a patch's pixels may differ from its middle and not lie over an edge."""
    across = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    down = np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    rough = cv2.medianBlur((across + down) / 2, AROUND_PX)
    return np.asarray(np.clip(SHARE * rough, LEAST, MOST), np.float32)


def steepness(picture: Floats) -> Floats:
    """By how many levels it changes from one pixel to the next."""
    across, down = (
        cv2.Sobel(picture, cv2.CV_32F, *way, ksize=3, scale=1 / 8)
        for way in ((1, 0), (0, 1))
    )
    return np.asarray(np.hypot(across, down), np.float32)
