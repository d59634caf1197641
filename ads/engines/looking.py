"""What is seen of the product: cut out of its picture, its colour named, its shape told."""

import colorsys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ads.script import Look
from jobs.toolbox import cutouts, images

_LONGEST_PX = 1600
_MARGIN_PX = 4

_GREYS = ((0.16, "black"), (0.34, "charcoal"), (0.68, "grey"), (0.88, "silver grey"))
_HUES = (
    (0.035, "red"),
    (0.095, "orange"),
    (0.15, "amber"),
    (0.19, "yellow"),
    (0.24, "lime green"),
    (0.42, "green"),
    (0.53, "teal"),
    (0.6, "sky blue"),
    (0.71, "blue"),
    (0.79, "violet"),
    (0.87, "purple"),
    (0.95, "pink"),
    (1.01, "red"),
)


def cut_product(picture: Path, target: Path, *, name: str) -> Look:
    """Write the product alone as a PNG with alpha, and tell what it looks like."""
    photo = images.decode(picture, name=name, longest_px=_LONGEST_PX)
    images.require_content(photo, name=name)
    cut = cutouts.cut_out(photo)
    rgba = _cropped(cut.rgba)
    Image.fromarray(rgba).save(target, compress_level=1)
    return look_of(rgba, confidence=cut.confidence)


def _cropped(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    solid = rgba[..., 3] > 8
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return rgba
    top, left = max(rows[0] - _MARGIN_PX, 0), max(columns[0] - _MARGIN_PX, 0)
    return rgba[top : rows[-1] + 1 + _MARGIN_PX, left : columns[-1] + 1 + _MARGIN_PX]


def look_of(rgba: NDArray[np.uint8], *, confidence: float) -> Look:
    """Colour and shape of a cut-out."""
    colour = _main_colour(rgba)
    hue, lightness, saturation = colorsys.rgb_to_hls(*(float(c) / 255 for c in colour))
    height, width = rgba.shape[:2]
    filled = float((rgba[..., 3] > 127).mean())
    return Look(
        colour=_named(hue, lightness, saturation),
        hue=hue,
        saturation=saturation,
        lightness=lightness,
        shape=_shape(width / height, filled),
        ratio=width / height,
        confidence=confidence,
    )


def _main_colour(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The colour that most of the product has; vivid ones count for more than greys."""
    small = cv2.resize(rgba, (64, 64), interpolation=cv2.INTER_AREA)
    pixels = small[small[..., 3] > 200][:, :3].astype(np.float32)
    if len(pixels) < 8:
        return np.array([128, 128, 128], np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    cv2.setRNGSeed(1)
    count = min(5, len(pixels))
    _, labels, centres = cv2.kmeans(
        pixels,
        count,
        np.zeros((len(pixels), 1), np.int32),
        criteria,
        2,
        cv2.KMEANS_PP_CENTERS,
    )
    sizes = np.bincount(labels.ravel(), minlength=count) / len(pixels)
    vivid = centres.max(axis=1) - centres.min(axis=1)
    best = int(np.argmax(sizes * (0.25 + vivid / 255)))
    return np.asarray(centres[best], np.float32)


def _named(hue: float, lightness: float, saturation: float) -> str:
    if saturation < 0.13 or lightness < 0.07 or lightness > 0.95:
        return next((name for most, name in _GREYS if lightness < most), "white")
    base = next(name for most, name in _HUES if hue < most)
    if base in ("orange", "amber", "red") and lightness < 0.3:
        return "deep red" if base == "red" and saturation > 0.5 else "brown"
    if base in ("orange", "amber") and saturation < 0.45:
        return "sand" if lightness > 0.55 else "tan"
    if lightness < 0.28:
        return f"deep {base}"
    return f"soft {base}" if lightness > 0.75 else base


def _shape(ratio: float, filled: float) -> str:
    if 0.85 < ratio < 1.18:
        return "round" if 0.74 < filled < 0.82 else "compact"
    if ratio < 0.55:
        return "slender"
    if ratio < 0.85:
        return "tall"
    return "long" if ratio > 1.9 else "wide"
