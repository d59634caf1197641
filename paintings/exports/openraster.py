"""OpenRaster: the layered file that Krita, GIMP and MyPaint open."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import cv2
import numpy as np

from jobs.toolbox.images import encode_png

_THUMBNAIL_PX = 256


def write_openraster(
    path: Path,
    layers: Sequence[tuple[str, Path]],
    merged: Path,
    size: tuple[int, int],
) -> Path:
    """Pack layers (name and PNG, the hindmost first) and the picture they make."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        # First and uncompressed: that is how the format is recognised.
        package.writestr("mimetype", "image/openraster")
        package.writestr("stack.xml", _stack([name for name, _ in layers], size))
        for number, (_, png) in enumerate(layers):
            package.write(png, f"data/layer{number}.png")
        package.write(merged, "mergedimage.png")
        package.writestr("Thumbnails/thumbnail.png", _thumbnail(merged))
    return path


def _stack(names: Sequence[str], size: tuple[int, int]) -> str:
    """The order of the layers, the front one first."""
    layers = "".join(
        f'<layer name={quoteattr(name)} src="data/layer{number}.png" x="0" y="0" '
        'opacity="1.0" visibility="visible" composite-op="svg:src-over"/>'
        for number, name in reversed(list(enumerate(names)))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<image version="0.0.3" w="{size[0]}" h="{size[1]}">'
        f'<stack name="root">{layers}</stack></image>'
    )


def _thumbnail(merged: Path) -> bytes:
    picture = cv2.imread(str(merged), cv2.IMREAD_COLOR)
    assert picture is not None
    scale = _THUMBNAIL_PX / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return encode_png(np.array(small[..., ::-1], np.uint8))
