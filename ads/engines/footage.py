"""Scenes as encoded film: rendered frame by frame into the encoder's pipe."""

import fcntl
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ads.engines.packaging import TIMESCALE
from ads.engines.stage.planes import PlaneMaker
from ads.engines.stage.scene import ScenePlan, SceneRenderer
from ads.timing import FPS
from jobs.toolbox import ffmpeg

Planes = NDArray[np.uint8]

# Every scene of an ad, and the ad itself, are encoded with these and no others: so that
# scenes can be joined without being encoded twice.
X264: tuple[str, ...] = (
    *("-c:v", "libx264", "-preset", "medium", "-crf", "18", "-profile:v", "high"),
    *("-pix_fmt", "yuv420p", "-g", "60", "-bf", "2", "-maxrate", "14M"),
    *("-bufsize", "28M", "-threads", "2"),
)
# For players that want free formats; encoded beside the other, out of the same frames.
# One thread: it keeps up with the other encoder, and does half the work of threads that
# wait for each other's rows.
VP9: tuple[str, ...] = (
    *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    *("-threads", "1", "-b:v", "2M", "-crf", "33", "-g", "120"),
    *("-pix_fmt", "yuv420p"),
)
COLOURS: tuple[str, ...] = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)
# Frames that wait between the renderer and the encoder.
_AHEAD = 6
# The most that Linux gives anybody.
_PIPE_BYTES = 2**20


def film_scene(
    plan: ScenePlan,
    target: Path,
    *,
    webm: Path | None = None,
    on_progress: Callable[[float], None],
) -> None:
    """Render one scene and encode it as it comes, as an MP4 and, if asked, a WebM."""
    width, height = plan.frame_size_px
    arguments: list[str | Path] = [
        *(*raw_video(width, height), "-i", "pipe:0", "-an", *X264, *COLOURS),
        *("-movflags", "+faststart", "-video_track_timescale", TIMESCALE, target),
    ]
    if webm is not None:
        arguments += ["-an", *VP9, *COLOURS, webm]
    renderer = SceneRenderer(plan)
    with _one_thread_for_opencv(), ffmpeg.writing(arguments) as pipe:
        # A frame takes three handovers then, rather than fifty. A user who has very many
        # pipes is refused.
        with suppress(PermissionError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        for number, planes in enumerate(_rendered_ahead(renderer)):
            pipe.write(planes.data)
            if number % 10 == 0:
                on_progress(number / plan.span.frames)


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
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width_px}x{height_px}"),
        *("-framerate", str(FPS), *COLOURS),
    )


def frames_of(renderer: SceneRenderer, *, kept: int = 1) -> Iterator[Planes]:
    """Every frame of a scene as planes for the encoder; the latest few are valid."""
    maker = PlaneMaker(*renderer.plan.frame_size_px, kept=kept)
    for number in range(renderer.plan.span.frames):
        yield maker.planes_of(renderer.draw(number))


def _rendered_ahead(renderer: SceneRenderer) -> Iterator[Planes]:
    """The same, drawn on another thread while the encoder's pipe is being filled."""
    # Those that wait, and the one that is being written.
    frames = frames_of(renderer, kept=_AHEAD + 1)
    with ThreadPoolExecutor(max_workers=1) as drawer:
        ahead = deque(drawer.submit(next, frames, None) for _ in range(_AHEAD))
        while (planes := ahead.popleft().result()) is not None:
            ahead.append(drawer.submit(next, frames, None))
            yield planes
