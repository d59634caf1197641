"""Pictures with holes in them, made smaller: what lies in a hole is mixed into nothing."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# The longer side at which a fill is thought out; its detail is copied at full size.
WORK_PX = 512


def size_within(
    shape: tuple[int, ...], most_px: int, *, least_px: int
) -> tuple[int, int]:
    """Width and height of a picture that is to be no larger than this, its shape kept."""
    height, width = shape[:2]
    scale = min(1.0, most_px / max(height, width))
    return max(least_px, round(width * scale)), max(least_px, round(height * scale))


def shrunk(image: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def shrunk_colours(rgb: Pixels, hole: Mask, size: tuple[int, int]) -> Floats:
    """Shrink without mixing in what lies in the hole."""
    keep = np.where(hole, 0, 255).astype(np.uint8)
    mass = (
        np.asarray(cv2.resize(keep, size, interpolation=cv2.INTER_AREA), np.float32)
        / 255
    )
    clean = cv2.bitwise_and(rgb, rgb, mask=keep)
    total = np.asarray(
        cv2.resize(clean, size, interpolation=cv2.INTER_AREA), np.float32
    )
    return np.asarray(total / np.maximum(mass, 1e-3)[..., None], np.float32)


def shrunk_kinds(guide: Floats, size: tuple[int, int]) -> Floats:
    """Kinds are not mixed: each pixel keeps the one that lies in its middle."""
    kinds = cv2.resize(guide, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(kinds, np.float32)


def grown(mask: Mask, size: tuple[int, int]) -> Mask:
    share = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    return np.asarray(share > 40, np.bool_)
