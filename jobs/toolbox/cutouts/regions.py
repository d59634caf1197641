"""Superpixels: small regions of one colour, and which of them touch."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts.shapes import Floats, Mask


def superpixels(lab: Floats, *, size_px: int) -> tuple[NDArray[np.int32], int]:
    """SLIC regions of about this side, numbered from 0."""
    slic = cv2.ximgproc.createSuperpixelSLIC(
        np.ascontiguousarray(lab), cv2.ximgproc.SLICO, size_px, 10.0
    )
    slic.iterate(6)
    slic.enforceLabelConnectivity(30)
    labels = np.asarray(slic.getLabels(), np.int32)
    _, compact = np.unique(labels, return_inverse=True)
    numbered = np.asarray(compact.reshape(labels.shape), np.int32)
    return numbered, int(numbered.max()) + 1


def adjacency(labels: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which regions touch."""
    touches = np.zeros((count, count), np.bool_)
    touches[labels[:, :-1], labels[:, 1:]] = True
    touches[labels[:-1], labels[1:]] = True
    touches |= touches.T
    np.fill_diagonal(touches, False)
    return touches


def region_means(
    lab: Floats, labels: NDArray[np.int32], count: int
) -> tuple[Floats, Floats, Mask]:
    height, width = labels.shape
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count).astype(np.float32)
    colour = np.stack(
        [np.bincount(flat, lab[..., c].ravel(), count) / sizes for c in range(3)],
        axis=1,
    )
    ys, xs = np.mgrid[0:height, 0:width]
    place = np.stack(
        [
            np.bincount(flat, xs.ravel(), count) / sizes / width,
            np.bincount(flat, ys.ravel(), count) / sizes / height,
        ],
        axis=1,
    )
    on_border = np.zeros(count, np.bool_)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    on_border[np.unique(rim)] = True
    return colour.astype(np.float32), place.astype(np.float32), on_border
