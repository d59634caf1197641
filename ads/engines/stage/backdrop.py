"""A film behind the product: decoded as it is needed, stretched to the scene's length."""

from contextlib import ExitStack
from pathlib import Path

from ads.engines.stage.canvas import Canvas
from ads.timing import FPS
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import probe


class ClipBackdrop:
    """Frames in their order; when the film ends early its last one stays."""

    def __init__(self, clip: Path, size_px: tuple[int, int], *, seconds: float) -> None:
        self._width, self._height = size_px
        slower = seconds / max(probe(clip).duration_s, 0.1)
        fill = (
            f"scale={self._width}:{self._height}:force_original_aspect_ratio=increase"
        )
        chain = (
            f"setpts=PTS*{slower:.5f},fps={FPS},{fill}:out_color_matrix=bt709:"
            f"out_range=tv,crop={self._width}:{self._height}"
        )
        self._open = ExitStack()
        self._pipe = self._open.enter_context(
            ffmpeg.reading(
                [
                    "-i",
                    clip,
                    "-an",
                    "-vf",
                    chain,
                    "-f",
                    "rawvideo",
                    "-pix_fmt",
                    "yuv420p",
                    "pipe:1",
                ]
            )
        )
        self._shown = -1
        self._frame = Canvas(self._width, self._height)
        self._frame.bar(0, 0, self._width, self._height, (0, 0, 0))

    def frame(self, number: int) -> Canvas:
        """The film at a frame of the scene; it cannot be wound back."""
        size = self._frame.planes.nbytes
        while self._shown < number:
            raw = self._pipe.read(size)
            self._shown += 1
            if len(raw) == size:
                self._frame.fill(raw)
        return self._frame

    def close(self) -> None:
        self._open.close()
