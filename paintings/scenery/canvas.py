"""What scenes are drawn with: grain, outlines with soft edges, light on round things."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]

_SHIFT = 4


@dataclass(frozen=True, kw_only=True)
class SceneLayer:
    """One sheet of a scene, complete also where others cover it."""

    name: str
    rgb: Floats  # (height, width, 3), 0 to 1
    alpha: Floats  # (height, width), 0 to 1
    near: float  # 0 is far, 1 is near


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Layers from back to front, and the photo that they make together."""

    kind: str
    layers: Sequence[SceneLayer]

    @property
    def photo(self) -> NDArray[np.uint8]:
        return to_bytes(self.upto(len(self.layers)))

    def upto(self, count: int) -> Floats:
        """The picture made of the `count` hindmost layers."""
        picture = self.layers[0].rgb.copy()
        for layer in self.layers[1:count]:
            share = layer.alpha[..., None]
            picture = layer.rgb * share + picture * (1 - share)
        return picture

    @property
    def near(self) -> Floats:
        """How near the visible surface is, pixel by pixel."""
        depth = np.zeros_like(self.layers[0].alpha)
        for layer in self.layers:
            depth = np.where(layer.alpha > 0.5, layer.near, depth)
        return depth.astype(np.float32)

    @property
    def visible(self) -> NDArray[np.int32]:
        """Which layer is seen, pixel by pixel."""
        index = np.zeros(self.layers[0].alpha.shape, np.int32)
        for number, layer in enumerate(self.layers):
            index[layer.alpha > 0.5] = number
        return index


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A size and a source of chance."""

    width: int
    height: int
    rng: np.random.Generator

    def grain(self, cells: float, *, octaves: int = 5, stretch: float = 1.0) -> Floats:
        """Cloudy noise around 0 with a spread of 1; `cells` is its coarsest count across."""
        total = np.zeros((self.height, self.width), np.float32)
        for octave in range(octaves):
            across = max(2, int(cells * 2**octave))
            down = max(2, int(across * self.height / self.width * stretch))
            if across > self.width or down > self.height:
                break
            field = self.rng.normal(size=(down, across)).astype(np.float32)
            total += (
                cv2.resize(
                    field, (self.width, self.height), interpolation=cv2.INTER_CUBIC
                )
                * 0.55**octave
            )
        return np.asarray(
            (total - total.mean()) / max(float(total.std()), 1e-6), np.float32
        )

    def ridge(self, *, rough: float, detail: int = 8) -> Floats:
        """A skyline around 0, one height for each column."""
        columns = np.linspace(0, 1, self.width, dtype=np.float32)
        line = np.zeros(self.width, np.float32)
        for octave in range(detail):
            knots = 3 + 2 ** (octave + 1)
            heights = self.rng.normal(size=knots) * rough**octave
            line += np.interp(columns, np.linspace(0, 1, knots), heights).astype(
                np.float32
            )
        return np.asarray(line - line.mean(), np.float32)

    def below(self, line: Floats) -> Floats:
        """Solid under a skyline given in pixels from the top."""
        rows = np.arange(self.height, dtype=np.float32)[:, None]
        return np.asarray(np.clip(rows - line[None] + 0.5, 0, 1), np.float32)

    def polygon(self, points: Sequence[tuple[float, float]]) -> Floats:
        """A filled outline; points are shares of width and height."""
        mask = np.zeros((self.height, self.width), np.uint8)
        scaled = [
            [
                round(x * self.width * 2**_SHIFT),
                round(y * self.height * 2**_SHIFT),
            ]
            for x, y in points
        ]
        cv2.fillPoly(mask, [np.array(scaled, np.int32)], 255, cv2.LINE_AA, _SHIFT)
        return np.divide(mask, 255, dtype=np.float32)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, *, turn: float = 0.0
    ) -> Floats:
        """A filled ellipse; x and rx are shares of width, y and ry of height."""
        mask = np.zeros((self.height, self.width), np.uint8)
        unit = 2**_SHIFT
        cv2.ellipse(
            mask,
            (round(x * self.width * unit), round(y * self.height * unit)),
            (round(rx * self.width * unit), round(ry * self.height * unit)),
            turn,
            0,
            360,
            255,
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )
        return np.divide(mask, 255, dtype=np.float32)

    def stroke(
        self, points: Sequence[tuple[float, float]], *, widths: Sequence[float]
    ) -> Floats:
        """A tapering limb through points; widths are shares of the width."""
        mask = np.zeros((self.height, self.width), np.uint8)
        steps = np.linspace(0, len(points) - 1, 24 * (len(points) - 1) + 1)
        xs = np.interp(steps, range(len(points)), [p[0] for p in points])
        ys = np.interp(steps, range(len(points)), [p[1] for p in points])
        ws = np.interp(steps, range(len(points)), widths)
        unit = 2**_SHIFT
        for x, y, w in zip(xs, ys, ws, strict=True):
            centre = (round(x * self.width * unit), round(y * self.height * unit))
            radius = max(1, round(w * self.width * unit / 2))
            cv2.circle(mask, centre, radius, 255, -1, cv2.LINE_AA, _SHIFT)
        return np.divide(mask, 255, dtype=np.float32)

    def fill(self, colour: Colour) -> Floats:
        return np.full((self.height, self.width, 3), colour, np.float32)

    def fade(self, top: Colour, bottom: Colour) -> Floats:
        """A gradient from top to bottom."""
        share = np.linspace(0, 1, self.height, dtype=np.float32)[:, None, None]
        mixed = (1 - share) * np.array(top, np.float32) + share * np.array(
            bottom, np.float32
        )
        return np.broadcast_to(mixed, (self.height, self.width, 3)).astype(np.float32)

    def grid(self) -> tuple[Floats, Floats]:
        """Shares of width and height, pixel by pixel."""
        ys, xs = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        return xs / self.width, ys / self.height

    def round_light(self, mask: Floats, *, ambient: float = 0.45) -> Floats:
        """Light from the upper left on something round with this outline."""
        solid = (mask > 0.5).astype(np.uint8)
        inner = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
        top = max(float(inner.max()), 1.0)
        bulge = np.sqrt(np.clip(1 - (1 - np.minimum(inner / top, 1)) ** 2, 0, 1)) * top
        bulge = cv2.GaussianBlur(bulge.astype(np.float32), (0, 0), max(1.0, top / 12))
        dx = cv2.Sobel(bulge, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(bulge, cv2.CV_32F, 0, 1, scale=1 / 8)
        facing = (0.5 * dx + 0.6 * dy + 0.62) / np.sqrt(dx**2 + dy**2 + 1)
        return np.asarray(
            ambient + (1.15 - ambient) * np.clip(facing, 0, 1.1), np.float32
        )


def mixed(a: Floats, b: Floats, share: Floats) -> Floats:
    return np.asarray(a * (1 - share[..., None]) + b * share[..., None], np.float32)


def lit(rgb: Floats, light: Floats) -> Floats:
    return np.asarray(np.clip(rgb * light[..., None], 0, 1), np.float32)


def blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def union(*masks: Floats) -> Floats:
    together = masks[0]
    for mask in masks[1:]:
        together = np.maximum(together, mask)
    return together


def to_bytes(image: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.round(image * 255), 0, 255), np.uint8)
