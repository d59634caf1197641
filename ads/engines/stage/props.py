"""What stands on the stage: the product cut out of its picture, or an emblem in its place."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ads.engines.stage.lettering import rounded
from ads.engines.stage.palette import Palette
from ads.engines.stage.sprites import Pyramid, premultiplied
from ads.styles import Style, StyleName
from jobs.toolbox import fonts

_EMBLEM_PX = 900


def load_product(path: Path) -> Pyramid:
    """The cut-out product, its own pixels untouched."""
    with Image.open(path) as image:
        rgba = np.asarray(image.convert("RGBA"))
    return Pyramid.of(premultiplied(rgba))


def emblem(title: str, style: Style, palette: Palette) -> Pyramid:
    """For products without a picture: the first letter in the style's own frame."""
    letter = next((sign for sign in title if sign.isalnum()), title[:1] or "•")
    size = round(_EMBLEM_PX * 0.52)
    coverage = fonts.drawn([letter], style.headline, size)
    rgba = np.zeros((_EMBLEM_PX, _EMBLEM_PX, 4), np.uint8)
    centre, ink = (_EMBLEM_PX // 2, _EMBLEM_PX // 2), palette.ink
    if style.name is StyleName.LUXURY:
        for radius, thick in ((400, 6), (376, 2)):
            cv2.circle(rgba, centre, radius, (*palette.accent, 255), thick, cv2.LINE_AA)
        ink = palette.accent
    elif style.name is StyleName.MINIMAL:
        cv2.circle(rgba, centre, 400, (*palette.accent, 255), -1, cv2.LINE_AA)
        ink = palette.on_accent
    elif style.name is StyleName.ENERGETIC:
        tile = rounded(700, 700, 150)
        turned = cv2.getRotationMatrix2D((350, 350), 8, 1.0)
        turned[:, 2] += 100
        mask = cv2.warpAffine(tile, turned, (_EMBLEM_PX, _EMBLEM_PX))
        rgba[..., :3], rgba[..., 3] = palette.accent, mask
        ink = palette.on_accent
    else:
        rgba[80:820, 80:820] = (*palette.ground, 255)
        ink = palette.ink
    _stamp(rgba, np.asarray(coverage), ink)
    return Pyramid.of(premultiplied(rgba))


def _stamp(rgba: np.ndarray, coverage: np.ndarray, ink: tuple[int, int, int]) -> None:
    """Letters in the middle of a picture."""
    rows = np.flatnonzero(coverage.any(axis=1))
    columns = np.flatnonzero(coverage.any(axis=0))
    if not len(rows):
        return
    cropped = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = cropped.shape
    top, left = (rgba.shape[0] - high) // 2, (rgba.shape[1] - wide) // 2
    window = rgba[top : top + high, left : left + wide].astype(np.float32)
    share = (cropped / 255.0)[..., None]
    over = window[..., 3:] / 255.0
    alpha = share + over * (1 - share)
    colour = np.array(ink, np.float32)
    mixed = (colour * share + window[..., :3] * over * (1 - share)) / np.maximum(
        alpha, 1e-6
    )
    rgba[top : top + high, left : left + wide, :3] = mixed.round()
    rgba[top : top + high, left : left + wide, 3:] = (alpha * 255).round()
