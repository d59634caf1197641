"""A six second loop: the camera circles a little, near layers move more than far ones."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numba import njit, prange
from PIL import Image

from jobs.toolbox import ffmpeg
from jobs.toolbox.images import Pixels
from paintings.exports.sheets import FlatSheet

SECONDS = 6
FPS = 25
# How far the nearest layer moves, as a share of the width, to each side.
_REACH = 0.015
_WEBP_SHARE = 0.5
_WEBP_EVERY = 2


def write_loop(
    sheets: Sequence[FlatSheet],
    mp4: Path,
    webp: Path,
    *,
    on_progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Render once, write the film and, half as large, the animated picture."""
    height, width = (side // 2 * 2 for side in sheets[0].alpha.shape)
    arguments = [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", str(FPS), "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast"),
        *("-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-y"),
        str(mp4),
    ]
    small = []
    count = SECONDS * FPS
    with ffmpeg.writing(arguments) as film:
        for number, frame in enumerate(frames(sheets, count=count)):
            film.write(frame[:height, :width].tobytes())
            if number % _WEBP_EVERY == 0:
                size = (round(width * _WEBP_SHARE), round(height * _WEBP_SHARE))
                half = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
                small.append(Image.fromarray(np.asarray(half, np.uint8)))
            on_progress(0.8 * (number + 1) / count)
    small[0].save(
        webp,
        "WEBP",
        save_all=True,
        append_images=small[1:],
        duration=1000 * _WEBP_EVERY // FPS,
        loop=0,
        quality=68,
        method=0,
    )
    on_progress(1.0)


def frames(sheets: Sequence[FlatSheet], *, count: int) -> Iterator[Pixels]:
    """The views of one round trip; the last leads back to the first."""
    for number in range(count):
        turn = 2 * np.pi * number / count
        yield view(sheets, across=float(np.sin(turn)), down=0.45 * float(np.cos(turn)))


def view(sheets: Sequence[FlatSheet], *, across: float, down: float) -> Pixels:
    """What is seen when the camera has moved; -1 to 1 is as far as it ever goes."""
    height, width = sheets[0].alpha.shape
    reach = _REACH * width
    picture = np.empty((height, width, 3), np.uint8)
    # Large enough for no border to come into view, ever.
    zoom = 1 + 2.2 * _REACH * max(1.0, width / height)
    for number, sheet in enumerate(sheets):
        # The middle stays; what is behind it moves against what is in front.
        move = 2 * (sheet.near - 0.5) * reach
        _place(
            picture,
            sheet.rgb,
            sheet.alpha,
            np.float32(zoom),
            np.float32(-across * move),
            np.float32(-down * move),
            number == 0,
        )
    return picture


@njit(cache=True, nogil=True, parallel=True)
def _place(
    picture: Pixels,
    rgb: Pixels,
    alpha: Pixels,
    zoom: float,
    right: float,
    low: float,
    opaque: bool,
) -> None:
    height, width = alpha.shape
    for y in prange(height):
        sy = (y - height / 2 - low) / zoom + height / 2
        sy = min(max(sy, 0.0), height - 1.001)
        top = int(sy)
        fy = sy - top
        for x in range(width):
            sx = (x - width / 2 - right) / zoom + width / 2
            sx = min(max(sx, 0.0), width - 1.001)
            left = int(sx)
            fx = sx - left
            a = (1 - fx) * (1 - fy)
            b = fx * (1 - fy)
            c = (1 - fx) * fy
            d = fx * fy
            cover = 1.0
            if not opaque:
                cover = (
                    a * alpha[top, left]
                    + b * alpha[top, left + 1]
                    + c * alpha[top + 1, left]
                    + d * alpha[top + 1, left + 1]
                ) / 255.0
                if cover <= 0.002:
                    continue
            for k in range(3):
                value = (
                    a * rgb[top, left, k]
                    + b * rgb[top, left + 1, k]
                    + c * rgb[top + 1, left, k]
                    + d * rgb[top + 1, left + 1, k]
                )
                below = 0.0 if opaque else float(picture[y, x, k])
                mixed = cover * value + (1 - cover) * below + 0.5
                picture[y, x, k] = np.uint8(min(max(mixed, 0.0), 255.0))
