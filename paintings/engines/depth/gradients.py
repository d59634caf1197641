"""Texture that gets finer upwards: a surface that runs away from the viewer."""

import cv2
import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.regions import Floats

Flags = NDArray[np.bool_]

# A surface is looked at in so many strips, one above the other.
_STRIPS = 6
_FEWEST_STRIPS = 4
_FEWEST_PIXELS = 150
# Grain coarser than this many pixels is shape and shade.
_GRAIN_PX = 6.0
# Below this deviation of lightness there is no grain to be seen.
_FAINT = 1.0
# By which part the grain's size shrinks, from the surface's foot to its far end: less
# may be chance, more leaves no doubt.
_CHANCE, _CERTAIN = 0.2, 0.8
# How well the sizes have to follow one line.
_STEADY = 0.8


def recedes(light: Floats, inside: Flags) -> float:
    """How surely a surface's grain gets finer towards its upper end, 0 to 1."""
    rows = np.flatnonzero(inside.sum(axis=1) > 2)
    if len(rows) < 2 * _STRIPS:
        return 0.0
    grain = light - cv2.GaussianBlur(light, (0, 0), _GRAIN_PX)
    steps = np.diff(grain, axis=1)
    pairs = inside[:, 1:] & inside[:, :-1]
    sizes = [
        _grain_size(grain[:, 1:], steps, pairs, strip)
        for strip in np.array_split(rows, _STRIPS)
    ]
    told = np.array([size for size in sizes if size is not None])
    if len(told) < _FEWEST_STRIPS:
        return 0.0
    place = np.linspace(0, 1, len(told))
    if np.ptp(told) < _CHANCE or np.corrcoef(place, told)[0, 1] < _STEADY:
        return 0.0
    shrinks = float(np.polyfit(place, told, 1)[0])
    return float(np.clip((shrinks - _CHANCE) / (_CERTAIN - _CHANCE), 0, 1))


def _grain_size(
    grain: Floats, steps: Floats, pairs: Flags, strip: NDArray[np.int64]
) -> float | None:
    """The logarithm of how wide the grain in these rows is; None without any."""
    here = pairs[strip]
    if here.sum() < _FEWEST_PIXELS:
        return None
    strong = float((grain[strip][here] ** 2).mean())
    fine = float((steps[strip][here] ** 2).mean())
    if strong < _FAINT**2 or fine <= 0:
        return None
    return 0.5 * float(np.log(strong / fine))
