"""Frames as the encoders take them: planar YUV 4:2:0 as BT.709 has it, in video range.

Scenes are drawn on the planes themselves. They hold half as many numbers as red, green
and blue do, and need not be turned into anything else before they are encoded.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ads.engines.stage import kernels
from ads.engines.stage.kernels import Plane, Sprite, Window
from ads.styles import Colour

Pixels = NDArray[np.uint8]  # (height, width, channels)
# All three planes, one after the other.
Planes = NDArray[np.uint8]

# Brightness and the two differences of red, green and blue, as shares of 255.
_WEIGHTS = np.array(
    [
        [0.182586, 0.614231, 0.062007],
        [-0.100644, -0.338572, 0.439216],
        [0.439216, -0.398942, -0.040274],
    ]
)
_BLACK = np.array([16.0, 128.0, 128.0])
# As cv2 wants places: in sixteenths of a pixel.
_SHIFT = 4
# Rows of light that are grown at a time: they stay in the processor's own memory till
# they are added.
_STRIP = 32


@lru_cache(maxsize=256)
def planar(colour: Colour) -> tuple[int, int, int]:
    """A colour as the planes have it."""
    y, u, v = _BLACK + _WEIGHTS @ np.array(colour, float)
    return round(y), round(u), round(v)


def as_sprite(rgba: Pixels) -> Sprite:
    """Premultiplied red, green, blue and alpha, as sprites are laid."""
    turned = np.zeros((4, 5))
    turned[:3, :3] = _WEIGHTS
    turned[0, 3], turned[3, 3] = 16 / 255, 1.0
    turned[1:3, 4] = 128
    return np.asarray(cv2.transform(rgba, turned), np.uint8)


class Canvas:
    """One frame to draw on; its sides are even."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width, self.height = width_px, height_px
        size, half = width_px * height_px, (height_px // 2, width_px // 2)
        self.planes: Planes = np.empty(size * 3 // 2, np.uint8)
        self.luma: Plane = self.planes[:size].reshape(height_px, width_px)
        self.us: Plane = self.planes[size : size * 5 // 4].reshape(half)
        self.vs: Plane = self.planes[size * 5 // 4 :].reshape(half)
        self._all: Window = (0, 0, width_px, height_px)

    @classmethod
    def of(cls, rgb: Pixels) -> "Canvas":
        canvas = cls(rgb.shape[1], rgb.shape[0])
        half = (canvas.width // 2, canvas.height // 2)
        shrunk = cv2.resize(rgb, half, interpolation=cv2.INTER_AREA)
        _brightness(rgb, canvas.luma)
        _differences(np.asarray(shrunk, np.uint8), canvas.us, canvas.vs)
        return canvas

    def rgb(self) -> Pixels:
        """The frame as red, green and blue."""
        size = (self.width, self.height)
        told = np.empty((self.height, self.width, 3), np.float32)
        told[..., 0] = self.luma
        for place, plane in ((1, self.us), (2, self.vs)):
            told[..., place] = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        back = np.linalg.inv(_WEIGHTS)
        turned = np.column_stack([back, -back @ _BLACK])
        colours = np.asarray(cv2.transform(told, turned))
        return np.clip(np.rint(colours), 0, 255).astype(np.uint8)

    def show(self, other: "Canvas") -> None:
        """Become another frame."""
        np.copyto(self.planes, other.planes)

    def fill(self, raw: bytes) -> None:
        """Become a frame that a decoder gave."""
        self.planes[:] = np.frombuffer(raw, np.uint8)

    # Shapes ---------------------------------------------------------------------------

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """A filled convex polygon with smooth edges."""
        corners = np.array(points)
        whole, half = (_fixed(places) for places in (corners, _halved(corners)))
        values = planar(colour)
        for plane, places, value in zip(
            self._parts, (whole, half, half), values, strict=True
        ):
            cv2.fillConvexPoly(plane, places, value, cv2.LINE_AA, _SHIFT)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self._circle(x, y, radius, colour, -1)

    def ring(
        self, x: float, y: float, radius: float, colour: Colour, thick: int
    ) -> None:
        self._circle(x, y, radius, colour, thick)

    def _circle(
        self, x: float, y: float, radius: float, colour: Colour, thick: int
    ) -> None:
        whole = np.array([x, y])
        for plane, value in zip(self._parts, planar(colour), strict=True):
            full = plane is self.luma
            at, scale = (whole, 1.0) if full else (_halved(whole), 0.5)
            centre = (round(at[0] * 2**_SHIFT), round(at[1] * 2**_SHIFT))
            far = max(round(radius * scale * 2**_SHIFT), 1)
            line = thick if full or thick < 0 else max(round(thick / 2), 1)
            cv2.circle(plane, centre, far, value, line, cv2.LINE_AA, _SHIFT)

    def bar(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """A filled rectangle with edges on even pixels."""
        halves = [(edge + 1) // 2 for edge in (left, top, right, bottom)]
        if halves[2] <= halves[0] or halves[3] <= halves[1]:
            return
        for plane, value in zip(self._parts, planar(colour), strict=True):
            scale = 2 if plane is self.luma else 1
            first, upper, past, lower = (edge * scale for edge in halves)
            cv2.rectangle(plane, (first, upper), (past - 1, lower - 1), value, -1)

    # Masks and sprites ----------------------------------------------------------------

    def paint(
        self,
        coverage: Plane,
        colour: Colour,
        x: float,
        y: float,
        opacity: float,
        window: Window | None = None,
    ) -> None:
        """One colour through a mask, at most within a window."""
        if opacity <= 0.003:
            return
        value, u, v = planar(colour)
        left, top, strong = round(x), round(y), round(min(opacity, 1.0) * 256)
        # One layout of memory for all masks: each costs the loops a making of its own.
        mask = np.ascontiguousarray(coverage)
        seen = window or self._all
        kernels.paint_brightness(self.luma, mask, value, left, top, strong, seen)
        kernels.paint_differences(
            self.us, self.vs, mask, (u, v), left, top, strong, seen
        )

    def lay(self, sprite: Sprite, left: int, top: int, opacity: float) -> None:
        """A sprite whose place and sides are even."""
        if opacity <= 0.003:
            return
        strong = round(min(opacity, 1.0) * 256)
        kernels.lay_brightness(self.luma, sprite, left, top, strong)
        kernels.lay_differences(self.us, self.vs, sprite, left, top, strong)

    # Light ----------------------------------------------------------------------------

    def light(self, ground: "Canvas", glow: Pixels, coarse: int) -> None:
        """Become another frame with light added, which is a `coarse` part as large.

        `ground` may be this frame itself.
        """
        turned = np.column_stack([_WEIGHTS, [0.0, 128.0, 128.0]])
        shine = np.asarray(cv2.transform(glow, turned), np.uint8)
        luma, us, vs = (np.asarray(part, np.uint8) for part in cv2.split(shine))
        half = (self.width // 2, self.height // 2)
        for plane, shift, after in (
            (ground.us, us, self.us),
            (ground.vs, vs, self.vs),
        ):
            kernels.shifted(plane, _grown(shift, coarse // 2, half), after)
        high = len(luma)
        for start in range(0, high, _STRIP):
            # With its neighbours, which its first and last rows are mixed with.
            first, last = max(start - 1, 0), min(start + _STRIP + 1, high)
            size = (self.width, (last - first) * coarse)
            grown = _grown(luma[first:last], coarse, size)
            rows = slice(start * coarse, min((start + _STRIP) * coarse, self.height))
            above = (start - first) * coarse
            added = grown[above : above + rows.stop - rows.start]
            cv2.add(ground.luma[rows], added, dst=self.luma[rows])

    def dim(self, share: float) -> None:
        """Towards black."""
        for plane, rest in zip(self._parts, _BLACK, strict=True):
            cv2.convertScaleAbs(plane, dst=plane, alpha=share, beta=rest * (1 - share))

    @property
    def _parts(self) -> tuple[Plane, Plane, Plane]:
        return self.luma, self.us, self.vs


def _halved(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on a halved plane, whose pixels lie between two of the whole one."""
    return np.asarray((places - 0.5) / 2)


def _fixed(places: NDArray[np.float64]) -> NDArray[np.int32]:
    """Places as cv2 wants them."""
    return np.asarray(np.rint(places * 2**_SHIFT), np.int32)


def _grown(plane: Plane, times: int, size: tuple[int, int]) -> Plane:
    """A plane grown, its pixels' middles where they were, cut to a size."""
    wide = np.asarray(cv2.resize(plane, None, fx=times, fy=times), np.uint8)
    return wide[: size[1], : size[0]]


@njit(cache=True, nogil=True)
def _brightness(rgb: Pixels, luma: Plane) -> None:
    for row in range(luma.shape[0]):
        for column in range(luma.shape[1]):
            r = np.int32(11966) * np.int32(rgb[row, column, 0])
            g = np.int32(40254) * np.int32(rgb[row, column, 1])
            b = np.int32(4064) * np.int32(rgb[row, column, 2])
            # 16 and a half, in parts of 65,536 like the weights.
            luma[row, column] = (r + g + b + np.int32(1081344)) >> 16


@njit(cache=True, nogil=True)
def _differences(rgb: Pixels, us: Plane, vs: Plane) -> None:
    # 128 and a half.
    middle = np.int32(8421376)
    for row in range(us.shape[0]):
        for column in range(us.shape[1]):
            r = np.int32(rgb[row, column, 0])
            g = np.int32(rgb[row, column, 1])
            b = np.int32(rgb[row, column, 2])
            u = np.int32(28784) * b - np.int32(6596) * r - np.int32(22189) * g
            v = np.int32(28784) * r - np.int32(26145) * g - np.int32(2639) * b
            us[row, column] = (u + middle) >> 16
            vs[row, column] = (v + middle) >> 16
