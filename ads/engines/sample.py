"""A product to try the pipeline with: a stoneware cup, drawn on the spot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_SIZE = 1200
_GLAZE, _CLAY, _DARK = (46, 94, 122), (196, 168, 136), (24, 40, 52)


def draw_sample(folder: Path) -> Sequence[Path]:
    """Write the picture of a cup on a plain backdrop."""
    cup = _shaded(_cup())
    picture = Image.new("RGB", (_SIZE, _SIZE), (236, 233, 228))
    shadow = Image.new("L", (_SIZE, _SIZE), 0)
    ImageDraw.Draw(shadow).ellipse((300, 905, 860, 985), fill=90)
    dark = Image.new("RGB", (_SIZE, _SIZE), (170, 164, 156))
    picture.paste(dark, mask=shadow.filter(ImageFilter.GaussianBlur(18)))
    picture.paste(cup, mask=cup.getchannel("A"))
    path = folder / "morning-cup.png"
    picture.save(path)
    return [path]


def _cup() -> Image.Image:
    big = Image.new("RGBA", (_SIZE * 2, _SIZE * 2))
    draw = ImageDraw.Draw(big)
    # Its ends are hidden behind the body.
    draw.arc((1290, 860, 1930, 1540), -96, 118, fill=(*_GLAZE, 255), width=92)
    draw.polygon(
        [(560, 640), (1620, 640), (1520, 1800), (660, 1800)], fill=(*_GLAZE, 255)
    )
    draw.ellipse((660, 1730, 1520, 1890), fill=(*_CLAY, 255))
    draw.polygon(
        [(586, 940), (1594, 940), (1520, 1800), (660, 1800)], fill=(*_CLAY, 255)
    )
    # The glaze runs down in drops.
    for place, reach in enumerate((1020, 1100, 1000, 1150, 1040, 1090, 1010, 1120)):
        left = 586 + place * 126
        draw.rounded_rectangle((left, 880, left + 126, reach), 60, fill=(*_GLAZE, 255))
    draw.ellipse((560, 540, 1620, 750), fill=(*_GLAZE, 255))
    draw.ellipse((610, 570, 1570, 726), fill=(*_DARK, 255))
    draw.ellipse((640, 610, 1540, 722), fill=(92, 58, 36, 255))
    for row in range(5):
        y = 1250 + row * 95
        for column in range(7):
            x = 740 + column * 115 + (row % 2) * 50
            draw.ellipse((x, y, x + 22, y + 22), fill=(*_GLAZE, 255))
    return big.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)


def _shaded(cup: Image.Image) -> Image.Image:
    """Light from the left, a gleam, a grain of clay."""
    pixels = np.asarray(cup).astype(np.float32)
    across = np.linspace(-1, 1, _SIZE, dtype=np.float32)[None, :]
    light = (
        1.08
        - 0.42 * np.clip(across + 0.25, 0, 1)
        - 0.25 * np.clip(-across - 0.35, 0, 1)
    )
    gleam = 0.2 * np.exp(-(((across + 0.28) / 0.05) ** 2))
    grain = np.random.default_rng(5).normal(0, 0.008, (_SIZE, _SIZE)).astype(np.float32)
    pixels[..., :3] *= (light + gleam + grain)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
