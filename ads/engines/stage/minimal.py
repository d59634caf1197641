"""Minimal: paper white, one large disc, a soft shadow, much room."""

import numpy as np

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.motion import Pose, ease_both, ease_out
from ads.engines.stage.scenery import (
    Setting,
    as_plate,
    blended,
    flat,
    grid,
    soft_shadow,
)
from ads.engines.stage.sprites import Pyramid, moved


class MinimalStage:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        layout, palette = setting.layout, setting.palette
        _, ys = grid(layout)
        ground = flat(palette.ground, layout)
        shade = np.clip((ys - layout.floor) / (layout.height * 0.3), 0, 1) * 0.35
        below = (ys > layout.floor).astype(np.float32) * 0.12
        ground = blended(ground, palette.second, shade + below)
        self._plate = as_plate(ground, layout, setting.seed)
        self._shadow = soft_shadow(512, 128)

    def behind(self, canvas: Canvas, t: float, pose: Pose) -> None:
        canvas.show(self._plate)
        layout, palette = self._setting.layout, self._setting.palette
        x, y = layout.product.middle
        full = layout.reach * 0.52
        radius = full * ease_out(min(t / 1.1, 1.0))
        still = self._setting.is_end_card
        drift = 0.0 if still else (t / self._setting.seconds - 0.5) * 0.05
        at = x - drift * layout.width
        canvas.disc(at, y - full * 0.08, radius, palette.second)
        if not still:
            way = ease_both(t / self._setting.seconds)
            small = 15 * layout.unit
            angle = -0.9 + 1.6 * way
            at_x = x + np.cos(angle) * full * 1.16
            at_y = y - full * 0.08 + np.sin(angle) * full * 1.16
            canvas.disc(float(at_x), float(at_y), small, palette.accent)

    def under(self, canvas: Canvas, product: Pyramid, pose: Pose) -> None:
        wide, high = product.size_px
        width = pose.height * wide / high
        shade = moved(pose.x - width * 0.66, pose.y + pose.height * 0.5 - width * 0.07)
        shade[0, 0], shade[1, 1] = width * 1.32 / 512, width * 0.16 / 128
        self._shadow.lay(canvas, shade, opacity=0.3)

    def cover(self, canvas: Canvas, amount: float, *, leaving: bool) -> None:
        """A sheet of colour slides over, and on."""
        layout = self._setting.layout
        colour = self._setting.palette.second
        rows = round(layout.height * ease_both(amount))
        top = layout.height - rows if leaving else 0
        canvas.bar(0, top, layout.width, top + rows, colour)

    def pulse(self, t: float) -> float:
        return 1.0
