"""Colours of a style, drawn from the product's own, and whether text on them is legible."""

import colorsys
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ads.script import Look
from ads.styles import Colour, StyleName

LEGIBLE = 4.5
# What text is brought to, with room for video's rounding.
_AIM = 6.0
_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (16, 16, 18)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Grounds to stand on, inks to write with, one accent."""

    ground: Colour
    second: Colour
    glow: Colour
    ink: Colour
    accent: Colour
    # What stands on the accent: a button's words.
    on_accent: Colour


def palette_of(style: StyleName, look: Look | None, seed: int) -> Palette:
    rng = random.Random(f"{style}/{seed}/palette")
    hue = look.hue if look and look.saturation > 0.14 else rng.random()
    if style is StyleName.LUXURY:
        return _luxury(hue, rng)
    if style is StyleName.ENERGETIC:
        return _energetic(hue, rng)
    if style is StyleName.MINIMAL:
        return _minimal(hue)
    return _bold(hue, look, rng)


def _luxury(hue: float, rng: random.Random) -> Palette:
    # A jewel's dark, or the warm brown that goes with gold.
    tone = rng.choice([hue, 0.07, 0.62, 0.42])
    return Palette(
        ground=_rgb(tone, 0.55, 0.055),
        second=_rgb(tone, 0.5, 0.13),
        glow=_mixed(_rgb(tone, 0.6, 0.42), (205, 146, 78), 0.58),
        ink=(249, 243, 232),
        accent=(217, 181, 116),
        on_accent=(28, 21, 12),
    )


# Two neighbouring hues that stay clean when they darken, and the light between them.
_HOT = (
    (0.97, 0.83, 0.03),
    (0.90, 0.74, 0.95),
    (0.62, 0.74, 0.56),
    (0.74, 0.86, 0.80),
    (0.50, 0.60, 0.47),
)


def _energetic(hue: float, rng: random.Random) -> Palette:
    far = sorted(_HOT, key=lambda pair: -_hue_distance(pair[0], hue))
    first, second, glow = rng.choice(far[:3])
    return Palette(
        ground=darkened(_rgb(first, 0.86, 0.86), _WHITE),
        second=darkened(_rgb(second, 0.88, 0.5), _WHITE),
        glow=_rgb(glow, 0.66, 1.0),
        ink=_WHITE,
        accent=_rgb(rng.choice([0.145, 0.165, 0.21]), 0.9, 1.0),
        on_accent=_BLACK,
    )


def _minimal(hue: float) -> Palette:
    return Palette(
        ground=_rgb(hue, 0.022, 0.962),
        second=_rgb(hue, 0.17, 0.925),
        glow=_WHITE,
        ink=(25, 25, 28),
        accent=darkened(_rgb(hue, 0.62, 0.5), _WHITE),
        on_accent=_WHITE,
    )


def _bold(hue: float, look: Look | None, rng: random.Random) -> Palette:
    choices: list[Colour] = [(255, 205, 0), (255, 72, 48), (64, 92, 255), (0, 200, 132)]
    far = [c for c in choices if _hue_distance(_hue(c), hue) > 0.12]
    ground = rng.choice(far if look and far else choices)
    ink = _BLACK if contrast(_BLACK, ground) >= contrast(_WHITE, ground) else _WHITE
    return Palette(
        ground=ground if contrast(ink, ground) >= _AIM else darkened(ground, ink),
        second=(17, 17, 19),
        glow=_WHITE,
        ink=ink,
        accent=(17, 17, 19),
        on_accent=_WHITE,
    )


def luminance(colour: Colour | NDArray[np.floating]) -> float:
    """Relative luminance as WCAG has it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (float(v) / 255 for v in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def darkened(ground: Colour, ink: Colour) -> Colour:
    """The ground, brought away from the ink until text on it is legible."""
    towards = _BLACK if luminance(ink) > 0.4 else _WHITE
    share = 0.0
    while contrast(_mixed(ground, towards, share), ink) < _AIM and share < 1:
        share += 0.04
    return _mixed(ground, towards, share)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(one, other, strict=True)
    )
    return red, green, blue


mixed = _mixed


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _hue(colour: Colour) -> float:
    return colorsys.rgb_to_hsv(*(c / 255 for c in colour))[0]


def _hue_distance(one: float, other: float) -> float:
    return min(abs(one - other), 1 - abs(one - other))
