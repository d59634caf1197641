"""Films encoded in this process while their frames are drawn, each on its own thread.

Handing frames to another program costs a copy into its pipe and one out of it, which is
as much as drawing a quarter of the frame.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ads.engines.stage.canvas import Planes
from ads.engines.stage.kernels import Plane
from ads.timing import FPS

if TYPE_CHECKING:
    from av.container import OutputContainer

Size = tuple[int, int]

# BT.709 in video range, by the numbers that encoders and players share.
_COLOURS = {
    "color_range": "tv",
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
}
# How every frame is to be understood, as ffmpeg's program is told of it.
PICTURES: tuple[str, ...] = (
    *("-pix_fmt", "yuv420p"),
    *(word for key, value in _COLOURS.items() for word in (f"-{key}", value)),
)


@dataclass(frozen=True, kw_only=True)
class Coding:
    """An encoder and its settings, in ffmpeg's words."""

    codec: str
    settings: Mapping[str, str]
    # How the file is laid out.
    layout: Mapping[str, str] = field(default_factory=dict)
    # For how many frames a picture may stand that is encoded once.
    longest_hold: int = 1
    # The film's size as a share of the frames'.
    scale: Fraction = Fraction(1)

    def size_of(self, size_px: Size) -> Size:
        wide, high = (int(side * self.scale) // 2 * 2 for side in size_px)
        return wide, high

    def as_arguments(self) -> tuple[str, ...]:
        """The same encoder as ffmpeg's program is told of it."""
        told = [word for k, v in self.settings.items() for word in (f"-{k}", v)]
        return ("-c:v", self.codec, *told, *PICTURES)


class Film:
    """A file that frames are added to; they are encoded in turn, on another thread."""

    def __init__(self, path: Path, coding: Coding, size_px: Size) -> None:
        import av  # loads all of ffmpeg's libraries
        from av.video.stream import VideoStream

        self._coding = coding
        self._given, self._size = size_px, coding.size_of(size_px)
        self._small: Planes | None = None
        if self._size != size_px:
            self._small = np.empty(self._size[0] * self._size[1] * 3 // 2, np.uint8)
        self._count = 0
        # What is shown, if it has been held since it was encoded.
        self._held: Planes | None = None
        self._file: OutputContainer = av.open(
            str(path), "w", options=dict(coding.layout)
        )
        stream = self._file.add_stream(
            coding.codec,
            rate=FPS,
            width=self._size[0],
            height=self._size[1],
            options={**coding.settings, **_COLOURS},
        )
        assert isinstance(stream, VideoStream)
        self._stream: VideoStream | None = stream
        self._thread = ThreadPoolExecutor(max_workers=1)

    def add(self, planes: Planes) -> Future[None]:
        """Encode a frame; its planes may be written over when the answer is there."""
        return self._thread.submit(self._encode, planes)

    def hold(self, planes: Planes) -> Future[None]:
        """Show what was added last for another frame; the same planes are given again."""
        return self._thread.submit(self._hold, planes)

    def finish(self) -> Future[None]:
        """Write what the encoder still holds back, and the end of the file."""
        return self._thread.submit(self._end)

    def give_up(self) -> None:
        """Leave the file as it is."""
        self._thread.shutdown(cancel_futures=True)
        # The encoder's memory goes with it.
        self._stream = None
        self._file.close()

    def _hold(self, planes: Planes) -> None:
        if self._count % self._coding.longest_hold:
            self._held = planes
            self._count += 1
        else:
            self._encode(planes)

    def _encode(self, planes: Planes) -> None:
        import av

        assert self._stream is not None
        self._held = None
        wide, high = self._size
        shown = planes if self._small is None else self._shrunk(planes, self._small)
        frame = av.VideoFrame.from_numpy_buffer(
            shown.reshape(high * 3 // 2, wide), format="yuv420p"
        )
        frame.pts, frame.time_base = self._count, Fraction(1, FPS)
        self._count += 1
        self._file.mux(self._stream.encode(frame))

    def _end(self) -> None:
        assert self._stream is not None
        if self._held is not None:
            # The last frame tells how long the film is.
            self._count -= 1
            self._encode(self._held)
        self._file.mux(self._stream.encode())
        self._stream = None
        self._file.close()

    def _shrunk(self, planes: Planes, small: Planes) -> Planes:
        for large, little in zip(
            parted(planes, self._given), parted(small, self._size), strict=True
        ):
            cv2.resize(large, little.shape[::-1], dst=little)
        return small


@contextmanager
def encoding(path: Path, coding: Coding, size_px: Size) -> Iterator[Film]:
    """A film that is whole when the block ends well."""
    film = Film(path, coding, size_px)
    try:
        yield film
        film.finish().result()
    finally:
        film.give_up()


def parted(planes: Planes, size_px: Size) -> tuple[Plane, Plane, Plane]:
    """The three planes as pictures."""
    wide, high = size_px
    size, half = wide * high, (high // 2, wide // 2)
    return (
        planes[:size].reshape(high, wide),
        planes[size : size * 5 // 4].reshape(half),
        planes[size * 5 // 4 :].reshape(half),
    )
