"""Sprites: pictures with alpha that are warped and laid over a frame."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ads.engines.stage.canvas import Canvas, as_sprite
from ads.engines.stage.kernels import Plane, Sprite
from ads.engines.stage.motion import Matrix

Pixels = NDArray[np.uint8]
# A piece of a frame's size at most, and where its left top corner lies.
Warped = tuple[Pixels, int, int]


def premultiplied(rgba: Pixels) -> Pixels:
    """Colours times alpha, as pictures with alpha are shrunk and moved."""
    wide = rgba.astype(np.uint16)
    colours = (wide[..., :3] * wide[..., 3:] + 127) // 255
    return np.dstack([colours.astype(np.uint8), rgba[..., 3]])


_BLACK = (0, 0, 0)
# What lies around a sprite: no brightness, no colour, no alpha.
_NOTHING = (0, 128, 128, 0)


@dataclass(frozen=True, kw_only=True)
class Pyramid:
    """A sprite at full and halved sizes, so that shrinking it does not alias."""

    # Sprites, or masks that black is painted through.
    levels: tuple[Sprite | Plane, ...]
    # Where it is warped to, frame after frame: fresh memory costs more than the warp.
    _room: list[Pixels] = field(default_factory=list, init=False, compare=False)
    # The warp that lies there: a stage's shadow and the product itself ask for the same.
    _last: dict[tuple[bytes, int, int], Warped] = field(
        default_factory=dict, init=False, compare=False
    )

    @classmethod
    def of(cls, picture: Pixels) -> "Pyramid":
        """Of premultiplied red, green, blue and alpha, or of a mask."""
        return cls.of_sprite(as_sprite(picture) if picture.ndim == 3 else picture)

    @classmethod
    def of_sprite(cls, sprite: Sprite | Plane) -> "Pyramid":
        levels = [np.ascontiguousarray(sprite)]
        while min(levels[-1].shape[:2]) > 64 and len(levels) < 5:
            height, width = levels[-1].shape[:2]
            half = cv2.resize(
                levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA
            )
            levels.append(np.asarray(half, np.uint8))
        return cls(levels=tuple(levels))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.levels[0].shape[1], self.levels[0].shape[0]

    def lay(self, canvas: Canvas, matrix: Matrix, *, opacity: float = 1.0) -> None:
        """Warp the sprite by a homography of its full size, and lay it over."""
        if opacity <= 0.003:
            return
        warped = self.warped(matrix, canvas.width, canvas.height)
        if warped is None:
            return
        piece, left, top = warped
        if piece.ndim == 2:
            canvas.paint(piece, _BLACK, left, top, opacity)
        else:
            canvas.lay(piece, left, top, opacity)

    def warped(self, matrix: Matrix, width_px: int, height_px: int) -> Warped | None:
        """The part of the warped sprite that lies in the frame, and where.

        It is overwritten when another warp is asked for.
        """
        asked = (matrix.tobytes(), width_px, height_px)
        if asked not in self._last:
            self._last.clear()
            warped = self._warp(matrix, width_px, height_px)
            if warped is None:
                return None
            self._last[asked] = warped
        return self._last[asked]

    def _warp(self, matrix: Matrix, width_px: int, height_px: int) -> Warped | None:
        box = _box(matrix, self.size_px, width_px, height_px)
        if box is None:
            return None
        left, top, right, bottom = box
        scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        level = min(
            max(int(np.floor(-np.log2(max(scale, 1e-3)))), 0), len(self.levels) - 1
        )
        source = self.levels[level]
        grown = np.diag(
            [
                self.size_px[0] / source.shape[1],
                self.size_px[1] / source.shape[0],
                1.0,
            ]
        )
        shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
        # Pixel centres lie at half: the grown source must agree with the full one.
        centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        back = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
        whole = back @ shift @ matrix @ grown @ centre
        piece = self._piece(bottom - top, right - left, source.ndim)
        cv2.warpPerspective(
            source,
            whole,
            (right - left, bottom - top),
            dst=piece,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_NOTHING,
        )
        return piece, left, top

    def _piece(self, height_px: int, width_px: int, axes: int) -> Pixels:
        shape = (height_px, width_px, 4)[:axes]
        size = int(np.prod(shape))
        if not self._room or len(self._room[0]) < size:
            # A little more: a camera that comes closer asks for more each frame.
            self._room[:] = [np.empty(size * 5 // 4, np.uint8)]
        return self._room[0][:size].reshape(shape)


def _box(
    matrix: Matrix, size_px: tuple[int, int], width_px: int, height_px: int
) -> tuple[int, int, int, int] | None:
    wide, high = size_px
    # Three rows, a column for each corner.
    corners = np.array([[0, wide, wide, 0], [0, 0, high, high], [1, 1, 1, 1.0]])
    seen = matrix @ corners
    xs, ys = seen[0] / seen[2], seen[1] / seen[2]
    # On even places, as a frame's halved planes want it.
    left, top = (max(int(v.min()) - 1, 0) // 2 * 2 for v in (xs, ys))
    right, bottom = (
        min((int(v.max()) + 3) // 2 * 2, most)
        for v, most in ((xs, width_px), (ys, height_px))
    )
    if left >= right or top >= bottom:
        return None
    return left, top, right, bottom


def moved(
    x: float, y: float, *, scale: float = 1.0, middle: tuple[float, float] = (0, 0)
) -> Matrix:
    """Put a sprite's corner at x, y, scaled about a point of its own."""
    return np.array(
        [
            [scale, 0, x + middle[0] * (1 - scale)],
            [0, scale, y + middle[1] * (1 - scale)],
            [0, 0, 1.0],
        ]
    )
