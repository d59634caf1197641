"""One layer painted: on its own extended colours, its edge put back afterwards."""

from collections.abc import Callable

import cv2
import numpy as np

from jobs.toolbox.images import Pixels
from jobs.toolbox.inpainting import membrane
from paintings.engines.painterly import brushwork, drawing, washes
from paintings.engines.painterly.fields import Floats, Light, Mask, Motif, luma
from paintings.engines.painterly.styles import Style

# Strokes are as large on a large photo as on a small one: above this size they are
# painted smaller and grown, and only the paint's grain is made at full size.
_WORK_PX = 2000
# No stroke is longer than this to either side, as a share of the longer side.
_MARGIN, _STROKE = 24, 0.065

# What is drawn on paper is as light as the paper leaves it.
_ON_PAPER = (Style.PENCIL, Style.INK, Style.WOODCUT)
# A style has a key of its own, by which it is known; it may not turn night into day.
_KEY_REACH = 1.75
# How far paint is bent to be as light as the photo, in halvings; at how many pixels.
_LEAST_BEND, _MOST_BEND, _BENDINGS, _TONE_SAMPLES = 0.2, 8.0, 24, 40_000

Painter = Callable[[Motif, np.random.Generator], Floats]

PAINTERS: dict[Style, Painter] = {
    Style.OIL: brushwork.oil,
    Style.IMPRESSIONIST: brushwork.impressionist,
    Style.WATERCOLOUR: washes.watercolour,
    Style.PENCIL: drawing.pencil,
    Style.INK: drawing.ink,
    Style.PASTEL: brushwork.pastel,
    Style.POINTILLISM: brushwork.pointillism,
    Style.KUWAHARA: washes.kuwahara,
    Style.WOODCUT: drawing.woodcut,
}


def paint_sheet(
    rgba: Pixels, *, style: Style, strength: float, seed: int, number: int, light: Light
) -> Pixels:
    """Paint a sheet of a picture; strength 0 gives it back, 1 is all paint."""
    if strength <= 0:
        return rgba
    height, width = rgba.shape[:2]
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    motif = Motif(rgb=_extended(rgba, size), light=light, seen=_seen(rgba, size))
    rng = np.random.default_rng((seed & 0xFFFFFFFF, number))
    painted = PAINTERS[style](motif, rng)
    if style not in _ON_PAPER:
        shown = cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA)
        painted = _within_key(motif.rgb, painted, shown > 127)
    return _blend(rgba, painted, strength)


def _within_key(photo: Floats, painted: Floats, shown: Mask) -> Floats:
    """Paint on the whole not far lighter or darker than the photo."""
    ys, xs = np.nonzero(shown)
    if len(ys) == 0:
        return painted
    every = max(1, len(ys) // _TONE_SAMPLES)
    ys, xs = ys[::every], xs[::every]
    paint = np.clip(painted[ys, xs], 0, 1)
    tone, found = (float(luma(part).mean()) for part in (photo[ys, xs], paint))
    goal = float(np.clip(found, tone / _KEY_REACH, tone * _KEY_REACH))
    if goal == found:
        return painted
    low, high = np.log(_LEAST_BEND), np.log(_MOST_BEND)
    for _ in range(_BENDINGS):
        bend = np.float32(np.exp((low + high) / 2))
        if float(luma(paint**bend).mean()) > goal:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return np.asarray(np.clip(painted, 0, 1) ** bend, np.float32)


def paint_picture(rgb: Pixels, *, style: Style, strength: float, seed: int) -> Pixels:
    """Paint a whole picture without layers."""
    opaque = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    rgba = np.concatenate([rgb, opaque], axis=2)
    painted = paint_sheet(
        rgba,
        style=style,
        strength=strength,
        seed=seed,
        number=0,
        light=Light.of(rgb),
    )
    return painted[..., :3]


def _seen(rgba: Pixels, size: tuple[int, int]) -> Mask | None:
    """Where strokes have to begin for all of the sheet to be covered; None: everywhere."""
    alpha = cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA)
    if int(alpha.min()) > 0:
        return None
    reach = 2 * max(_MARGIN, round(_STROKE * max(size))) + 1
    around = cv2.boxFilter(alpha, cv2.CV_32F, (reach, reach), normalize=False)
    return np.asarray(around > 0.5, np.bool_)


def _extended(rgba: Pixels, size: tuple[int, int]) -> Floats:
    """The sheet's colours at working size, carried on beyond its edge."""
    alpha = np.asarray(
        cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA), np.float32
    )
    if float(alpha.min()) >= 254:
        small = cv2.resize(rgba[..., :3], size, interpolation=cv2.INTER_AREA)
        return np.asarray(small / 255, np.float32)
    premultiplied = _premultiplied(rgba)
    small = np.asarray(
        cv2.resize(premultiplied, size, interpolation=cv2.INTER_AREA), np.float32
    )
    clear = np.maximum(alpha, 1.0)[..., None]
    colours = small / clear
    return np.clip(membrane(colours.astype(np.float32), alpha > 100), 0, 1)


def _premultiplied(rgba: Pixels) -> Pixels:
    """Colours times alpha, strip by strip, so that large sheets need little memory."""
    out = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, rgba.shape[0], 512):
        strip = rgba[top : top + 512]
        share = strip[..., 3:].astype(np.uint16)
        out[top : top + 512] = (strip[..., :3] * share + 127) // 255
    return out


def _blend(rgba: Pixels, painted: Floats, strength: float) -> Pixels:
    """Lay the painting over the photo at full size."""
    height, width = rgba.shape[:2]
    out = rgba.copy()
    paint: Floats | Pixels = np.clip(painted * 255, 0, 255)
    if painted.shape[:2] != (height, width):
        # In whole levels: as floats a large photo's sheet takes half a gigabyte.
        levels = np.round(paint).astype(np.uint8)
        grown = cv2.resize(levels, (width, height), interpolation=cv2.INTER_CUBIC)
        paint = np.asarray(grown, np.uint8)
    for top in range(0, height, 512):
        strip = paint[top : top + 512].astype(np.float32)
        photo = rgba[top : top + 512, :, :3].astype(np.float32)
        mixed = photo + np.float32(strength) * (strip - photo)
        shown = rgba[top : top + 512, :, 3:] > 0
        out[top : top + 512, :, :3] = np.where(shown, np.round(mixed), 0).astype(
            np.uint8
        )
    return out
