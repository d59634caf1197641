"""What is made of areas: watercolour, and the smooth look of a Kuwahara filter."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from paintings.engines.painterly.fields import (
    Floats,
    Flow,
    Motif,
    flow,
    luma,
    noise,
    paper,
)

# Washes let the paper shine through: their middle tone is light.
_LIGHT_KEY, _MIDDLE_KEY = 0.62, 0.46
_SECTORS = 8
# How finely the window's way and its narrowness are told apart.
_TURNS, _NARROWS = 24, 5
# Along clear structure the window is this much longer, and narrower, than round.
_NARROWEST = 0.7
# What counts less than this is left out.
_FAINT = 0.02
# A wider brush is had by filtering a smaller picture: far faster, and as smooth.
_WIDEST = 4


def kuwahara(motif: Motif, rng: np.random.Generator) -> Floats:
    """Smooth areas with crisp borders, their shapes drawn along the structure."""
    rgb, light = motif.rgb, motif.light
    del rng  # nothing in it is left to chance
    unit = max(2.0, float(np.hypot(*rgb.shape[:2])) / 300)
    broad = smoothed(light.in_key(rgb, _MIDDLE_KEY), radius=max(4, round(2.4 * unit)))
    return smoothed(broad, radius=max(3, round(1.6 * unit)))


def smoothed(rgb: Floats, *, radius: int) -> Floats:
    """The anisotropic Kuwahara filter, on a smaller picture when the brush is large."""
    shrink = 1.0
    if radius > _WIDEST:
        shrink = _WIDEST / radius
    height, width = rgb.shape[:2]
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    way = flow(small, scale_px=2.0)
    result = _filtered(small, way, min(radius, _WIDEST))
    if shrink == 1.0:
        return result
    return np.asarray(
        cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def watercolour(motif: Motif, rng: np.random.Generator) -> Floats:
    """Washes with dark rims, pigment in the paper's hollows, light left as paper."""
    rgb, light = motif.rgb, motif.light
    unit = max(2.0, float(np.hypot(*rgb.shape[:2])) / 170)
    shape = rgb.shape
    bleeding = _wandered(light.in_key(rgb, _LIGHT_KEY), rng, unit)
    wash = smoothed(bleeding, radius=max(3, round(0.9 * unit)))
    wash = _levels(wash, steps=7.0)
    wash = np.asarray(cv2.GaussianBlur(wash, (0, 0), max(0.7, unit / 9)), np.float32)
    pigment = np.clip(1 - wash, 0, 1) ** 1.2 * 0.85
    # Where a wash dries, its rim keeps more pigment than its middle.
    tone = luma(wash)
    rim = cv2.GaussianBlur(tone, (0, 0), unit / 2.2) - tone
    density = 1 + 3.2 * np.clip(rim, 0, 0.25)
    density += 0.13 * noise(shape, 9 * unit, rng) + 0.09 * noise(shape, 2.5 * unit, rng)
    tooth = paper(shape, rng, tooth_px=max(1.2, unit / 5))
    # Pigment settles into the finest hollows: granulation.
    density -= 0.14 * tooth + 0.16 * noise(shape, max(1.0, unit / 4), rng)
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


@dataclass(frozen=True, kw_only=True)
class _Windows:
    """Which places count for which sector, for every way and narrowness of the window."""

    dy: NDArray[np.int32]
    dx: NDArray[np.int32]
    weights: Floats  # of one sector they sum to 1
    # Where each sector's places begin; (turns, narrownesses, sectors + 1).
    begins: NDArray[np.int32]


@cache
def _windows(radius: int) -> _Windows:
    """Made once: what a pixel counts for depends on its place in the ellipse alone."""
    side = np.arange(-radius, radius + 1)
    dy, dx = (axis.ravel() for axis in np.meshgrid(side, side, indexing="ij"))
    turns = (np.arange(_TURNS) * np.pi / _TURNS)[:, None, None, None]
    narrow = 1 + _NARROWEST * np.arange(_NARROWS) / (_NARROWS - 1)
    narrow = narrow[None, :, None, None]
    # Into the frame of an ellipse that lies along the structure.
    u = (dx * np.cos(turns) + dy * np.sin(turns)) / narrow / (radius + 0.5)
    v = (dy * np.cos(turns) - dx * np.sin(turns)) * narrow / (radius + 0.5)
    far = u * u + v * v
    middles = (np.arange(_SECTORS) * 2 * np.pi / _SECTORS)[None, None, :, None]
    off = np.mod(np.arctan2(v, u) - middles + np.pi, 2 * np.pi) - np.pi
    near = np.where(far > 0, np.exp(-(off**2) / 0.18), 1.0)
    weights = np.where(far <= 1, near * np.exp(-2.0 * far), 0.0)
    weights = np.where(weights > _FAINT, weights, 0.0)
    weights /= weights.sum(axis=3, keepdims=True)
    counts = (weights > 0).sum(axis=3)
    ends = np.cumsum(counts.ravel()).reshape(counts.shape)
    used = np.nonzero(weights)
    return _Windows(
        dy=dy[used[3]].astype(np.int32),
        dx=dx[used[3]].astype(np.int32),
        weights=weights[used].astype(np.float32),
        begins=np.concatenate([ends[..., :1] - counts[..., :1], ends], axis=2).astype(
            np.int32
        ),
    )


def _filtered(rgb: Floats, way: Flow, radius: int) -> Floats:
    windows = _windows(radius)
    turn = np.round(np.mod(way.angle, np.pi) * (_TURNS / np.pi)).astype(np.int32)
    narrow = np.round(way.coherence * (_NARROWS - 1)).astype(np.int32)
    framed = cv2.copyMakeBorder(rgb, *(radius,) * 4, cv2.BORDER_REPLICATE)
    squares = (framed**2).sum(axis=2, keepdims=True)
    stride = framed.shape[1]
    return _kuwahara(
        np.concatenate([framed, squares], axis=2).reshape(-1, 4).astype(np.float32),
        turn % _TURNS,
        narrow,
        windows.dy * stride + windows.dx,
        windows.weights,
        windows.begins,
        radius,
    )


@njit(cache=True, nogil=True, parallel=True)
def _kuwahara(
    framed: Floats,
    turns: NDArray[np.int32],
    narrows: NDArray[np.int32],
    steps: NDArray[np.int32],
    weights: Floats,
    begins: NDArray[np.int32],
    radius: int,
) -> Floats:
    height, width = turns.shape
    out = np.empty((height, width, 3), np.float32)
    one, steep, least = np.float32(1.0), np.float32(1200.0), np.float32(1e-9)
    for y in prange(height):
        for x in range(width):
            here = (y + radius) * (width + 2 * radius) + x + radius
            own = begins[turns[y, x], narrows[y, x]]
            red = green = blue = total = np.float32(0.0)
            for sector in range(_SECTORS):
                r = g = b = square = np.float32(0.0)
                for place in range(own[sector], own[sector + 1]):
                    w = weights[place]
                    there = here + steps[place]
                    r += w * framed[there, 0]
                    g += w * framed[there, 1]
                    b += w * framed[there, 2]
                    square += w * framed[there, 3]
                spread = max(square - (r * r + g * g + b * b), np.float32(0.0))
                # The calmest sectors win by far.
                calm = one / (one + (steep * spread) * (steep * spread))
                calm = calm * calm + least
                red += calm * r
                green += calm * g
                blue += calm * b
                total += calm
            out[y, x, 0] = red / total
            out[y, x, 1] = green / total
            out[y, x, 2] = blue / total
    return out
