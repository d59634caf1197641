"""Frames as the encoder takes them: planar YUV 4:2:0 as BT.709 has it, in video range."""

import itertools

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ads.engines.stage.kernels import Frame

Plane = NDArray[np.uint8]


class PlaneMaker:
    """Turns frames of one size into planes; of those made, `kept` are valid at a time.

    Colours are parted first: loops over one colour at a time become vectors, which is
    four times as fast as loops over pixels. All room is kept between frames: fresh
    memory costs more than what is done in it.
    """

    def __init__(self, width_px: int, height_px: int, *, kept: int = 1) -> None:
        self._size = (width_px, height_px)
        whole, half = (height_px, width_px), (height_px // 2, width_px // 2)
        self._colours = [np.empty(whole, np.uint8) for _ in range(3)]
        self._halves = [np.empty(half, np.uint8) for _ in range(3)]
        made = (np.empty(width_px * height_px * 3 // 2, np.uint8) for _ in range(kept))
        self._rooms = itertools.cycle(list(made))

    def planes_of(self, frame: Frame) -> Plane:
        """All three planes, one after the other."""
        wide, high = self._size
        cv2.split(frame, self._colours)
        for colour, small in zip(self._colours, self._halves, strict=True):
            half = (wide // 2, high // 2)
            cv2.resize(colour, half, dst=small, interpolation=cv2.INTER_AREA)
        size = wide * high
        planes = next(self._rooms)
        red, green, blue = (colour.reshape(-1) for colour in self._colours)
        _brightness(red, green, blue, planes[:size])
        red, green, blue = (colour.reshape(-1) for colour in self._halves)
        us, vs = planes[size : size * 5 // 4], planes[size * 5 // 4 :]
        _differences(red, green, blue, us, vs)
        return planes


@njit(cache=True, nogil=True)
def _brightness(red: Plane, green: Plane, blue: Plane, luma: Plane) -> None:
    for place in range(len(luma)):
        r = np.int32(11966) * np.int32(red[place])
        g = np.int32(40254) * np.int32(green[place])
        b = np.int32(4064) * np.int32(blue[place])
        # 16 and a half, in parts of 65,536 like the weights.
        luma[place] = (r + g + b + np.int32(1081344)) >> 16


@njit(cache=True, nogil=True)
def _differences(red: Plane, green: Plane, blue: Plane, us: Plane, vs: Plane) -> None:
    # 128 and a half.
    middle = np.int32(8421376)
    for place in range(len(us)):
        r, g, b = (
            np.int32(red[place]),
            np.int32(green[place]),
            np.int32(blue[place]),
        )
        u = np.int32(28784) * b - np.int32(6596) * r - np.int32(22189) * g
        v = np.int32(28784) * r - np.int32(26145) * g - np.int32(2639) * b
        us[place] = (u + middle) >> 16
        vs[place] = (v + middle) >> 16
