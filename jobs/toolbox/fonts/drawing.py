"""Lines of text as coverage."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from jobs.toolbox.fonts.files import loaded
from jobs.toolbox.fonts.letters import letters
from jobs.toolbox.fonts.runs import cased, direction_of, in_sight_order, runs_of
from jobs.toolbox.fonts.setting import width_px
from jobs.toolbox.fonts.typeface import Typeface


def drawn(
    lines: Sequence[str],
    face: Typeface,
    size_px: int,
    *,
    align: str = "center",
    padding_px: int = 0,
) -> NDArray[np.uint8]:
    """The coverage (0 to 255) of lines of text, one under the other."""
    step = round(size_px * face.line_height)
    widths = [width_px(line, face, size_px) for line in lines]
    # Italics and swashes reach out of their box.
    side = padding_px + round(size_px * 0.2)
    width = round(max(widths, default=0)) + 2 * side
    height = step * len(lines) + 2 * padding_px + round(size_px * 0.35)
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    for index, (line, line_width) in enumerate(zip(lines, widths, strict=True)):
        free = width - 2 * side - line_width
        x = side + free * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        baseline = padding_px + round(size_px * 0.98) + index * step
        _draw_line(draw, line, face, size_px, x=x, baseline=baseline)
    return np.asarray(image)


def _draw_line(
    draw: ImageDraw.ImageDraw,
    line: str,
    face: Typeface,
    size_px: int,
    *,
    x: float,
    baseline: int,
) -> None:
    for run in in_sight_order(runs_of(cased(line, face), face), line):
        font = loaded(run.file, size_px, face.weight)
        # Letters that join must not be pulled apart.
        apart = face.tracking and not run.right_to_left
        for piece in letters(run.text) if apart else [run.text]:
            draw.text(
                (x, baseline),
                piece,
                font=font,
                fill=255,
                anchor="ls",
                direction=direction_of(run),
            )
            x += font.getlength(piece, direction=direction_of(run))
            x += face.tracking * size_px if apart else 0
