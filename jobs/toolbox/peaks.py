"""How loud a sound is from moment to moment, read without keeping the sound itself."""

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.errors import UnreadableMediaError
from jobs.toolbox.probing import opened
from jobs.toolbox.sources import Source

if TYPE_CHECKING:
    from av import AudioFrame

Peaks = NDArray[np.float32]

# All that ffmpeg decodes sound to: the type of a sample, its silence, its loudest.
_SAMPLES: dict[str, tuple[type[np.generic], int, int]] = {
    "u8": (np.uint8, 2**7, 2**7),
    "s16": (np.int16, 0, 2**15),
    "s32": (np.int32, 0, 2**31),
    "s64": (np.int64, 0, 2**63),
    "flt": (np.float32, 0, 1),
    "dbl": (np.float64, 0, 1),
}


def read(source: Source, *, seconds: float, at_least: int) -> Peaks:
    """The first so many seconds as a row of peaks in even steps; 1 is full scale."""
    peaks: list[Peaks] = []
    heard_s = 0.0
    for frame in _frames(source):
        peaks.append(_peaks_of(frame, step_s=seconds / at_least))
        heard_s += frame.samples / frame.sample_rate
        if heard_s >= seconds:
            break
    if not peaks:
        raise UnreadableMediaError("The file has no sound.")
    # Floating samples may be anything, even no number.
    return np.nan_to_num(np.concatenate(peaks), posinf=1.0).clip(0.0, 1.0)


def _frames(source: Source) -> "Iterator[AudioFrame]":
    import av

    with opened(source) as container:
        for packet in container.demux(container.streams.audio[:1]):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                # A damaged spot; players go on behind it, too.
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame) and frame.samples:
                    yield frame


def _peaks_of(frame: "AudioFrame", *, step_s: float) -> Peaks:
    """The farthest from silence in any channel, once a step and once a frame at least."""
    kind, silence, full = _SAMPLES[frame.format.name.removesuffix("p")]
    together = 1 if frame.format.is_planar else frame.layout.nb_channels
    # (planes, samples and, where they are not apart, channels)
    samples = np.array(
        [
            np.frombuffer(memoryview(p), kind, frame.samples * together)
            for p in frame.planes
        ]
    )
    steps = min(frame.samples, ceil(frame.samples / (frame.sample_rate * step_s)))
    # What does not divide evenly is less than a sample a step.
    even = samples[:, : samples.shape[1] // steps * steps]
    even = even.reshape(len(samples), steps, -1)
    highest, lowest = even.max(axis=2).max(axis=0), even.min(axis=2).min(axis=0)
    # As floats first: the lowest of whole numbers has no counterpart among them.
    up = highest.astype(np.float32) - silence
    down = silence - lowest.astype(np.float32)
    farthest: Peaks = np.maximum(up, down) / np.float32(full)
    return farthest
