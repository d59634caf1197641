"""What is made of lines: pencil, pen and ink, woodcut."""

import cv2
import numpy as np

from paintings.engines.painterly.fields import (
    Floats,
    Motif,
    flow,
    luma,
    noise,
    paper,
    streaked,
)


def pencil(motif: Motif, rng: np.random.Generator) -> Floats:
    """Graphite: strokes that follow the form, darker where pressed, on a cream sheet."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    tone = light.even(luma(rgb), 0.6)
    way = flow(rgb, scale_px=max(2.0, unit))
    slant = np.float32(-0.9)
    # Hatching keeps to the hand's slant and bends to the form where there is one.
    share = np.clip(way.coherence * 1.4 - 0.2, 0, 1)
    turn = np.mod(way.angle - slant + np.pi / 2, np.pi) - np.pi / 2
    angle = slant + turn * share
    grain = rng.standard_normal(tone.shape).astype(np.float32)
    reach = max(4, round(1.6 * unit))
    dark = np.clip(1 - tone, 0, 1)
    lines = streaked(
        grain,
        np.cos(angle).astype(np.float32),
        np.sin(angle).astype(np.float32),
        reach,
        dark > 0,
    )
    crossed = angle + 1.1
    second = streaked(
        np.ascontiguousarray(grain[::-1]),
        np.cos(crossed).astype(np.float32),
        np.sin(crossed).astype(np.float32),
        reach,
        dark > 0.55,
    )
    marks = dark * 0.74 + 0.20 * lines * np.sqrt(dark)
    marks += 0.32 * second * (dark - 0.55)
    marks += 0.75 * _contours(rgb, unit, thin=0.55)
    tooth = paper(tone.shape, rng, tooth_px=max(1.0, unit / 6))
    marks = np.clip(marks, 0, 1) * (1 - 0.14 * np.clip(tooth, -1, 2))
    sheet = np.array([0.965, 0.955, 0.93], np.float32)
    graphite = np.array([0.17, 0.17, 0.19], np.float32)
    cover = np.clip(marks, 0, 1)[..., None]
    return np.asarray(sheet * (1 - cover) + graphite * cover, np.float32)


def ink(motif: Motif, rng: np.random.Generator) -> Floats:
    """Pen and ink: outlines, and hatching crossed once more for every deeper shade."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    soft = cv2.GaussianBlur(luma(rgb), (0, 0), unit / 5)
    tone = light.even(np.asarray(soft, np.float32), 0.6)
    height, width = tone.shape
    ys, xs = np.indices((height, width)).astype(np.float32)
    wobble = 0.22 * unit * noise(tone.shape, 5 * unit, rng)
    marks = np.zeros_like(tone)
    gap = max(3.0, 0.62 * unit)
    for angle, begins in ((-0.75, 0.80), (0.75, 0.55), (0.1, 0.36), (1.45, 0.20)):
        across = (
            xs * np.float32(np.sin(angle)) + ys * np.float32(np.cos(angle)) + wobble
        )
        wave = np.abs(np.mod(across / gap, 1.0) - 0.5) * 2
        depth = np.clip((begins - tone) / 0.30, 0, 1)
        depth *= 1 + 0.10 * noise(tone.shape, 2 * unit, rng)
        # A line grows thicker as the shade deepens.
        edge = 1 - 0.62 * depth
        line = np.clip((wave - edge) * gap * 0.9 + 0.5, 0, 1) * (depth > 0.04)
        marks = np.maximum(marks, line)
    marks = np.maximum(marks, _contours(rgb, unit, thin=0.35))
    sheet = np.array([0.98, 0.965, 0.92], np.float32)
    black = np.array([0.07, 0.07, 0.10], np.float32)
    cover = np.clip(marks, 0, 1).astype(np.float32)[..., None]
    return np.asarray(sheet * (1 - cover) + black * cover, np.float32)


def woodcut(motif: Motif, rng: np.random.Generator) -> Floats:
    """Gouged lines that swell with the light, black over two flat inks."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    soft = np.asarray(cv2.GaussianBlur(rgb, (0, 0), unit / 2), np.float32)
    tone = light.even(luma(soft), 0.44)
    way = flow(rgb, scale_px=2.2 * unit)
    grain = noise(tone.shape, max(2.0, 0.55 * unit), rng)
    everywhere = np.ones(tone.shape, np.bool_)
    cuts = streaked(grain, way.x, way.y, max(6, round(3.2 * unit)), everywhere)
    cuts = cuts / max(float(cuts.std()), 1e-6)
    level = (tone - 0.46) * 5.0 + 0.85 * cuts
    white = np.clip(level * 1.4 + 0.5, 0, 1)
    white = np.minimum(white, 1 - np.clip(1.3 * _contours(rgb, unit, thin=0.8), 0, 1))
    block = _two_inks(soft, tone)
    black = np.array([0.10, 0.085, 0.08], np.float32)
    pressed = 1 - 0.06 * np.clip(noise(tone.shape, 1.5, rng), 0, 2)
    cover = (white * 1.0).astype(np.float32)[..., None]
    return np.asarray(
        (block * cover + black * (1 - cover)) * pressed[..., None], np.float32
    )


def _two_inks(soft: Floats, tone: Floats) -> Floats:
    """Paper and one tint a place, its hue from the picture, its tones in three flat steps."""
    step = np.floor(np.clip(tone, 0, 0.999) * 3) / 2
    grey = luma(soft)[..., None]
    hue = np.clip(0.72 + (soft - grey) * 1.6, 0, 1)
    sheet = np.array([0.95, 0.90, 0.79], np.float32)
    share = np.clip(1.05 - 0.75 * step, 0, 0.9)[..., None]
    return np.asarray(sheet * (1 - share) + hue * share, np.float32)


def _unit(rgb: Floats) -> float:
    return max(2.0, float(np.hypot(*rgb.shape[:2])) / 150)


def _contours(rgb: Floats, unit: float, *, thin: float) -> Floats:
    """Dark outlines where light changes (a difference of Gaussians, flow-smoothed)."""
    tone = luma(rgb)
    sigma = max(0.8, thin * unit / 3)
    narrow = cv2.GaussianBlur(tone, (0, 0), sigma)
    wide = cv2.GaussianBlur(tone, (0, 0), 1.6 * sigma)
    edge = np.asarray(0.985 * wide - narrow, np.float32)
    return np.asarray(np.clip((edge - 0.010) * 55.0, 0, 1), np.float32)
