"""The teaser: a looping GIF of a moment out of each scene, kept while it is filmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ads.engines.films import PICTURES, Size, parted
from ads.engines.stage.canvas import Planes
from ads.timing import FPS
from jobs.toolbox import ffmpeg

_FPS = 12
_SECONDS = 4
# By then everything stands.
_SETTLED_S = 2.0
_LONGER_SIDE = 480


def teaser_size(size_px: Size) -> Size:
    """Small enough for a message, its sides even."""
    wide, high = (round(side * _LONGER_SIDE / max(size_px) / 2) * 2 for side in size_px)
    return wide, high


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """The frames of one scene that its ad's teaser shows."""

    path: Path
    numbers: frozenset[int]
    size_px: Size

    @classmethod
    def of(cls, path: Path, size_px: Size, *, seconds: float, scenes: int) -> "Glimpse":
        share = _SECONDS / scenes
        start = min(_SETTLED_S, max(seconds - share, 0.0))
        shown = range(round(min(share, seconds) * _FPS))
        numbers = frozenset(int((start + place / _FPS) * FPS) for place in shown)
        path.write_bytes(b"")
        return cls(path=path, numbers=numbers, size_px=size_px)

    def look(self, number: int, planes: Planes) -> None:
        """Keep a frame, if the teaser shows it."""
        if number not in self.numbers:
            return
        wide, high = teaser_size(self.size_px)
        small = np.empty(wide * high * 3 // 2, np.uint8)
        for large, little in zip(
            parted(planes, self.size_px), parted(small, (wide, high)), strict=True
        ):
            side = little.shape[::-1]
            cv2.resize(large, side, dst=little, interpolation=cv2.INTER_AREA)
        with self.path.open("ab") as kept:
            kept.write(small.data)


def teaser(glimpses: Sequence[Path], size_px: Size, target: Path) -> Path:
    """The kept frames of all scenes as a looping GIF."""
    raw = target.with_suffix(".yuv")
    with raw.open("wb") as joined:
        for glimpse in glimpses:
            joined.write(glimpse.read_bytes())
    wide, high = teaser_size(size_px)
    chain = (
        "split[a][b];[a]palettegen=max_colors=128:stats_mode=diff[p];"
        "[b][p]paletteuse=dither=bayer"
    )
    ffmpeg.run(
        [
            *("-f", "rawvideo", "-s", f"{wide}x{high}", "-framerate", str(_FPS)),
            *PICTURES,
            *("-i", raw, "-filter_complex", chain, "-loop", "0", target),
        ]
    )
    return target
