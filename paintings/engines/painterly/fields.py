"""What painters look at first: which way things run, how light they are, what paper is."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The way along structures: a unit vector a pixel, and how sure it is (0 to 1)."""

    x: Floats
    y: Floats
    coherence: Floats

    @cached_property
    def angle(self) -> Floats:
        return np.arctan2(self.y, self.x).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Light:
    """How light a whole picture is: its darks, its middle, its lights.

    Layers are painted one by one, and by the same light, or they would not belong together.
    """

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, rgb: Pixels) -> "Light":
        step = max(1, max(rgb.shape[:2]) // 500)
        tones = luma(np.divide(rgb[::step, ::step], 255, dtype=np.float32))
        low, middle, high = (float(v) for v in np.quantile(tones, (0.02, 0.5, 0.98)))
        return cls(low=low, middle=middle, high=high)

    def even(self, tone: Floats, key: float) -> Floats:
        """Tones spread over the whole range, as one does before drawing, and in a key."""
        span = max(self.high - self.low, 0.15)
        spread = np.clip((tone - self.low) / span, 0, 1)
        bend = _half_way((self.middle - self.low) / span, key)
        return np.asarray(spread ** np.float32(bend), np.float32)

    def in_key(self, rgb: Floats, key: float) -> Floats:
        """The picture in a key: high as in the open air, low as in a studio."""
        bend = _half_way(self.middle, key)
        return np.asarray(np.clip(rgb, 0, 1) ** np.float32(bend), np.float32)


def _half_way(middle: float, key: float) -> float:
    """The power that brings a middle tone half-way to where a style likes it."""
    return float(np.sqrt(np.log(key) / np.log(np.clip(middle, 0.04, 0.96))))


@dataclass(frozen=True, kw_only=True)
class Motif:
    """What is to be painted: colours all over, by which light, and where it will be seen."""

    rgb: Floats
    light: Light
    # None: all of it. Strokes that nobody would see are not laid.
    seen: Mask | None = None


def flow(rgb: Floats, *, scale_px: float) -> Flow:
    """The smoothed structure tensor; where a picture is flat, its neighbours lead."""
    light = np.asarray(cv2.GaussianBlur(luma(rgb), (0, 0), 1.0), np.float32)
    dx = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=1 / 8)
    parts = [dx * dx, dx * dy, dy * dy]
    sharp = [
        np.asarray(cv2.GaussianBlur(p, (0, 0), scale_px), np.float32) for p in parts
    ]
    # A wide blur adds little where there is structure and decides where there is none.
    wide = [wide_blur(p, 8 * scale_px) for p in parts]
    xx, xy, yy = (a + 0.05 * b + 1e-9 for a, b in zip(sharp, wide, strict=True))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    coherence = spread / (xx + yy + 1e-6)
    return Flow(
        x=np.cos(angle).astype(np.float32),
        y=np.sin(angle).astype(np.float32),
        coherence=np.clip(coherence, 0, 1).astype(np.float32),
    )


def wide_blur(image: Floats, sigma: float) -> Floats:
    """A blur of many pixels, done on a smaller picture."""
    height, width = image.shape[:2]
    factor = int(sigma / 4)
    if factor < 2:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    size = (max(1, width // factor), max(1, height // factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.8, sigma / factor))
    return np.asarray(cv2.resize(small, (width, height)), np.float32)


def luma(rgb: Floats) -> Floats:
    """How light each pixel looks, 0 to 1."""
    return np.asarray(
        0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2], np.float32
    )


def noise(shape: tuple[int, ...], cell_px: float, rng: np.random.Generator) -> Floats:
    """Soft grain around 0 with a spread of 1."""
    height, width = shape[:2]
    small = (
        max(2, int(np.ceil(height / cell_px))),
        max(2, int(np.ceil(width / cell_px))),
    )
    field = rng.standard_normal(small, dtype=np.float32)
    grown = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown / max(float(grown.std()), 1e-6), np.float32)


def paper(
    shape: tuple[int, ...], rng: np.random.Generator, *, tooth_px: float
) -> Floats:
    """The tooth of a rough paper around 0 with a spread of about 1."""
    fine = noise(shape, tooth_px, rng)
    coarse = noise(shape, 4 * tooth_px, rng)
    fibres = cv2.blur(noise(shape, max(1.0, tooth_px / 2), rng), (9, 1))
    return np.asarray((fine + 0.6 * coarse + fibres) / 1.7, np.float32)


def shading(height: Floats, *, depth: float) -> Floats:
    """Light from the upper left over a surface with this height, around 1."""
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
    slope = depth * (dx + dy)
    return np.asarray(1 + np.clip(slope, -0.5, 0.5), np.float32)


@njit(cache=True, nogil=True, parallel=True)
def streaked(
    grain: Floats, along_x: Floats, along_y: Floats, reach: int, where: Mask
) -> Floats:
    """Smear grain along a field (line integral convolution): strokes of a dry point.

    Only `where` it is asked for: elsewhere it is 0.
    """
    height, width = grain.shape
    out = np.zeros_like(grain)
    for y in prange(height):
        for x in range(width):
            if not where[y, x]:
                continue
            total = grain[y, x]
            count = 1
            for side in range(2):
                py, px = y + 0.5, x + 0.5
                sign = 1.0 if side == 0 else -1.0
                vx, vy = along_x[y, x] * sign, along_y[y, x] * sign
                for _ in range(reach):
                    py += vy
                    px += vx
                    iy, ix = int(py), int(px)
                    if iy < 0 or ix < 0 or iy >= height or ix >= width:
                        break
                    total += grain[iy, ix]
                    count += 1
                    nx, ny = along_x[iy, ix], along_y[iy, ix]
                    if nx * vx + ny * vy < 0:
                        nx, ny = -nx, -ny
                    vx, vy = nx, ny
            out[y, x] = total / np.sqrt(count)
    return out
