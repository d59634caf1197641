"""Small pictures of what assets look like, where one can be had quickly."""

from pathlib import Path

import numpy as np

from jobs.errors import UnreadableMediaError
from jobs.inputs import Kind
from jobs.toolbox import sources
from jobs.toolbox.sources import Source

LONGEST_PX = 480
WAVE_SIZE_PX = (480, 160)
# A poster is taken from here: the first frame of many a video is black.
POSTER_AT_S = 1.0
# A wave shows so much of a sound.
WAVE_S = 300.0
BAR_PITCH_PX = 4
PEAKS_A_BAR = 8


def draw(source: Source, target: Path, kind: Kind, *, duration_s: float | None) -> bool:
    """Write a thumbnail as WebP; False where this file has none."""
    try:
        pixels = _pixels(source, target.parent, kind, duration_s or 0.0)
    except UnreadableMediaError:
        # What is wrong with the file is said when somebody wants to use it.
        return False
    if pixels is None:
        return False
    _save(pixels, target)
    return True


def _pixels(
    source: Source, folder: Path, kind: Kind, duration_s: float
) -> np.ndarray | None:
    match kind:
        case Kind.IMAGE:
            with sources.local(source, folder) as path:
                return _picture(path)
        case Kind.VIDEO:
            return _poster(source, duration_s)
        case Kind.AUDIO:
            return _wave(source, duration_s)
    return None


def _picture(path: Path) -> np.ndarray:
    from jobs.toolbox.images import decode

    photo = decode(path, longest_px=LONGEST_PX, min_side_px=1)
    if photo.alpha is None:
        return photo.rgb
    return np.dstack([photo.rgb, photo.alpha])


def _poster(source: Source, duration_s: float) -> np.ndarray:
    from jobs.toolbox import frames

    return frames.at(source, min(POSTER_AT_S, duration_s / 2), longest_px=LONGEST_PX)


def _wave(source: Source, duration_s: float) -> np.ndarray:
    """The loudness of the first minutes as bars."""
    from jobs.toolbox import peaks

    width, height = WAVE_SIZE_PX
    count = width // BAR_PITCH_PX
    heard_s = min(duration_s or WAVE_S, WAVE_S)
    loud = peaks.read(source, seconds=heard_s, at_least=PEAKS_A_BAR * count)
    bars = np.array([part.max(initial=0) for part in np.array_split(loud, count)])
    loudest = bars.max(initial=0) or 1
    heights = np.maximum(2, bars / loudest * height).astype(int)
    pixels = np.full((height, width, 3), (246, 245, 242), np.uint8)
    for index, bar in enumerate(heights):
        top, left = (height - bar) // 2, index * BAR_PITCH_PX
        pixels[top : top + bar, left : left + BAR_PITCH_PX - 1] = (58, 84, 180)
    return pixels


def _save(pixels: np.ndarray, target: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(target, "WEBP", quality=80)
