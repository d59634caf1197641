"""A six second loop: the camera circles a little, near layers move more than far ones."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numba import njit
from PIL import Image

from jobs.toolbox import ffmpeg
from jobs.toolbox.images import Pixels
from paintings.exports.sheets import FlatSheet

SECONDS = 6
FPS = 20
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
        quality=60,
        method=0,
    )
    on_progress(1.0)


def frames(sheets: Sequence[FlatSheet], *, count: int) -> Iterator[Pixels]:
    """The views of one round trip; the last leads back to the first."""
    stack = [_premultiplied(sheet) for sheet in sheets]
    for number in range(count):
        turn = 2 * np.pi * number / count
        across, down = float(np.sin(turn)), 0.45 * float(np.cos(turn))
        yield _view(sheets, stack, across=across, down=down)


def view(sheets: Sequence[FlatSheet], *, across: float, down: float) -> Pixels:
    """What is seen when the camera has moved; -1 to 1 is as far as it ever goes."""
    stack = [_premultiplied(sheet) for sheet in sheets]
    return _view(sheets, stack, across=across, down=down)


def _premultiplied(sheet: FlatSheet) -> Pixels:
    share = sheet.alpha[..., None].astype(np.uint16)
    colours = (sheet.rgb * share + 127) // 255
    return np.dstack([colours.astype(np.uint8), sheet.alpha])


def _view(
    sheets: Sequence[FlatSheet], stack: Sequence[Pixels], *, across: float, down: float
) -> Pixels:
    height, width = sheets[0].alpha.shape
    reach = _REACH * width
    # Large enough for no border to come into view, ever.
    zoom = 1 + 2.2 * _REACH * max(1.0, width / height)
    picture = np.zeros((height, width, 3), np.uint8)
    for sheet, rgba in zip(sheets, stack, strict=True):
        # The middle stays; what is behind it moves against what is in front.
        move = 2 * (sheet.near - 0.5) * reach
        right = width / 2 * (1 - zoom) - across * move
        low = height / 2 * (1 - zoom) - down * move
        moved = cv2.warpAffine(
            rgba,
            np.array([[zoom, 0, right], [0, zoom, low]]),
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        _lay(picture, np.asarray(moved, np.uint8))
    return picture


@njit(cache=True, nogil=True)
def _lay(picture: Pixels, rgba: Pixels) -> None:
    """Premultiplied over: in whole numbers, which vectorises."""
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            left = np.uint32(255) - np.uint32(rgba[y, x, 3])
            for k in range(3):
                below = np.uint32(picture[y, x, k]) * left + np.uint32(128)
                picture[y, x, k] = rgba[y, x, k] + np.uint8(
                    (below * np.uint32(257)) >> np.uint32(16)
                )
