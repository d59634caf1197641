"""From finished sheets: the picture that they make, the depth map, the manifest's lines."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.local import DepthField
from paintings.engines.layers.peeling import rest
from paintings.exports.sheets import read_rgba
from paintings.facts import BoundingBox, LayerFacts, layer_file, layer_name

_GUIDED_PX = 1400


def composite_of(sheets: Sequence[Path]) -> Pixels:
    """The sheets one upon the other, one in memory at a time."""
    return rest(read_rgba(path) for path in sheets)


def depth_image(field: DepthField, photo: Photo) -> NDArray[np.uint16]:
    """The depth at full size in sixteen bits, its borders at the photo's edges."""
    guide = photo.shrunk(_GUIDED_PX).rgb.astype(np.float32) / 255
    size = (guide.shape[1], guide.shape[0])
    near = cv2.resize(field.near, size, interpolation=cv2.INTER_LINEAR)
    radius = max(3, round(max(size) / 160))
    sharp = cv2.ximgproc.guidedFilter(guide, near, radius, 1e-4)
    values = np.clip(np.asarray(sharp, np.float32), 0, 1) * 65535
    full = (photo.width_px, photo.height_px)
    grown = cv2.resize(values.astype(np.uint16), full, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.uint16)


def describe_layers(
    sheets: Sequence[Path], ranges: Sequence[tuple[float, float]]
) -> list[LayerFacts]:
    """What the manifest says of each layer."""
    count = len(sheets)
    described = []
    for number, path in enumerate(sheets):
        rgba = read_rgba(path)
        described.append(
            LayerFacts(
                name=layer_name(number, count),
                file=layer_file(number, count),
                order=number + 1,
                width=rgba.shape[1],
                height=rgba.shape[0],
                size_bytes=path.stat().st_size,
                depth_range=ranges[number],
                bounding_box=_box(rgba[..., 3]),
            )
        )
    return described


def _box(alpha: Pixels) -> BoundingBox:
    """What a layer shows; a pixel at least, since programs refuse empty layers."""
    rows = np.flatnonzero(alpha.any(axis=1))
    columns = np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return BoundingBox(x=0, y=0, width=1, height=1)
    return BoundingBox(
        x=int(columns[0]),
        y=int(rows[0]),
        width=int(columns[-1] - columns[0]) + 1,
        height=int(rows[-1] - rows[0]) + 1,
    )
