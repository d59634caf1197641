"""Energetic: hot gradients, slanted bands racing past, rings and confetti on the beat."""

import math

import numpy as np

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.motion import Pose, ease_out
from ads.engines.stage.palette import mixed
from ads.engines.stage.scenery import (
    Setting,
    as_plate,
    blended,
    flat,
    grid,
    halftone,
    soft_shadow,
)
from ads.engines.stage.sprites import Pyramid, moved

_SLANT = 0.32
_CONFETTI = 30


class EnergeticStage:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        layout, palette = setting.layout, setting.palette
        xs, ys = grid(layout)
        across = np.clip((xs / layout.width * 0.6 + ys / layout.height * 0.7), 0, 1)
        ground = blended(flat(palette.ground, layout), palette.second, across)
        x, y = layout.product.middle
        reach = layout.reach * 0.8
        glow = np.exp(-(((xs - x) / reach) ** 2) - ((ys - y) / reach) ** 2)
        ground = blended(ground, palette.glow, glow * 0.5)
        self._plate = as_plate(ground, layout, setting.seed)
        dots = halftone(
            layout.width, round(layout.height * 0.3), 26 * layout.unit, falloff="down"
        )
        colour = mixed(palette.second, (0, 0, 0), 0.35)
        self._plate.paint(dots[::-1].copy(), colour, 0, layout.height * 0.7, 0.5)
        self._shadow = soft_shadow(512, 128)
        rng = setting.rng("bands")
        self._bands = [
            (
                rng.uniform(0.02, 0.11),
                rng.uniform(0.35, 1.1),
                rng.random(),
                rng.random(),
            )
            for _ in range(6)
        ]
        self._confetti = [
            (
                rng.random(),
                rng.random(),
                rng.uniform(8, 22),
                rng.random() * 6.28,
                rng.uniform(0.25, 0.8),
            )
            for _ in range(_CONFETTI)
        ]

    def behind(self, canvas: Canvas, t: float, pose: Pose) -> None:
        canvas.show(self._plate)
        layout, palette = self._setting.layout, self._setting.palette
        high, wide = layout.height, layout.width
        for width, speed, phase, shade in self._bands:
            run = ((phase + t * speed * 0.5) % 1.4 - 0.2) * (wide + high * _SLANT)
            colour = mixed(palette.second, palette.ground, shade)
            self._slanted(canvas, run, width * wide, colour)
        beat = t / self._setting.beat_s
        since = (beat % 2) / 2
        x, y = layout.product.middle
        radius = layout.reach
        grown = radius * (0.3 + 0.28 * ease_out(since))
        thick = max(round(26 * layout.unit * (1 - since)), 1)
        canvas.ring(x, y, grown, palette.accent, thick)
        thin = max(round(5 * layout.unit), 1)
        canvas.ring(x, y, radius * 0.47, palette.ink, thin)
        self._scatter(canvas, t)

    def _slanted(
        self, canvas: Canvas, left: float, width: float, colour: tuple[int, int, int]
    ) -> None:
        high = canvas.height
        lean = high * _SLANT
        canvas.polygon(
            [
                (left, 0),
                (left + width, 0),
                (left + width - lean, high),
                (left - lean, high),
            ],
            colour,
        )

    def _scatter(self, canvas: Canvas, t: float) -> None:
        layout, palette = self._setting.layout, self._setting.palette
        colours = (palette.accent, palette.ink, palette.glow)
        for place, (x, y, size, turn, speed) in enumerate(self._confetti):
            at_x = (x * 1.2 - t * speed * 0.28) % 1.2 - 0.1
            at_y = (y + math.sin(t * 1.4 + turn) * 0.02) % 1.0
            if self._over_text(at_x * layout.width, at_y * layout.height):
                continue
            angle, half = turn + t * 3.2 * speed, size * layout.unit
            cos, sin = math.cos(angle) * half, math.sin(angle) * half
            x_px, y_px = at_x * layout.width, at_y * layout.height
            points = [
                (x_px + cos, y_px + sin),
                (x_px - sin * 0.45, y_px + cos * 0.45),
                (x_px - cos, y_px - sin),
            ]
            canvas.polygon(points, colours[place % 3])

    def _over_text(self, x: float, y: float) -> bool:
        text = self._setting.layout.text
        margin = 30 * self._setting.layout.unit
        return (
            text.left - margin < x < text.right + margin
            and text.top - margin < y < text.bottom + margin
        )

    def under(self, canvas: Canvas, product: Pyramid, pose: Pose) -> None:
        wide, high = product.size_px
        width = pose.height * wide / high
        shade = moved(pose.x - width * 0.6, pose.y + pose.height * 0.5 - width * 0.06)
        shade[0, 0], shade[1, 1] = width * 1.2 / 512, width * 0.16 / 128
        self._shadow.lay(canvas, shade, opacity=0.55)

    def cover(self, canvas: Canvas, amount: float, *, leaving: bool) -> None:
        """Slanted panels race across, one colour after the other."""
        palette, wide = self._setting.palette, canvas.width
        span = wide + canvas.height * _SLANT
        for place, colour in enumerate((palette.accent, palette.ink, palette.second)):
            share = min(max(amount * 1.5 - place * 0.25, 0.0), 1.0)
            width = span * ease_out(share)
            # In from the left and out to the right, as one movement.
            left = 0.0 if leaving else span - width
            if width >= 1:
                self._slanted(canvas, left, width + 2, colour)

    def pulse(self, t: float) -> float:
        phase = (t / self._setting.beat_s) % 1
        return 1 + 0.035 * math.exp(-phase * 6)
