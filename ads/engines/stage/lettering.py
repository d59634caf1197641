"""Animated type: headlines, kickers and the button, each style in its own way."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ads.engines.stage.canvas import Canvas
from ads.engines.stage.layout import Area
from ads.engines.stage.motion import ease_in, ease_out, overshoot
from ads.engines.stage.palette import LEGIBLE, contrast
from ads.styles import Colour, Style, StyleName
from jobs.toolbox import fonts
from jobs.toolbox.fonts import Typeface

Pixels = NDArray[np.uint8]

_ENTER_S = {
    StyleName.LUXURY: 1.0,
    StyleName.ENERGETIC: 0.34,
    StyleName.MINIMAL: 0.7,
    StyleName.BOLD: 0.22,
}
_STAGGER_S = {
    StyleName.LUXURY: 0.22,
    StyleName.ENERGETIC: 0.09,
    StyleName.MINIMAL: 0.12,
    StyleName.BOLD: 0.12,
}
# In a short scene letters come faster: by half of the time that they have they stand.
_COME_BY = 0.5
# Which share of the room that is left over lies before a line.
SIDES = {"left": 0.0, "center": 0.5, "right": 1.0}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line of letters at its resting place."""

    coverage: Pixels
    colour: Colour
    x: float
    y: float
    enters_s: float


class Lettering:
    """All text of a scene; it comes in one style's manner and leaves before the cut."""

    def __init__(self, style: Style, *, leaves_s: float | None) -> None:
        self._style = style
        self._leaves_s = leaves_s
        self.pieces: list[Piece] = []
        self.rested_s = 0.0

    def add(
        self,
        text: str,
        face: Typeface,
        area: Area,
        *,
        colour: Colour,
        align: str,
        largest_px: float,
        smallest_px: float,
        enters_s: float,
        max_lines: int = 3,
    ) -> Area:
        """Set a text in an area, as large as it fits; answers where it came to stand.

        A scene whose text was taken away has none.
        """
        if not text.strip():
            return replace(area, right=area.left, bottom=area.top)
        size, lines = fonts.fitted(
            text,
            face,
            max_width_px=area.width,
            max_height_px=area.height,
            largest_px=round(largest_px),
            smallest_px=round(smallest_px),
            max_lines=max_lines,
        )
        step = round(size * face.line_height)
        top = area.top
        widest = 0.0
        for place, line in enumerate(lines):
            coverage = fonts.drawn([line], face, size, align="left")
            width = fonts.width_px(line, face, size)
            free = area.width - width
            x = area.left + free * SIDES[align]
            self.pieces.append(
                Piece(
                    coverage=coverage,
                    colour=colour,
                    x=x - round(size * 0.2),
                    y=top + place * step,
                    enters_s=enters_s + place * _STAGGER_S[self._style.name],
                )
            )
            widest = max(widest, width)
        rested = self.pieces[-1].enters_s + _ENTER_S[self._style.name]
        self.rested_s = max(self.rested_s, rested)
        return Area(
            left=area.left,
            top=top,
            right=area.left + widest,
            bottom=top + step * len(lines),
        )

    def draw(self, canvas: Canvas, t: float) -> None:
        for piece in self.pieces:
            self._draw_piece(canvas, piece, t)

    @property
    def _haste(self) -> float:
        if self._leaves_s is None:
            return 1.0
        return max(self.rested_s / max(self._leaves_s * _COME_BY, 0.1), 1.0)

    def _draw_piece(self, canvas: Canvas, piece: Piece, t: float) -> None:
        come = (t * self._haste - piece.enters_s) / _ENTER_S[self._style.name]
        if come <= 0:
            return
        gone = 0.0
        if self._leaves_s is not None:
            gone = ease_in((t - self._leaves_s) / 0.3)
        if gone >= 1:
            return
        x, y, coverage, opacity = _placed(self._style.name, piece, come)
        opacity *= 1 - gone
        if len(coverage):
            canvas.paint(coverage, piece.colour, x, y, opacity)


def _placed(
    style: StyleName, piece: Piece, come: float
) -> tuple[float, float, Pixels, float]:
    """Where a piece is on its way in, what is seen of it, and how strongly."""
    height, width = piece.coverage.shape
    eased = ease_out(come)
    if style is StyleName.LUXURY:
        return piece.x, piece.y + (1 - eased) * height * 0.22, piece.coverage, eased
    if style is StyleName.ENERGETIC:
        away = (1 - overshoot(come)) * -min(width, 700)
        return piece.x + away, piece.y, piece.coverage, min(come * 3, 1.0)
    if style is StyleName.MINIMAL:
        # Out of an unseen slot at the foot of the line.
        down = round((1 - eased) * height)
        return piece.x, piece.y + down, piece.coverage[: height - down], 1.0
    shown = max(round(width * eased), 1)
    return piece.x, piece.y, piece.coverage[:, :shown], 1.0


class Button:
    """The call to action on the end card."""

    def __init__(
        self,
        text: str,
        style: Style,
        area: Area,
        *,
        ground: Colour,
        ink: Colour,
        align: str,
        enters_s: float,
    ) -> None:
        self._style, self._ground, self._enters_s = style, ground, enters_s
        self._ink = ink if contrast(ink, ground) >= LEGIBLE else _better(ground)
        inner = area.width - area.height * 1.1
        size, lines = fonts.fitted(
            text,
            style.button,
            max_width_px=inner,
            max_height_px=area.height * 0.8,
            largest_px=round(area.height * 0.44),
            smallest_px=round(area.height * 0.2),
            max_lines=2,
        )
        width = max(fonts.width_px(line, style.button, size) for line in lines)
        whole = width + area.height * 1.1
        free = area.width - whole
        left = area.left + free * SIDES[align]
        self.area = Area(
            left=left, top=area.top, right=left + whole, bottom=area.bottom
        )
        self._words = fonts.drawn(lines, style.button, size)
        inked = np.flatnonzero(self._words.any(axis=1))
        self._ink_middle = (inked[0] + inked[-1]) / 2 if len(inked) else 0.0
        self.rested_s = enters_s + 0.6

    def draw(self, canvas: Canvas, t: float) -> None:
        come = ease_out((t - self._enters_s) / 0.6)
        if come <= 0:
            return
        area = self.area
        x, y = area.middle
        half_w, half_h = area.width / 2 * come, area.height / 2
        self._shape(canvas, x, y, half_w, half_h)
        top = y - self._ink_middle
        left = x - self._words.shape[1] / 2
        canvas.paint(self._words, self._ink, left, top, ease_in(come))

    def _shape(
        self, canvas: Canvas, x: float, y: float, half_w: float, half_h: float
    ) -> None:
        lean = half_h * 0.35 if self._style.name is StyleName.ENERGETIC else 0.0
        if self._style.name in (StyleName.MINIMAL, StyleName.LUXURY):
            radius = half_h if self._style.name is StyleName.MINIMAL else half_h * 0.12
            canvas.paint(
                rounded(round(half_w * 2), round(half_h * 2), radius),
                self._ground,
                x - half_w,
                y - half_h,
                1.0,
            )
            return
        canvas.polygon(
            [
                (x - half_w + lean, y - half_h),
                (x + half_w + lean, y - half_h),
                (x + half_w - lean, y + half_h),
                (x - half_w - lean, y + half_h),
            ],
            self._ground,
        )


def rounded(width_px: int, height_px: int, radius: float) -> Pixels:
    """The coverage of a rectangle with round corners."""
    xs = np.abs(np.arange(max(width_px, 1)) + 0.5 - width_px / 2) - (
        width_px / 2 - radius
    )
    ys = np.abs(np.arange(max(height_px, 1)) + 0.5 - height_px / 2) - (
        height_px / 2 - radius
    )
    outside = np.hypot(np.maximum(xs, 0)[None, :], np.maximum(ys, 0)[:, None])
    return np.asarray(np.clip(radius - outside + 0.5, 0, 1) * 255, np.uint8)


def _better(ground: Colour) -> Colour:
    white, black = (255, 255, 255), (16, 16, 18)
    return white if contrast(white, ground) >= contrast(black, ground) else black
