"""Luxury: a dark room, a warm light, gold hairlines, dust in the beam, a polished floor."""

import math

import cv2
import numpy as np

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.motion import Pose
from ads.engines.stage.scenery import (
    Floats,
    Pixels,
    Setting,
    blended,
    flat,
    grained,
    grid,
    mirrored,
    soft_shadow,
)
from ads.engines.stage.sprites import Pyramid, moved

_DUST = 34
# Dust is drawn at a quarter of the size, and the beam at a sixteenth: it has no edges.
_COARSE = 4
_SOFT = 4


class LuxuryStage:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        layout, palette = setting.layout, setting.palette
        self._x, self._y = layout.product.middle
        xs, ys = grid(layout)
        reach = layout.reach
        spot = np.exp(
            -(((xs - self._x) / (reach * 0.72)) ** 2)
            - ((ys - self._y * 0.96) / (reach * 0.78)) ** 2
        )
        ground = blended(flat(palette.ground, layout), palette.second, spot**0.6)
        ground = blended(ground, palette.glow, spot**1.4 * 0.62)
        floor = np.clip((ys - layout.floor) / (layout.height * 0.25), 0, 1)
        below = (ys > layout.floor).astype(np.float32)
        ground = blended(ground, palette.ground, below * (0.35 + 0.5 * floor))
        pool = np.exp(
            -(((xs - self._x) / (reach * 0.6)) ** 2)
            - ((ys - layout.floor) / (layout.height * 0.07)) ** 2
        )
        ground = blended(ground, palette.glow, pool * 0.3)
        self._plate = Canvas.of(self._with_hairlines(ground))
        # Fresh memory for each frame would cost more than the light itself.
        rows, columns = -(-layout.height // _COARSE), -(-layout.width // _COARSE)
        self._beams: Pixels = np.empty(
            (-(-rows // _SOFT), -(-columns // _SOFT), 3), np.uint8
        )
        self._light: Pixels = np.empty((rows, columns, 3), np.uint8)
        self._shadow = soft_shadow(512, 128)
        self._reflection: Pyramid | None = None
        rng = setting.rng("dust")
        self._dust = [
            (rng.random(), rng.random(), rng.uniform(0.5, 1.6), rng.random() * 6.28)
            for _ in range(_DUST)
        ]

    def _with_hairlines(self, ground: Floats) -> Pixels:
        plain = grained(ground, self._setting.layout, self._setting.seed)
        layout, gold = self._setting.layout, self._setting.palette.accent
        radius = layout.reach * 0.56
        lines = plain.copy()
        thick = max(round(1.5 * layout.unit), 1)
        centre = (round(self._x), round(self._y))
        turn = self._setting.scene * 47
        cv2.ellipse(
            lines,
            centre,
            (round(radius), round(radius)),
            turn,
            200,
            340,
            gold,
            thick,
            cv2.LINE_AA,
        )
        cv2.ellipse(
            lines,
            centre,
            (round(radius * 1.07), round(radius * 1.07)),
            turn,
            20,
            130,
            gold,
            thick,
            cv2.LINE_AA,
        )
        return np.asarray(cv2.addWeighted(plain, 0.45, lines, 0.55, 0), np.uint8)

    def behind(self, canvas: Canvas, t: float, pose: Pose) -> None:
        self._beam(self._beams, t)
        light = self._light
        cv2.resize(self._beams, (light.shape[1], light.shape[0]), dst=light)
        self._motes(light, t)
        canvas.light(self._plate, light, _COARSE)

    def _beam(self, light: Pixels, t: float) -> None:
        """A cone of light that sways, from above the frame to the floor."""
        light[:] = 0
        glow = self._setting.palette.glow
        sway = math.sin(t * 0.9 + self._setting.scene) * 0.12
        scale = _COARSE * _SOFT
        at, lean = self._x / scale * (1 + sway), sway * 300 / _SOFT
        floor = self._setting.layout.floor / scale
        top, wide = light.shape[1] * 0.05, light.shape[1] * 0.2
        corners = [
            (at - top + lean, -10 / _SOFT),
            (at + top + lean, -10 / _SOFT),
            (at + wide, floor),
            (at - wide, floor),
        ]
        fixed = np.array([[round(x * 16), round(y * 16)] for x, y in corners], np.int32)
        cv2.fillConvexPoly(light, fixed, [c * 0.3 for c in glow], cv2.LINE_AA, 4)
        cv2.blur(light, (15, 15), dst=light)
        cv2.blur(light, (11, 11), dst=light)

    def _motes(self, light: Pixels, t: float) -> None:
        high, wide = light.shape[:2]
        gold = self._setting.palette.accent
        for x, y, size, phase in self._dust:
            rise = (y - t * 0.035 * size) % 1.0
            sway = x + 0.012 * math.sin(t * 0.7 + phase)
            shine = 0.16 + 0.22 * (0.5 + 0.5 * math.sin(t * 1.7 + phase * 3))
            at = (round(sway * wide * 16), round(rise * high * 16))
            radius = round(size * 2.1 * self._setting.layout.unit * 16)
            colour = tuple(float(c) * shine for c in gold)
            cv2.circle(light, at, radius, colour, -1, cv2.LINE_AA, 4)
        cv2.blur(light, (3, 3), dst=light)

    def under(self, canvas: Canvas, product: Pyramid, pose: Pose) -> None:
        if self._reflection is None:
            self._reflection = mirrored(product, reach=0.42)
        wide, high = product.size_px
        bottom = pose.y + pose.height / 2
        width = pose.height * wide / high
        shade = moved(pose.x - width * 0.62, bottom - width * 0.09)
        shade[0, 0], shade[1, 1] = width * 1.24 / 512, width * 0.18 / 128
        self._shadow.lay(canvas, shade, opacity=0.85)
        upside = Pose(
            x=pose.x,
            y=bottom + pose.height / 2,
            height=pose.height,
            roll_deg=-pose.roll_deg,
            yaw_deg=pose.yaw_deg,
        )
        self._reflection.lay(canvas, upside.matrix(wide, high), opacity=0.3)

    def cover(self, canvas: Canvas, amount: float, *, leaving: bool) -> None:
        """Dips through a leak of golden light."""
        canvas.dim(1 - 0.93 * amount)
        high, wide = -(-canvas.height // 16), -(-canvas.width // 16)
        ys, xs = np.mgrid[0:high, 0:wide].astype(np.float32)
        at = wide * (amount * 0.6 if leaving else 1 - amount * 0.6)
        leak = np.exp(-(((xs - at + (ys - high / 2) * 0.3) / (wide * 0.22)) ** 2))
        colour = np.array(self._setting.palette.glow, np.float32) * 0.9
        added = (leak[..., None] * colour * amount).astype(np.uint8)
        canvas.light(canvas, added, 16)

    def pulse(self, t: float) -> float:
        return 1.0
