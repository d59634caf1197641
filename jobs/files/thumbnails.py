"""Small pictures of what assets look like, where one can be had quickly."""

from pathlib import Path

import numpy as np

from jobs.errors import EngineFailedError, UnreadableMediaError
from jobs.inputs import Kind

LONGEST_PX = 480
WAVE_SIZE_PX = (480, 160)
# A poster is taken from here: the first frame of many a video is black.
POSTER_AT_S = 1.0


def draw(source: Path, target: Path, kind: Kind, *, duration_s: float | None) -> bool:
    """Write a thumbnail as WebP; False where this file has none."""
    drawers = {Kind.IMAGE: _picture, Kind.VIDEO: _poster, Kind.AUDIO: _wave}
    drawer = drawers.get(kind)
    if drawer is None:
        return False
    try:
        pixels = drawer(source, duration_s or 0.0)
    except (UnreadableMediaError, EngineFailedError):
        # What is wrong with the file is said when somebody wants to use it.
        return False
    _save(pixels, target)
    return True


def _picture(source: Path, duration_s: float) -> np.ndarray:
    from jobs.toolbox.images import decode

    photo = decode(source, longest_px=LONGEST_PX, min_side_px=1)
    if photo.alpha is None:
        return photo.rgb
    return np.dstack([photo.rgb, photo.alpha])


def _poster(source: Path, duration_s: float) -> np.ndarray:
    from jobs.toolbox import frames

    return frames.at(source, min(POSTER_AT_S, duration_s / 2), longest_px=LONGEST_PX)


def _wave(source: Path, duration_s: float) -> np.ndarray:
    """The loudness of the first minutes as bars."""
    from jobs.toolbox import ffmpeg

    width, height = WAVE_SIZE_PX
    raw = ffmpeg.output(
        ["-t", "300", "-i", source, "-ac", "1", "-ar", "4000", "-f", "s16le", "-"]
    )
    samples = np.abs(np.frombuffer(raw[: len(raw) // 2 * 2], np.int16).astype(np.int32))
    bars = np.array(
        [part.max(initial=0) for part in np.array_split(samples, width // 4)]
    )
    heights = np.maximum(2, bars / max(bars.max(initial=1), 1) * height).astype(int)
    pixels = np.full((height, width, 3), (246, 245, 242), np.uint8)
    for index, bar in enumerate(heights):
        top = (height - bar) // 2
        pixels[top : top + bar, index * 4 : index * 4 + 3] = (58, 84, 180)
    return pixels


def _save(pixels: np.ndarray, target: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(target, "WEBP", quality=80)
