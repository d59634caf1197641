"""The shape of the sound: peaks for players that draw it, and a drawing."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jobs.toolbox import ffmpeg

RATE_HZ = 8000
POINTS = 1800
_INK = (56, 97, 251, 255)
_SIZE_PX = (POINTS, 160)


def peaks(sound: Path, duration_s: float, *, audio_track: int = 0) -> NDArray[np.int8]:
    """(points, 2): the lowest and highest sample of each stretch, as 8-bit numbers."""
    stretch = max(1, int(duration_s * RATE_HZ / POINTS))
    lows: list[int] = []
    highs: list[int] = []
    arguments = [
        *("-i", str(sound), "-map", f"0:a:{audio_track}", "-ac", "1"),
        *("-ar", str(RATE_HZ), "-f", "s16le", "pipe:1"),
    ]
    with ffmpeg.reading(arguments) as pipe:
        while raw := pipe.read(stretch * 2):
            samples = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)
            if samples.size:
                lows.append(int(samples.min()) >> 8)
                highs.append(int(samples.max()) >> 8)
    return np.stack([np.array(lows, np.int8), np.array(highs, np.int8)], axis=1)


def write_json(shape: NDArray[np.int8], duration_s: float, path: Path) -> None:
    """The layout of BBC audiowaveform's JSON, which wavesurfer and peaks.js read."""
    path.write_text(
        json.dumps(
            {
                "version": 2,
                "channels": 1,
                "sample_rate": RATE_HZ,
                "samples_per_pixel": max(1, int(duration_s * RATE_HZ / POINTS)),
                "bits": 8,
                "length": len(shape),
                "data": shape.reshape(-1).tolist(),
            },
            separators=(",", ":"),
        )
    )


def draw(shape: NDArray[np.int8], path: Path) -> None:
    width, height = _SIZE_PX
    canvas = np.zeros((height, width, 4), np.uint8)
    columns = np.linspace(0, max(len(shape) - 1, 0), width).astype(int)
    middle = height / 2
    for x, column in enumerate(columns[: width if len(shape) else 0]):
        low, high = shape[column]
        top = int(middle - high / 128 * middle)
        bottom = int(middle - low / 128 * middle) + 1
        canvas[max(top, 0) : bottom, x] = _INK
    Image.fromarray(canvas, "RGBA").save(path)
