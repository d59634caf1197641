"""One quick pass over a video: a small look at each picture that is worth decoding."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.probing import opened

Grey = NDArray[np.uint8]

LOOK_PX = (128, 72)
TINY_PX = (32, 18)
SLIDE_PX = (320, 180)
_ROWS_READ = 360
# Planar 8-bit formats whose planes can be read in place.
_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")


@dataclass(frozen=True, kw_only=True)
class Look:
    """A picture made small."""

    time_s: float
    is_key: bool
    # (72, 128): brightness
    luma: Grey
    # (2, 18, 32): the two colour planes
    chroma: Grey
    # (18, 32): the brightness again, smaller
    tiny: Grey
    # (180, 320), only when a slide's worth of detail was asked for
    detail: Grey | None


def looks(
    video: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    every_frame: bool = False,
    detail_every_s: float = 0.0,
) -> Iterator[Look]:
    """Small looks in the order of time.

    Pictures that no other refers to are left out, and so is deblocking: that
    halves the work, and what is lost is no larger than one frame interval.
    """
    with opened(video) as container:
        stream = next(s for s in container.streams.video if s.width)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"skip_loop_filter": "all"}
        if not every_frame:
            stream.codec_context.skip_frame = "NONREF"
        if start_s > 0:
            container.seek(int(start_s * 1e6))
        due_s = start_s
        for frame in container.decode(stream):
            time_s = float(frame.time or 0.0)
            if time_s < start_s - 1e-6:
                continue
            if end_s is not None and time_s > end_s + 1e-6:
                return
            with_detail = bool(detail_every_s) and time_s >= due_s - 1e-3
            if with_detail:
                due_s = time_s + detail_every_s
            yield _look(frame, time_s, with_detail=with_detail)


def _look(frame: Any, time_s: float, *, with_detail: bool) -> Look:
    # `frame` is an av.VideoFrame; the library is imported where files are opened.
    if frame.format.name not in _PLANAR:
        frame = frame.reformat(width=640, height=360, format="yuv420p")
    luma = _plane(frame.planes[0])
    # Rows that area averaging would drown anyway need not be read. Of all usual heights
    # a whole multiple of the look's rows is left: others take nine times as long.
    step = max(1, luma.shape[0] // _ROWS_READ)
    small = cv2.resize(luma[::step], LOOK_PX, interpolation=cv2.INTER_AREA)
    chroma = [
        cv2.resize(_plane(plane)[::step], TINY_PX, interpolation=cv2.INTER_AREA)
        for plane in frame.planes[1:3]
    ]
    detail = None
    if with_detail:
        detail = cv2.resize(luma, SLIDE_PX, interpolation=cv2.INTER_AREA)
    return Look(
        time_s=time_s,
        is_key=bool(frame.key_frame),
        luma=np.asarray(small, np.uint8),
        chroma=np.stack([np.asarray(plane, np.uint8) for plane in chroma]),
        tiny=np.asarray(
            cv2.resize(small, TINY_PX, interpolation=cv2.INTER_AREA), np.uint8
        ),
        detail=None if detail is None else np.asarray(detail, np.uint8),
    )


def _plane(plane: Any) -> Grey:
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
