"""Reads a video's pictures as arrays, upright, at the size and pace that is asked for."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.errors import UnreadableMediaError
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import MediaFacts, VideoTrack, opened, picture
from jobs.toolbox.sources import Source

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture and the moment at which it is shown."""

    index: int
    time_s: float
    # (height, width, 3) RGB, or (height, width) when read in grey.
    pixels: Pixels


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which pictures to read: at most so many a second, from here to there, so large."""

    fps: float | None = None
    # The longer side is brought down to this; never up.
    longest_px: int | None = None
    start_s: float = 0.0
    end_s: float | None = None
    grey: bool = False
    # Decode key frames alone: a quick look at long files.
    key_frames_only: bool = False


def read(source: Source, sampling: Sampling | None = None) -> Iterator[Frame]:
    """The pictures of a video with their true times, turned upright."""
    yield from _read(source, picture(source), sampling or Sampling())


def _read(source: Source, video: VideoTrack, sampling: Sampling) -> Iterator[Frame]:
    width_px, height_px = fitted(video, sampling.longest_px)
    with opened(source) as container:
        stream = next(s for s in container.streams.video if s.width)
        stream.thread_type = "AUTO"
        if sampling.key_frames_only:
            stream.codec_context.skip_frame = "NONKEY"
        if sampling.start_s > 0:
            container.seek(int(sampling.start_s * 1e6))
        yield from _decoded(
            container.decode(stream), video, sampling, width_px, height_px
        )


def _decoded(  # type: ignore[no-untyped-def]
    frames,  # an iterator of av.VideoFrame, which must not be imported for a hint
    video: VideoTrack,
    sampling: Sampling,
    width_px: int,
    height_px: int,
) -> Iterator[Frame]:
    turned = video.rotation in (90, 270)
    size = (height_px, width_px) if turned else (width_px, height_px)
    pixel_format = "gray" if sampling.grey else "rgb24"
    due_s = sampling.start_s
    index = 0
    for frame in frames:
        time_s = float(frame.time or 0.0)
        if sampling.end_s is not None and time_s >= sampling.end_s:
            return
        # Half a millisecond of slack: times are rounded to the container's ticks.
        if time_s < due_s - 0.0005:
            continue
        picture = frame.reformat(width=size[0], height=size[1], format=pixel_format)
        pixels = np.rot90(picture.to_ndarray(), k=-video.rotation // 90)
        yield Frame(index=index, time_s=time_s, pixels=np.ascontiguousarray(pixels))
        index += 1
        if sampling.fps:
            steps = floor((time_s - sampling.start_s) * sampling.fps + 1e-3) + 1
            due_s = sampling.start_s + steps / sampling.fps


def at(source: Source, time_s: float, *, longest_px: int | None = None) -> Pixels:
    """The one picture that is shown at this moment (the last one when past the end)."""
    video = picture(source)
    end_s = max(time_s, 0.0) + 1e-3
    # Seeking lands on a key frame at or before the start; a late one needs a wider look.
    for start_s in sorted({max(end_s - back_s, 0.0) for back_s in (1, 10, end_s)})[
        ::-1
    ]:
        span = Sampling(longest_px=longest_px, start_s=start_s, end_s=end_s)
        last = deque(_read(source, video, span), maxlen=1)
        if last:
            return last[0].pixels
    raise UnreadableMediaError("The video has no picture.")


def fitted(video: VideoTrack, longest_px: int | None) -> tuple[int, int]:
    """Even sides for the upright picture, no larger than asked for."""
    longest = max(video.width_px, video.height_px)
    scale = min(1.0, longest_px / longest) if longest_px else 1.0
    return _even(video.width_px * scale), _even(video.height_px * scale)


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)


def picture_of(facts: MediaFacts) -> VideoTrack:
    if facts.video is None:
        raise UnreadableMediaError("The file has sound but no picture.")
    return facts.video


def read_fast(
    path: Path, *, fps: float, width_px: int, height_px: int
) -> Iterator[Frame]:
    """Grey pictures at a steady pace through the program: decoding on its own cores.

    Times are multiples of 1/fps; use `read` where the true ones matter.
    """
    size = width_px * height_px
    arguments = [
        *("-skip_loop_filter", "all", "-i", str(path), "-an", "-sn"),
        *("-vf", f"fps={fps},scale={width_px}:{height_px}:flags=area"),
        *("-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"),
    ]
    with ffmpeg.reading(arguments) as pipe:
        index = 0
        while len(raw := pipe.read(size)) == size:
            pixels = np.frombuffer(raw, np.uint8).reshape(height_px, width_px)
            yield Frame(index=index, time_s=index / fps, pixels=pixels)
            index += 1


def count_at(duration_s: float, fps: float) -> int:
    """How many pictures a reading at this pace gives, about."""
    return ceil(duration_s * fps)
