"""The layers at a size that screens and textures can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting import membrane


@dataclass(frozen=True, kw_only=True)
class FlatSheet:
    """One layer, small: its colours carried on beyond its edge, its alpha, its place."""

    name: str
    rgb: Pixels
    alpha: Pixels
    near: float

    @property
    def rgba(self) -> Pixels:
        return np.dstack([self.rgb, self.alpha])


def read_rgba(path: Path) -> Pixels:
    """A sheet's PNG as RGBA, quickly."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA), np.uint8)


def shrunk(
    paths: Sequence[Path],
    names: Sequence[str],
    nearness: Sequence[float],
    *,
    longest_px: int,
) -> list[FlatSheet]:
    """Read the sheets one by one and keep them small."""
    return [
        _shrink(read_rgba(path), name, near, longest_px)
        for path, name, near in zip(paths, names, nearness, strict=True)
    ]


def _shrink(rgba: Pixels, name: str, near: float, longest_px: int) -> FlatSheet:
    height, width = rgba.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    alpha = np.asarray(
        cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA), np.uint8
    )
    known = cv2.resize(
        np.where(rgba[..., 3] > 0, 255, 0).astype(np.uint8),
        size,
        interpolation=cv2.INTER_AREA,
    ).astype(np.float32)
    colours = cv2.resize(rgba[..., :3], size, interpolation=cv2.INTER_AREA)
    # Where alpha is nothing the sheet is black: take that share out again.
    clean = colours.astype(np.float32) * (255 / np.maximum(known, 1.0))[..., None]
    spread = membrane(clean.astype(np.float32), known > 127)
    return FlatSheet(
        name=name,
        rgb=np.clip(spread + 0.5, 0, 255).astype(np.uint8),
        alpha=alpha,
        near=near,
    )
