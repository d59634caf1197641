"""The hot loops of the renderer: laying sprites over a frame."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (height, width, 3)
Sprite = NDArray[np.uint8]  # (height, width, 4), colours times alpha


@njit(cache=True, nogil=True)
def lay_over(frame: Frame, sprite: Sprite, left: int, top: int, opacity: int) -> None:
    """Blend a sprite onto a frame in place; `opacity` from 0 to 256."""
    height, width = frame.shape[0], frame.shape[1]
    first, last = max(0, -left), min(sprite.shape[1], width - left)
    strength = np.uint32(opacity)
    solid = opacity == 256
    for row in range(max(0, -top), min(sprite.shape[0], height - top)):
        source, target = sprite[row], frame[top + row]
        for column in range(first, last):
            alpha = np.uint32(source[column, 3])
            if alpha == 0:
                continue
            x = left + column
            if solid and alpha == 255:
                # Most of a product: what lies under it does not matter.
                target[x, 0] = source[column, 0]
                target[x, 1] = source[column, 1]
                target[x, 2] = source[column, 2]
                continue
            # 255 counts as 256, so that a shift divides.
            share = (alpha * strength + 128) >> 8
            rest = np.uint32(256) - (share + (share >> 7))
            target[x, 0] = (source[column, 0] * strength + target[x, 0] * rest) >> 8
            target[x, 1] = (source[column, 1] * strength + target[x, 1] * rest) >> 8
            target[x, 2] = (source[column, 2] * strength + target[x, 2] * rest) >> 8


@njit(cache=True, nogil=True)
def lay_colour(
    frame: Frame,
    coverage: NDArray[np.uint8],
    colour: NDArray[np.uint8],
    left: int,
    top: int,
    opacity: int,
) -> None:
    """Paint one colour through a mask onto a frame, in place."""
    height, width = frame.shape[0], frame.shape[1]
    first, last = max(0, -left), min(coverage.shape[1], width - left)
    strength = np.uint32(opacity)
    red, green, blue = np.uint32(colour[0]), np.uint32(colour[1]), np.uint32(colour[2])
    for row in range(max(0, -top), min(coverage.shape[0], height - top)):
        source, target = coverage[row], frame[top + row]
        for column in range(first, last):
            alpha = np.uint32(source[column])
            if alpha == 0:
                continue
            x = left + column
            share = (alpha * strength + 128) >> 8
            share += share >> 7
            rest = np.uint32(256) - share
            target[x, 0] = (red * share + target[x, 0] * rest) >> 8
            target[x, 1] = (green * share + target[x, 1] * rest) >> 8
            target[x, 2] = (blue * share + target[x, 2] * rest) >> 8
