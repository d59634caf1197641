"""Scenes as encoded film: rendered frame by frame, and encoded as they come."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import cv2

from ads.engines.films import PICTURES, Coding, encoding
from ads.engines.packaging import TIMESCALE
from ads.engines.stage.canvas import Canvas, Planes
from ads.engines.stage.scene import ScenePlan, SceneRenderer
from ads.engines.teasers import Glimpse
from ads.timing import FPS

# Every scene of an ad, and the ad itself, are encoded with these and no others: so that
# scenes can be joined without being encoded twice.
H264 = Coding(
    codec="libx264",
    settings={
        "preset": "medium",
        "crf": "18",
        "profile": "high",
        "g": "60",
        "bf": "2",
        "maxrate": "14M",
        "bufsize": "28M",
        "threads": "2",
        "thread_type": "frame",
    },
    layout={"movflags": "+faststart", "video_track_timescale": TIMESCALE},
)
# For players that want free formats; encoded beside the other, out of the same frames.
# VP8 takes less than half of the time that VP9 or AV1 take at their fastest, and where
# things race past it keeps their edges better; its films are larger.
VP8 = Coding(
    codec="libvpx",
    settings={
        "deadline": "realtime",
        "cpu-used": "16",
        # It keeps up with the other encoder; threads would wait for each other's rows.
        "threads": "1",
        "lag-in-frames": "0",
        "b": "4M",
        "qmin": "8",
        "qmax": "36",
        # The grain of a ground that stands is not coded anew.
        "static-thresh": "400",
        "g": "120",
    },
    # Twice a second, so that players find their way.
    longest_hold=15,
)
# What the shorter side of a whole picture has.
FULL_SIZE = 1080
# Frames that wait between the renderer and the encoders.
_AHEAD = 6


def film_scene(
    plan: ScenePlan,
    target: Path,
    *,
    webm: Path | None = None,
    webm_size: int = FULL_SIZE,
    glimpse: Glimpse | None = None,
    on_progress: Callable[[float], None],
) -> None:
    """Render one scene and encode it as it comes, as an MP4 and, if asked, a WebM.

    The WebM has the frames' size when asked for at full size, else its share of that.
    """
    size = plan.frame_size_px
    frames = frames_of(SceneRenderer(plan), kept=_AHEAD + 1)
    waiting: deque[Sequence[Future[None]]] = deque()
    with _one_thread_for_opencv(), ExitStack() as opened:
        films = [opened.enter_context(encoding(target, H264, size))]
        if webm is not None:
            coding = replace(VP8, scale=Fraction(webm_size, FULL_SIZE))
            films.append(opened.enter_context(encoding(webm, coding, size)))
        shown: Planes | None = None
        for number, planes in enumerate(frames):
            held = planes is shown
            waiting.append(
                [film.hold(planes) if held else film.add(planes) for film in films]
            )
            shown = planes
            if glimpse is not None:
                glimpse.look(number, planes)
            if len(waiting) > _AHEAD:
                # The next frame takes this one's room.
                _wait_for(waiting.popleft())
            if number % 10 == 0:
                on_progress(number / plan.span.frames)
        for encoded in waiting:
            _wait_for(encoded)


def _wait_for(encoded: Sequence[Future[None]]) -> None:
    for future in encoded:
        future.result()


@contextmanager
def _one_thread_for_opencv() -> Iterator[None]:
    """The encoder keeps every core busy: threads that wait for each other cost it time."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def raw_video(width_px: int, height_px: int) -> Sequence[str]:
    """How raw frames are announced to ffmpeg."""
    return (
        *("-f", "rawvideo", "-s", f"{width_px}x{height_px}"),
        *("-framerate", str(FPS), *PICTURES),
    )


def frames_of(renderer: SceneRenderer, *, kept: int = 1) -> Iterator[Planes]:
    """Every frame of a scene for the encoders; the latest few are valid.

    A frame that shows the same as the one before it is the same object.
    """
    size = renderer.plan.frame_size_px
    rooms = cycle([Canvas(*size) for _ in range(kept)])
    canvas = next(rooms)
    for number in range(renderer.plan.span.frames):
        if number == 0 or not renderer.repeats(number):
            canvas = next(rooms)
            renderer.draw_on(canvas, number)
        yield canvas.planes
