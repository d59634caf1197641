"""What is made of strokes: oil, impressionist dabs, pastel, points."""

import cv2
import numpy as np

from paintings.engines.painterly.fields import (
    Floats,
    Flow,
    Mask,
    Motif,
    flow,
    luma,
    noise,
    paper,
    shading,
    wide_blur,
)
from paintings.engines.painterly.strokes import Brush, Canvas, lay

# Where a style likes the middle tone: in the studio, in the sun, in the open air.
_LOW_KEY, _SUNNY_KEY, _HIGH_KEY = 0.34, 0.48, 0.56


def oil(motif: Motif, rng: np.random.Generator) -> Floats:
    """Large brushes first, smaller ones where it matters; thick paint catches the light."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    way = flow(rgb, scale_px=max(2.0, unit / 3))
    canvas = _primed(rgb, unit)
    rich = _saturated(light.in_key(rgb, _LOW_KEY), 1.12)
    passes = (
        Brush(width_px=2.6 * unit, length=4.5, spacing=0.62, bristle=0.8),
        Brush(
            width_px=1.3 * unit,
            length=5.0,
            spacing=0.62,
            only_where_off=0.12,
            bristle=0.7,
        ),
        Brush(
            width_px=0.62 * unit,
            length=5.5,
            spacing=0.7,
            only_where_off=0.17,
            bristle=0.6,
            stop_at=0.1,
        ),
        Brush(
            width_px=0.32 * unit,
            length=5.0,
            spacing=0.85,
            only_where_off=0.24,
            bristle=0.4,
            stop_at=0.09,
        ),
    )
    _work(canvas, rich, way, passes, rng, motif.seen)
    weave = noise(rgb.shape, max(1.5, unit / 8), rng) * 0.02
    surface = canvas.height + weave
    return _lit(canvas.colour, surface.astype(np.float32), depth=1.7)


def impressionist(motif: Motif, rng: np.random.Generator) -> Floats:
    """Broken colour: short separate dabs, bright and side by side."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    way = flow(rgb, scale_px=max(2.0, unit / 2))
    canvas = _primed(rgb, 2 * unit)
    bright = _saturated(_in_open_air(light.in_key(rgb, _HIGH_KEY)), 1.4)
    passes = (
        Brush(
            width_px=2.4 * unit,
            length=1.9,
            spacing=0.65,
            hue_jitter=0.06,
            light_jitter=0.05,
            turn_jitter=0.35,
        ),
        Brush(
            width_px=1.4 * unit,
            length=2.0,
            spacing=0.75,
            hue_jitter=0.08,
            light_jitter=0.06,
            turn_jitter=0.3,
            opacity=0.9,
        ),
        Brush(
            width_px=0.8 * unit,
            length=2.2,
            spacing=0.8,
            hue_jitter=0.06,
            light_jitter=0.05,
            only_where_off=0.22,
            turn_jitter=0.2,
        ),
    )
    _work(canvas, bright, way, passes, rng, motif.seen)
    return _lit(canvas.colour, canvas.height, depth=0.9)


def pastel(motif: Motif, rng: np.random.Generator) -> Floats:
    """Chalk on a toned, rough paper: light, powdery, its tooth showing through."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    way = flow(rgb, scale_px=max(2.0, unit / 2))
    ground = np.array([0.80, 0.75, 0.68], np.float32)
    canvas = _blank(np.broadcast_to(ground, rgb.shape).copy())
    chalky = (0.80 * _saturated(light.in_key(rgb, _HIGH_KEY), 1.1) + 0.17).astype(
        np.float32
    )
    slant = {"hand": -0.85, "hand_share": 0.7, "softness": 0.6, "bristle": 0.9}
    passes = (
        Brush(
            width_px=2.0 * unit,
            length=5.0,
            spacing=0.7,
            opacity=0.75,
            light_jitter=0.05,
            **slant,
        ),
        Brush(
            width_px=1.0 * unit,
            length=6.0,
            spacing=0.75,
            opacity=0.7,
            light_jitter=0.05,
            only_where_off=0.1,
            **slant,
        ),
        Brush(
            width_px=0.45 * unit,
            length=6.0,
            spacing=0.9,
            opacity=0.75,
            only_where_off=0.18,
            stop_at=0.1,
            **slant,
        ),
    )
    _work(canvas, chalky, way, passes, rng, motif.seen, finest_px=1.4)
    tooth = paper(rgb.shape, rng, tooth_px=max(1.0, unit / 8))
    bare = np.clip((tooth + 0.1) * 0.4, 0, 0.5)[..., None]
    return np.asarray(canvas.colour * (1 - bare) + ground * bare, np.float32)


def pointillism(motif: Motif, rng: np.random.Generator) -> Floats:
    """Round points of pure colour on a pale ground; the eye does the mixing."""
    rgb, light = motif.rgb, motif.light
    unit = _unit(rgb)
    way = flow(rgb, scale_px=max(2.0, unit / 2))
    ground = np.array([0.93, 0.90, 0.82], np.float32)
    soft = wide_blur(rgb, unit)
    canvas = _blank((0.5 * ground + 0.5 * soft).astype(np.float32))
    pure = _saturated(light.in_key(rgb, _SUNNY_KEY), 1.5)
    dot = max(2.4, 0.62 * unit)
    for size, spacing, off in ((1.25, 0.82, 0.0), (1.0, 0.86, 0.0), (0.72, 0.95, 0.2)):
        brush = Brush(
            width_px=dot * size,
            length=0.0,
            spacing=spacing,
            hue_jitter=0.14,
            light_jitter=0.05,
            only_where_off=off,
            bristle=0.1,
            softness=0.3,
        )
        lay(canvas, pure, way, brush, rng, motif.seen)
    return _lit(canvas.colour, canvas.height, depth=0.45)


def _unit(rgb: Floats) -> float:
    """A middling brush for a picture of this size, in pixels."""
    return max(2.0, float(np.hypot(*rgb.shape[:2])) / 170)


def _primed(rgb: Floats, unit: float) -> Canvas:
    """A canvas with the picture's broad tones rubbed in."""
    return _blank(wide_blur(rgb, 2 * unit))


def _blank(colour: Floats) -> Canvas:
    return Canvas(colour=colour, height=np.zeros(colour.shape[:2], np.float32))


def _work(
    canvas: Canvas,
    colour: Floats,
    way: Flow,
    passes: tuple[Brush, ...],
    rng: np.random.Generator,
    seen: Mask | None,
    *,
    finest_px: float = 1.6,
) -> None:
    """Lay one pass upon the other; brushes finer than a pixel or so paint nothing."""
    for brush in passes:
        if brush.width_px >= finest_px:
            lay(canvas, colour, way, brush, rng, seen)


def _saturated(rgb: Floats, gain: float) -> Floats:
    grey = luma(rgb)[..., None]
    return np.asarray(np.clip(grey + (rgb - grey) * gain, 0, 1), np.float32)


def _in_open_air(rgb: Floats) -> Floats:
    """Lighter all over, with blue and violet in the shade instead of black."""
    shade = (1 - luma(rgb))[..., None] ** 3
    violet = np.array([0.10, 0.07, 0.22], np.float32)
    lifted = np.clip(rgb, 0, 1) ** np.float32(0.9)
    return np.asarray(lifted + shade * violet * (1 - lifted), np.float32)


def _lit(colour: Floats, surface: Floats, *, depth: float) -> Floats:
    shine = shading(np.asarray(cv2.GaussianBlur(surface, (0, 0), 0.7)), depth=depth)
    return np.asarray(np.clip(colour * shine[..., None], 0, 1), np.float32)
