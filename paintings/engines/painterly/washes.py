"""What is made of areas: watercolour, and the smooth look of a Kuwahara filter."""

import cv2
import numpy as np
from numba import njit, prange

from paintings.engines.painterly.fields import Floats, flow, luma, noise, paper

_SECTORS = 8
# A wider brush is had by filtering a smaller picture: far faster, and as smooth.
_WIDEST = 4


def kuwahara(rgb: Floats, rng: np.random.Generator) -> Floats:
    """Smooth areas with crisp borders, their shapes drawn along the structure."""
    del rng  # nothing in it is left to chance
    unit = max(2.0, float(np.hypot(*rgb.shape[:2])) / 300)
    broad = smoothed(rgb, radius=max(4, round(1.8 * unit)))
    return smoothed(broad, radius=max(3, round(1.25 * unit)))


def smoothed(rgb: Floats, *, radius: int) -> Floats:
    """The anisotropic Kuwahara filter, on a smaller picture when the brush is large."""
    shrink = 1.0
    if radius > _WIDEST:
        shrink = _WIDEST / radius
    height, width = rgb.shape[:2]
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    way = flow(small, scale_px=2.0)
    result = _kuwahara(small, way.x, way.y, way.coherence, min(radius, _WIDEST))
    if shrink == 1.0:
        return result
    return np.asarray(
        cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def watercolour(rgb: Floats, rng: np.random.Generator) -> Floats:
    """Washes with dark rims, pigment in the paper's hollows, light left as paper."""
    unit = max(2.0, float(np.hypot(*rgb.shape[:2])) / 170)
    shape = rgb.shape
    bleeding = _wandered(rgb, rng, unit)
    wash = smoothed(bleeding, radius=max(3, round(0.9 * unit)))
    wash = _levels(wash, steps=7.0)
    wash = np.asarray(cv2.GaussianBlur(wash, (0, 0), max(0.7, unit / 9)), np.float32)
    pigment = np.clip(1 - wash, 0, 1) ** 1.2 * 0.85
    # Where a wash dries, its rim keeps more pigment than its middle.
    light = luma(wash)
    rim = cv2.GaussianBlur(light, (0, 0), unit / 2.2) - light
    density = 1 + 2.6 * np.clip(rim, 0, 0.25)
    density += 0.13 * noise(shape, 9 * unit, rng) + 0.09 * noise(shape, 2.5 * unit, rng)
    tooth = paper(shape, rng, tooth_px=max(1.2, unit / 5))
    density -= 0.16 * tooth
    painted = np.exp(
        -np.maximum(density, 0.2)[..., None]
        * 1.02
        * -np.log1p(-np.clip(pigment, 0, 0.97))
    )
    sheet = np.array([0.985, 0.975, 0.95], np.float32) * (1 - 0.012 * tooth[..., None])
    return np.asarray(np.clip(painted * sheet, 0, 1), np.float32)


def _wandered(rgb: Floats, rng: np.random.Generator, unit: float) -> Floats:
    """Edges wander a little, as wet paint does."""
    height, width = rgb.shape[:2]
    ys, xs = np.indices((height, width)).astype(np.float32)
    dx = 0.22 * unit * noise(rgb.shape, 2.2 * unit, rng)
    dy = 0.22 * unit * noise(rgb.shape, 2.2 * unit, rng)
    return np.asarray(
        cv2.remap(
            rgb, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        np.float32,
    )


def _levels(rgb: Floats, *, steps: float) -> Floats:
    """Flatten tones towards a few washes, softly."""
    light = np.maximum(luma(rgb), 1e-3)
    scaled = light * steps
    middle = np.round(scaled)
    eased = middle + 0.5 * np.tanh(3.2 * (scaled - middle)) / np.tanh(1.6)
    return np.asarray(
        np.clip(rgb * (eased / steps / light)[..., None], 0, 1), np.float32
    )


@njit(cache=True, nogil=True)
def _sector_weights(radius: int) -> Floats:
    """How much each place of a round window counts for each of eight sectors."""
    side = 2 * radius + 1
    weights = np.zeros((side, side, _SECTORS), np.float32)
    for y in range(side):
        for x in range(side):
            dy, dx = (y - radius) / (radius + 0.5), (x - radius) / (radius + 0.5)
            far = dx * dx + dy * dy
            if far > 1.0:
                continue
            angle = np.arctan2(dy, dx)
            for sector in range(_SECTORS):
                turn = angle - sector * 2 * np.pi / _SECTORS
                turn = (turn + np.pi) % (2 * np.pi) - np.pi
                near = np.exp(-(turn * turn) / 0.18) if far > 0 else 1.0
                weights[y, x, sector] = near * np.exp(-2.0 * far)
    return weights


@njit(cache=True, nogil=True, parallel=True)
def _kuwahara(
    rgb: Floats, along_x: Floats, along_y: Floats, coherence: Floats, radius: int
) -> Floats:
    height, width = rgb.shape[0], rgb.shape[1]
    side = 2 * radius + 1
    table = _sector_weights(radius)
    out = np.empty_like(rgb)
    for y in prange(height):
        sums = np.zeros((_SECTORS, 5), np.float32)
        for x in range(width):
            sums[:] = 0.0
            cos, sin = along_x[y, x], along_y[y, x]
            stretch = 1.0 + 0.7 * coherence[y, x]
            squeeze = 1.0 / stretch
            for dy in range(-radius, radius + 1):
                py = min(max(y + dy, 0), height - 1)
                for dx in range(-radius, radius + 1):
                    # Into the frame of an ellipse that lies along the structure.
                    u = (dx * cos + dy * sin) * squeeze
                    v = (dy * cos - dx * sin) * stretch
                    ty, tx = int(np.round(v)) + radius, int(np.round(u)) + radius
                    if ty < 0 or tx < 0 or ty >= side or tx >= side:
                        continue
                    px = min(max(x + dx, 0), width - 1)
                    r, g, b = rgb[py, px, 0], rgb[py, px, 1], rgb[py, px, 2]
                    square = r * r + g * g + b * b
                    for sector in range(_SECTORS):
                        w = table[ty, tx, sector]
                        if w > 0.02:
                            sums[sector, 0] += w * r
                            sums[sector, 1] += w * g
                            sums[sector, 2] += w * b
                            sums[sector, 3] += w * square
                            sums[sector, 4] += w
            red = green = blue = total = np.float32(0.0)
            for sector in range(_SECTORS):
                mass = sums[sector, 4]
                if mass < 1e-4:
                    continue
                r, g, b = (
                    sums[sector, 0] / mass,
                    sums[sector, 1] / mass,
                    sums[sector, 2] / mass,
                )
                spread = max(sums[sector, 3] / mass - (r * r + g * g + b * b), 0.0)
                # The calmest sectors win by far.
                calm = 1.0 / (1.0 + (1200.0 * spread) ** 2)
                calm = calm * calm + 1e-9
                red += calm * r
                green += calm * g
                blue += calm * b
                total += calm
            out[y, x, 0] = red / total
            out[y, x, 1] = green / total
            out[y, x, 2] = blue / total
    return out
