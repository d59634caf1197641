"""Bold: flat colour, a black block, letters as large as the room, a hard shadow."""

import math

import numpy as np

from ads.engines.stage.kernels import Frame
from ads.engines.stage.layout import Area
from ads.engines.stage.motion import Pose, ease_out
from ads.engines.stage.palette import mixed
from ads.engines.stage.scenery import (
    Setting,
    as_plate,
    flat,
    halftone,
    paint,
    polygon,
)
from ads.engines.stage.sprites import Pyramid
from ads.styles import BOLD
from jobs.toolbox import fonts

_SLATS = 5


class BoldStage:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        layout, palette = setting.layout, setting.palette
        self._plate = as_plate(flat(palette.ground, layout), layout, setting.seed)
        dots = halftone(
            round(layout.width * 0.5), layout.height, 30 * layout.unit, falloff="right"
        )
        left_text = layout.text.middle[0] < layout.product.middle[0]
        shade = mixed(palette.ground, palette.second, 0.16)
        turned = dots[:, ::-1].copy() if left_text else dots
        at = layout.width - dots.shape[1] if left_text else 0
        paint(self._plate, turned, shade, at, 0, 1.0)
        size = round(layout.product.height * 0.62)
        line = fonts.drawn(
            [f"{setting.title} — " * 2], BOLD.headline, size, align="left"
        )
        self._words = line[:, : layout.width * 4]

    def behind(self, frame: Frame, t: float, pose: Pose) -> None:
        np.copyto(frame, self._plate)
        layout, palette = self._setting.layout, self._setting.palette
        x, y = layout.product.middle
        grown = ease_out(t / 0.45)
        block = self._block(x, y, grown)
        self._fill(frame, block)
        shade = mixed(palette.second, palette.ground, 0.2)
        run = self._words.shape[1] / 2
        speed = 0.0 if self._setting.is_end_card else 240 * layout.unit
        left = -((t * speed) % max(run, 1))
        top = y - self._words.shape[0] / 2
        if layout.height > layout.width:
            # The part that the platforms' buttons cover still belongs to the picture.
            under = mixed(palette.ground, palette.second, 0.13)
            paint(frame, self._words, under, -run - left, layout.height * 0.69, 1.0)
        self._inside(frame, block, left, top, shade)

    def _inside(
        self,
        frame: Frame,
        block: Area,
        left: float,
        top: float,
        colour: tuple[int, int, int],
    ) -> None:
        """The running words, seen through the block alone."""
        start, end = max(round(block.left), 0), min(round(block.right), frame.shape[1])
        first, last = max(round(block.top), 0), min(round(block.bottom), frame.shape[0])
        if end > start and last > first:
            window = frame[first:last, start:end]
            paint(window, self._words, colour, left, top - first, 1.0)

    def _block(self, x: float, y: float, grown: float) -> Area:
        """The block behind the product; it grows out of the floor."""
        product = self._setting.layout.product
        half, tall = product.width * 0.56, product.height * 0.525
        return Area(
            left=x - half,
            top=y + tall - 2 * tall * grown,
            right=x + half,
            bottom=y + tall,
        )

    def _fill(self, frame: Frame, block: Area) -> None:
        polygon(
            frame,
            [
                (block.left, block.top),
                (block.right, block.top),
                (block.right, block.bottom),
                (block.left, block.bottom),
            ],
            self._setting.palette.second,
        )

    def under(self, frame: Frame, product: Pyramid, pose: Pose) -> None:
        matrix = pose.matrix(*product.size_px)
        warped = product.warped(matrix, frame.shape[1], frame.shape[0])
        if warped is not None:
            piece, left, top = warped
            away = round(16 * self._setting.layout.unit)
            ground = self._setting.palette.ground
            paint(frame, piece[..., 3], ground, left + away, top + away, 1.0)

    def cover(self, frame: Frame, amount: float, *, leaving: bool) -> None:
        """Slats shoot in from both sides."""
        high, wide = frame.shape[:2]
        edges = np.linspace(0, high, _SLATS + 1).round().astype(int)
        for place in range(_SLATS):
            late = 0.1 * (place % 2)
            length = round(wide * ease_out(max(amount * 1.1 - late, 0) / (1.1 - late)))
            rows = slice(edges[place], edges[place + 1])
            if (place % 2 == 0) == leaving:
                frame[rows, :length] = self._setting.palette.second
            else:
                frame[rows, wide - length :] = self._setting.palette.second

    def pulse(self, t: float) -> float:
        phase = (t / self._setting.beat_s) % 2
        return 1 + 0.05 * math.exp(-phase * 5)
