"""Captions burned into the picture: one sprite a cue, faded in and out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ads.engines.stage.canvas import Canvas, as_sprite
from ads.engines.stage.kernels import Sprite
from ads.engines.stage.layout import Area
from ads.engines.stage.lettering import rounded
from ads.engines.stage.sprites import premultiplied
from ads.styles import Style
from jobs.toolbox import fonts
from jobs.toolbox.captions import Cue

_FADE_S = 0.08
_PILL_OPACITY = 0.74


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    cue: Cue
    sprite: Sprite
    left: int
    top: int


class Subtitles:
    """Cues in the seconds of one scene."""

    def __init__(
        self, cues: Sequence[Cue], style: Style, area: Area, unit: float
    ) -> None:
        self._drawn = [_drawn(cue, style, area, unit) for cue in cues]

    def draw(self, canvas: Canvas, t: float) -> None:
        for drawn in self._drawn:
            opacity = self._opacity(drawn.cue, t)
            if opacity:
                canvas.lay(drawn.sprite, drawn.left, drawn.top, opacity)

    def state(self, t: float) -> tuple[float, ...]:
        """What is seen at a moment; equal states look the same."""
        return tuple(self._opacity(drawn.cue, t) for drawn in self._drawn)

    def _opacity(self, cue: Cue, t: float) -> float:
        if not cue.start_s <= t < cue.end_s:
            return 0.0
        edge = min(t - cue.start_s + 1 / 30, cue.end_s - t)
        return min(edge / _FADE_S, 1.0)


def _drawn(cue: Cue, style: Style, area: Area, unit: float) -> _Drawn:
    face = style.caption
    size = round(46 * unit)
    widest = area.width - 2 * 26 * unit
    while size > 20 * unit and any(
        fonts.width_px(line, face, size) > widest for line in cue.lines
    ):
        size -= 1
    letters = fonts.drawn(cue.lines, face, size)
    inked_rows = np.flatnonzero(letters.any(axis=1))
    inked_columns = np.flatnonzero(letters.any(axis=0))
    side, above = round(26 * unit), round(17 * unit)
    if not len(inked_rows):
        inked_rows, inked_columns = np.array([0]), np.array([0])
    cropped = letters[
        inked_rows[0] : inked_rows[-1] + 1, inked_columns[0] : inked_columns[-1] + 1
    ]
    high, wide = cropped.shape[0] + 2 * above, cropped.shape[1] + 2 * side
    # Sprites are laid on even places, with even sides.
    whole = np.zeros((high + high % 2, wide + wide % 2, 4), np.uint8)
    pill = rounded(wide, high, 14 * unit)
    rgba = whole[:high, :wide]
    words = np.zeros((high, wide), np.float32)
    words[above:-above, side:-side] = cropped / 255.0
    rgba[..., :3] = (words * 255)[..., None]
    rgba[..., 3] = np.maximum(words * 255, pill * _PILL_OPACITY * (1 - words)).clip(
        0, 255
    )
    middle_x, _ = area.middle
    return _Drawn(
        cue=cue,
        sprite=as_sprite(premultiplied(whole)),
        left=round((middle_x - wide / 2) / 2) * 2,
        top=int(area.bottom - len(whole)) // 2 * 2,
    )
