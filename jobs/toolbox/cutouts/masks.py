"""What masks of subjects need, however they were found."""

import cv2
import numpy as np
from scipy import ndimage

from jobs.toolbox.cutouts.shapes import Floats, Mask

# Smaller gaps in a subject, as shares of the picture, are taken for its own.
SMALLEST_HOLE = 0.004


def border_of(shape: tuple[int, ...]) -> Mask:
    border = np.zeros(shape, np.bool_)
    thick = max(2, min(shape) // 50)
    border[:thick] = border[-thick:] = True
    border[:, :thick] = border[:, -thick:] = True
    return border


def tidied(subject: Mask) -> Mask:
    """Drop specks, fill pinholes; keep every piece that is big enough to be meant."""
    labels, count = ndimage.label(subject)
    if count == 0:
        return subject
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    keep = sizes >= max(12, 0.02 * sizes.max())
    kept = keep[labels]
    holes, _ = ndimage.label(~kept)
    hole_sizes = np.bincount(holes.ravel())
    pinhole = hole_sizes < SMALLEST_HOLE * kept.size
    pinhole[
        np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    ] = False
    pinhole[0] = False
    return np.asarray(kept | pinhole[holes], dtype=np.bool_)


def largest_piece(subject: Mask) -> Mask:
    """Without the pieces that lie apart from the largest."""
    pieces, count = ndimage.label(subject)
    if count < 2:
        return subject
    sizes = np.bincount(pieces.ravel())
    return np.asarray(pieces == 1 + int(np.argmax(sizes[1:])), np.bool_)


def otsu(values: Floats) -> float:
    """The threshold that best parts values from 0 to 1 in two."""
    grey = np.clip(values * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(threshold) / 255.0
