"""Bold: flat colour, a black block, letters as large as the room, a hard shadow."""

import math

import cv2
import numpy as np

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.layout import Area
from ads.engines.stage.motion import Pose, ease_out
from ads.engines.stage.palette import mixed
from ads.engines.stage.scenery import (
    Setting,
    as_plate,
    flat,
    halftone,
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
        self._plate.paint(turned, shade, at, 0, 1.0)
        size = round(layout.product.height * 0.62)
        line = fonts.drawn(
            [f"{setting.title} — " * 2], BOLD.headline, size, align="left"
        )
        self._words = line[:, : layout.width * 4]

    def behind(self, canvas: Canvas, t: float, pose: Pose) -> None:
        canvas.show(self._plate)
        layout, palette = self._setting.layout, self._setting.palette
        x, y = layout.product.middle
        grown = ease_out(t / 0.45)
        block = self._block(x, y, grown)
        self._fill(canvas, block)
        shade = mixed(palette.second, palette.ground, 0.2)
        run = self._words.shape[1] / 2
        speed = 0.0 if self._setting.is_end_card else 240 * layout.unit
        left = -((t * speed) % max(run, 1))
        top = y - self._words.shape[0] / 2
        if layout.height > layout.width:
            # The part that the platforms' buttons cover still belongs to the picture.
            under = mixed(palette.ground, palette.second, 0.13)
            canvas.paint(self._words, under, -run - left, layout.height * 0.69, 1.0)
        self._inside(canvas, block, left, top, shade)

    def _inside(
        self,
        canvas: Canvas,
        block: Area,
        left: float,
        top: float,
        colour: tuple[int, int, int],
    ) -> None:
        """The running words, seen through the block alone."""
        window = (
            max(round(block.left), 0),
            max(round(block.top), 0),
            min(round(block.right), canvas.width),
            min(round(block.bottom), canvas.height),
        )
        canvas.paint(self._words, colour, window[0] + left, top, 1.0, window)

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

    def _fill(self, canvas: Canvas, block: Area) -> None:
        canvas.polygon(
            [
                (block.left, block.top),
                (block.right, block.top),
                (block.right, block.bottom),
                (block.left, block.bottom),
            ],
            self._setting.palette.second,
        )

    def under(self, canvas: Canvas, product: Pyramid, pose: Pose) -> None:
        matrix = pose.matrix(*product.size_px)
        warped = product.warped(matrix, canvas.width, canvas.height)
        if warped is not None:
            piece, left, top = warped
            away = round(16 * self._setting.layout.unit)
            ground = self._setting.palette.ground
            outline = np.asarray(cv2.extractChannel(piece, 3), np.uint8)
            canvas.paint(outline, ground, left + away, top + away, 1.0)

    def cover(self, canvas: Canvas, amount: float, *, leaving: bool) -> None:
        """Slats shoot in from both sides."""
        high, wide = canvas.height, canvas.width
        colour = self._setting.palette.second
        edges = np.linspace(0, high, _SLATS + 1).round().astype(int)
        for place in range(_SLATS):
            late = 0.1 * (place % 2)
            length = round(wide * ease_out(max(amount * 1.1 - late, 0) / (1.1 - late)))
            top, bottom = int(edges[place]), int(edges[place + 1])
            left = 0 if (place % 2 == 0) == leaving else wide - length
            canvas.bar(left, top, left + length, bottom, colour)

    def pulse(self, t: float) -> float:
        phase = (t / self._setting.beat_s) % 2
        return 1 + 0.05 * math.exp(-phase * 5)
