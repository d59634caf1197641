"""The hot loops of the renderer: laying sprites and colours over a frame's planes.

Each loop runs over one plane at a time, so that the compiler makes vectors of it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# One of a frame's three planes, (height, width).
Plane = NDArray[np.uint8]
# (height, width, 4): brightness, the two colour differences, alpha; all times alpha.
Sprite = NDArray[np.uint8]


@njit(cache=True, nogil=True)
def lay_brightness(
    luma: Plane, sprite: Sprite, left: int, top: int, opacity: int
) -> None:
    """Blend a sprite's brightness onto a frame's; `opacity` from 0 to 256."""
    height, width = luma.shape
    first, last = max(0, -left), min(sprite.shape[1], width - left)
    strength = np.int32(opacity)
    for row in range(max(0, -top), min(sprite.shape[0], height - top)):
        source = sprite[row, first:last]
        target = luma[top + row, left + first : left + last]
        for place in range(len(target)):
            # 255 counts as 256, so that a shift divides.
            share = (np.int32(source[place, 3]) * strength + 128) >> 8
            rest = np.int32(256) - (share + (share >> 7))
            shown = np.int32(source[place, 0]) * strength
            target[place] = (shown + np.int32(target[place]) * rest + 128) >> 8


@njit(cache=True, nogil=True)
def lay_differences(
    us: Plane, vs: Plane, sprite: Sprite, left: int, top: int, opacity: int
) -> None:
    """Blend a sprite's colours onto a frame's, which have half the size.

    The sprite's place and its sides are even.
    """
    height, width = us.shape
    across, down = left // 2, top // 2
    first, last = max(0, -across), min(sprite.shape[1] // 2, width - across)
    strength = np.int32(opacity)
    for row in range(max(0, -down), min(sprite.shape[0] // 2, height - down)):
        above, below = sprite[2 * row], sprite[2 * row + 1]
        for column in range(first, last):
            one, two = 2 * column, 2 * column + 1
            alpha = np.int32(above[one, 3]) + above[two, 3]
            alpha += np.int32(below[one, 3]) + below[two, 3]
            if alpha == 0:
                continue
            u = np.int32(above[one, 1]) + above[two, 1] + below[one, 1] + below[two, 1]
            v = np.int32(above[one, 2]) + above[two, 2] + below[one, 2] + below[two, 2]
            share = (((alpha + 2) >> 2) * strength + 128) >> 8
            rest = np.int32(256) - (share + (share >> 7))
            # The middle, 128, is what no colour is told by.
            middle = 128 * (256 - strength - rest) + 128
            at = across + column
            shown_u, shown_v = ((u + 2) >> 2) * strength, ((v + 2) >> 2) * strength
            us[down + row, at] = (shown_u + us[down + row, at] * rest + middle) >> 8
            vs[down + row, at] = (shown_v + vs[down + row, at] * rest + middle) >> 8


# What may be painted on: left, top, right, bottom in the frame's pixels.
Window = tuple[int, int, int, int]


@njit(cache=True, nogil=True)
def paint_brightness(
    luma: Plane,
    coverage: Plane,
    value: int,
    left: int,
    top: int,
    opacity: int,
    window: Window,
) -> None:
    """Paint one brightness through a mask onto a frame, in place."""
    start, end = max(left, window[0]), min(left + coverage.shape[1], window[2])
    if end <= start:
        return
    strength, shown = np.int32(opacity), np.int32(value)
    for row in range(max(top, window[1]), min(top + coverage.shape[0], window[3])):
        source = coverage[row - top, start - left : end - left]
        target = luma[row, start:end]
        for place in range(len(target)):
            share = (np.int32(source[place]) * strength + 128) >> 8
            share += share >> 7
            kept = np.int32(target[place]) * (256 - share)
            target[place] = (shown * share + kept + 128) >> 8


@njit(cache=True, nogil=True)
def paint_differences(
    us: Plane,
    vs: Plane,
    coverage: Plane,
    values: tuple[int, int],
    left: int,
    top: int,
    opacity: int,
    window: Window,
) -> None:
    """Paint one colour through a mask of the frame's full size onto its halved planes."""
    high, wide = coverage.shape
    # The first and the last of the halved pixels that the mask touches.
    first, past = left // 2, (left + wide + 1) // 2
    start, end = max(first, window[0] // 2), min(past, (window[2] + 1) // 2)
    if end <= start:
        return
    sums = np.zeros(2 * (past - first), np.uint16)
    inner = sums[left - 2 * first : left - 2 * first + wide]
    strength = np.int32(opacity)
    shown_u, shown_v = np.int32(values[0]), np.int32(values[1])
    for row in range(
        max(top // 2, window[1] // 2),
        min((top + high + 1) // 2, (window[3] + 1) // 2),
    ):
        inner[:] = 0
        for line in range(max(2 * row - top, 0), min(2 * row + 2 - top, high)):
            source = coverage[line]
            for place in range(wide):
                inner[place] += source[place]
        seen = sums[2 * (start - first) : 2 * (end - first)]
        u_row, v_row = us[row, start:end], vs[row, start:end]
        for place in range(len(u_row)):
            four = np.int32(seen[2 * place]) + np.int32(seen[2 * place + 1])
            share = (((four + 2) >> 2) * strength + 128) >> 8
            share += share >> 7
            rest = 256 - share
            u_row[place] = (shown_u * share + np.int32(u_row[place]) * rest + 128) >> 8
            v_row[place] = (shown_v * share + np.int32(v_row[place]) * rest + 128) >> 8


@njit(cache=True, nogil=True)
def shifted(plane: Plane, shift: Plane, target: Plane) -> None:
    """A plane moved by another, of which 128 means not at all."""
    for row in range(len(plane)):
        before, by, after = plane[row], shift[row], target[row]
        for place in range(len(after)):
            moved = np.int32(before[place]) + np.int32(by[place]) - np.int32(128)
            after[place] = min(max(moved, np.int32(0)), np.int32(255))
