"""Where one surface ends and another begins, whatever pattern either of them wears.

At every pixel a disc is cut in half in eight directions and what lies in the halves
is compared as histograms of light, colour and texture: a row of windows or a tuft of
grass looks the same on both sides, the outline of a house or a meadow does not.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Bins = NDArray[np.int32]

_DIRECTIONS = 8
_TEXTONS = 16
# Radius in pixels, weight of light and colour, weight of texture.
_DISCS = ((3, 0.5, 0.0), (6, 0.35, 0.0), (12, 0.25, 0.35))
# What a doubled roughness counts beside lightness.
_ROUGHNESS = 6.0
# From this radius on a picture of half the size tells as much.
_COARSE_FROM = 10


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One property of every pixel, in bins."""

    bins: Bins  # (height, width)
    count: int
    # Neighbouring bins mean nearly the same: light and colour, not texture.
    ordered: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How surely a border runs through each pixel, and what was compared."""

    strength: Floats  # (height, width), about 0 to 3
    channels: tuple[Channel, ...]  # light, two of colour, texture
    lab: Floats

    @cached_property
    def appearance(self) -> NDArray[np.float64]:
        """Colour, roughness in units that weigh about as much, and plain roughness."""
        light = np.ascontiguousarray(self.lab[..., 0])
        fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), 2.0))
        wild = cv2.GaussianBlur(fine, (0, 0), 3.0)
        rough = _ROUGHNESS * np.log(0.5 + wild)
        soft = cv2.GaussianBlur(self.lab, (0, 0), 1.0)
        return np.dstack([soft, rough, wild]).astype(np.float64)


def find_boundaries(small: Pixels) -> Evidence:
    """Compare half discs of three sizes in light, colour and texture."""
    plain = _exposed(
        np.asarray(
            cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32
        )
    )
    lab = np.asarray(cv2.bilateralFilter(plain, 5, 8.0, 2.0), np.float32)
    surfaces = (
        Channel(bins=_binned(lab[..., 0], 0, 100, 25), count=25, ordered=True),
        Channel(bins=_binned(lab[..., 1], -60, 60, 24), count=24, ordered=True),
        Channel(bins=_binned(lab[..., 2], -60, 60, 24), count=24, ordered=True),
    )
    texture = Channel(
        bins=_textons(np.ascontiguousarray(plain[..., 0])),
        count=_TEXTONS,
        ordered=False,
    )
    strength = np.zeros(small.shape[:2], np.float32)
    for radius, surface_weight, texture_weight in _DISCS:
        for channel in surfaces:
            strength += surface_weight * _difference(channel, radius)
        if texture_weight > 0:
            strength += texture_weight * _difference(texture, radius)
    return Evidence(strength=strength, channels=(*surfaces, texture), lab=lab)


def _exposed(lab: Floats) -> Floats:
    """Lift what is dark, as eyes do at night: a difference there counts as much."""
    light = lab[..., 0]
    top = max(float(np.quantile(light, 0.99)), 1.0)
    middle = min(max(float(np.median(light)) / top, 0.02), 0.98)
    bend = float(np.clip(np.log(0.4) / np.log(middle), 0.7, 1.0))
    if bend >= 1:
        return lab
    gain = 100 / top * (np.maximum(light, 0.5) / top) ** (bend - 1)
    # In the deepest dark a colour is mostly rounding: it is lifted by less.
    trust = np.clip((light - 4) / 8, 0, 1)
    tint = gain ** (0.5 + 0.5 * trust)
    lifted = [light * gain, lab[..., 1] * tint, lab[..., 2] * tint]
    return np.dstack(lifted).astype(np.float32)


def _binned(values: Floats, low: float, high: float, count: int) -> Bins:
    share = (values - low) / (high - low)
    return np.asarray(np.clip(share * count, 0, count - 1), np.int32)


def _textons(light: Floats) -> Bins:
    """Name each pixel's texture: how rough at three sizes, and which way it runs."""
    features = []
    for sigma in (0.8, 1.6, 3.2):
        band = cv2.GaussianBlur(light, (0, 0), sigma)
        band = band - cv2.GaussianBlur(light, (0, 0), 2 * sigma)
        energy = cv2.GaussianBlur(band * band, (0, 0), 1.5 * sigma + 0.5)
        features.append(np.log(np.sqrt(energy) + 0.6))
    soft = cv2.GaussianBlur(light, (0, 0), 1.0)
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    xx, yy, xy = (
        cv2.GaussianBlur(product, (0, 0), 2.5)
        for product in (dx * dx, dy * dy, dx * dy)
    )
    power = xx + yy + 0.3
    features += [0.7 * (xx - yy) / power, 1.4 * xy / power]
    table = np.stack(features, axis=-1).reshape(-1, len(features)).astype(np.float32)
    cv2.setRNGSeed(5)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    sample = np.ascontiguousarray(table[::7])
    _, _, middles = cv2.kmeans(
        sample,
        _TEXTONS,
        np.zeros(len(sample), np.int32),
        rule,
        1,
        cv2.KMEANS_PP_CENTERS,
    )
    apart = ((table[:, None] - middles[None]) ** 2).sum(axis=2)
    return np.asarray(apart.argmin(axis=1).reshape(light.shape), np.int32)


def _difference(channel: Channel, radius: int) -> Floats:
    bins = channel.bins
    height, width = bins.shape
    coarse = radius >= _COARSE_FROM
    if coarse:
        bins, radius = np.ascontiguousarray(bins[::2, ::2]), radius // 2
    padded = np.pad(bins, radius, mode="symmetric")
    told = _half_discs(padded, channel.count, _wedges(radius), channel.ordered, radius)
    if coarse:
        grown = cv2.resize(told, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown, np.float32)
    return told


@cache
def _wedges(radius: int) -> NDArray[np.int32]:
    """The places of a disc and which of sixteen wedges each belongs to."""
    ys, xs = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    away = np.hypot(ys, xs)
    inside = (away <= radius + 0.3) & (away > 0)
    turn = np.mod(np.arctan2(ys, xs) + np.pi / (2 * _DIRECTIONS), 2 * np.pi)
    wedge = np.minimum(turn / (np.pi / _DIRECTIONS), 2 * _DIRECTIONS - 1).astype(int)
    return np.stack([ys[inside], xs[inside], wedge[inside]], axis=1).astype(np.int32)


@njit(cache=True, nogil=True)
def _soften(counts: Floats, low: int, high: int) -> None:
    """Let bins lend to their neighbours, so that a slow shade is no border."""
    for wedge in range(counts.shape[0]):
        for _ in range(2):
            before = counts[wedge, low]
            for place in range(low, high):
                here = counts[wedge, place]
                after = counts[wedge, place + 1] if place + 1 < high else here
                counts[wedge, place] = 0.25 * before + 0.5 * here + 0.25 * after
                before = here


@njit(cache=True, nogil=True, parallel=True)
def _half_discs(
    padded: Bins, count: int, wedges: NDArray[np.int32], ordered: bool, radius: int
) -> Floats:
    """The largest chi-square distance between the halves over all directions."""
    height, width = padded.shape[0] - 2 * radius, padded.shape[1] - 2 * radius
    out = np.zeros((height, width), np.float32)
    for y in prange(height):
        counts = np.zeros((16, count), np.float32)
        half = np.zeros(count, np.float32)
        whole = np.zeros(count, np.float32)
        for x in range(width):
            low, high = count, 0
            for k in range(wedges.shape[0]):
                at = padded[y + radius + wedges[k, 0], x + radius + wedges[k, 1]]
                counts[wedges[k, 2], at] += 1
                low, high = min(low, at), max(high, at + 1)
            # Bins that are nowhere in the disc need no look.
            if ordered:
                low, high = max(0, low - 2), min(count, high + 2)
                _soften(counts, low, high)
            half[low:high] = 0
            whole[low:high] = 0
            for wedge in range(16):
                for place in range(low, high):
                    whole[place] += counts[wedge, place]
                    if wedge < 8:
                        half[place] += counts[wedge, place]
            best = np.float32(0)
            for turn in range(8):
                apart = np.float32(0)
                for place in range(low, high):
                    if whole[place] > 0:
                        gap = 2 * half[place] - whole[place]
                        apart += gap * gap / whole[place]
                    half[place] += counts[(turn + 8) % 16, place] - counts[turn, place]
                best = max(best, apart)
            out[y, x] = best / wedges.shape[0]
            counts[:, low:high] = 0
    return out
