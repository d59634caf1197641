"""What every style's stage is made of, and how the stages are asked to draw."""

import random
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.layout import Layout
from ads.engines.stage.motion import Pose
from ads.engines.stage.palette import Palette
from ads.engines.stage.sprites import Pyramid, premultiplied
from ads.styles import Colour

Floats = NDArray[np.floating]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All that a stage is built from."""

    layout: Layout
    palette: Palette
    scene: int
    seed: int
    beat_s: float
    seconds: float
    title: str

    def rng(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{self.scene}/{what}")

    @property
    def is_end_card(self) -> bool:
        return self.scene == 4


class Stage(Protocol):
    """Where the product stands in one style."""

    def behind(self, canvas: Canvas, t: float, pose: Pose) -> None:
        """All that lies behind the product, `t` seconds into the scene.

        It fills the canvas, whatever was there before.
        """

    def under(self, canvas: Canvas, product: Pyramid, pose: Pose) -> None:
        """Shadow and reflection."""

    def cover(self, canvas: Canvas, amount: float, *, leaving: bool) -> None:
        """Hide the frame by a share, 1 at the cut, so that two scenes can meet."""

    def pulse(self, t: float) -> float:
        """How much the product swells with the beat."""


def grid(layout: Layout, scale: int = 2) -> tuple[Floats, Floats]:
    """Coordinates of a plate's pixels in frame pixels, at a fraction of its size."""
    high, wide = -(-layout.height // scale), -(-layout.width // scale)
    rows, columns = np.mgrid[0:high, 0:wide].astype(np.float32)
    return columns * scale + scale / 2, rows * scale + scale / 2


def as_plate(colours: Floats, layout: Layout, seed: int) -> Canvas:
    """Full size, with a breath of noise so that soft gradients do not band."""
    return Canvas.of(grained(colours, layout, seed))


def grained(colours: Floats, layout: Layout, seed: int) -> Pixels:
    """The same as red, green and blue."""
    size = (layout.width, layout.height)
    whole = cv2.resize(colours, size, interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(seed).random(whole.shape[:2], dtype=np.float32)
    return np.asarray(np.clip(whole + (noise - 0.5)[..., None] * 1.6, 0, 255), np.uint8)


def flat(colour: Colour, layout: Layout) -> Floats:
    """A ground of one colour at half size."""
    shape = (-(-layout.height // 2), -(-layout.width // 2), 3)
    return np.full(shape, colour, np.float32)


def blended(ground: Floats, colour: Colour, share: Floats) -> Floats:
    """Towards a colour by a share a pixel."""
    target = np.array(colour, np.float32)
    return np.asarray(ground + (target - ground) * share[..., None], np.float32)


def soft_shadow(width_px: int, height_px: int) -> Pyramid:
    """A contact shadow, dark in the middle."""
    ys, xs = np.mgrid[-1 : 1 : height_px * 1j, -1 : 1 : width_px * 1j]
    fall = np.clip(1 - np.hypot(xs, ys), 0, 1)
    coverage = (np.minimum(fall * 1.7, 1) ** 1.8 * 255).astype(np.uint8)
    return Pyramid.of(coverage)


def mirrored(product: Pyramid, *, reach: float) -> Pyramid:
    """The product upside down, fading with the distance from the floor."""
    # What has faded away is not kept: it would be moved and laid, and never seen.
    rows = max(round(len(product.levels[0]) * reach), 1)
    flipped = product.levels[0][::-1][:rows].astype(np.float32)
    fade = (np.linspace(1, 0, rows) ** 1.6).astype(np.float32)[:, None]
    # Colours fade to the middle, from which they are told.
    flipped[..., 1:3] -= 128
    flipped *= fade[..., None]
    flipped[..., 1:3] += 128
    return Pyramid.of_sprite(np.rint(flipped).astype(np.uint8))


def halftone(width_px: int, height_px: int, step_px: float, *, falloff: str) -> Pixels:
    """Dots that shrink across the field."""
    rows, columns = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    # The grid stands at 45 degrees, as printers have it.
    u, v = (columns + rows) / step_px, (columns - rows) / step_px
    distance = np.hypot(u - np.rint(u), v - np.rint(v)) * step_px / np.sqrt(2)
    across = columns / width_px if falloff == "right" else rows / height_px
    radius = step_px * 0.5 * np.clip(1 - across * 1.15, 0, 1)
    return np.asarray(np.clip(radius - distance + 0.5, 0, 1) * 255, np.uint8)


def to_pyramid(rgba: Pixels) -> Pyramid:
    return Pyramid.of(premultiplied(rgba))
