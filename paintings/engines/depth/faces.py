"""Faces: where one is seen a person is, and a person is at one distance."""

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.regions import Regions

if TYPE_CHECKING:
    from skimage.feature import Cascade

Flags = NDArray[np.bool_]
# Its left, its top and the length of its sides.
Face = tuple[int, int, int]

# Faces from this share of the shorter side on are looked for.
_SMALLEST = 0.09
_SCALE_STEP, _PLACE_STEP = 1.2, 1.4
# How many windows must agree on a face.
_AGREEING = 4
# How much of a face is skin, whatever its tone.
_SKIN = 0.35
# A body in units of its face: as wide to either side, and as far down.
_SHOULDERS, _CHEST = 0.9, 2.5
# From this share of itself within the person's outline a surface is part of them.
_PART = 0.6
# ... and from this one on what lies in the middle of their face or chest.
_MIDDLE = 0.2


def people(faces: list[Face], regions: Regions) -> list[Flags]:
    """For each face that is seen, which surfaces are the person whose face it is."""
    found = []
    rows, columns = np.indices(regions.labels.shape)
    for x, y, side in faces:
        middle = x + side // 2
        head = ((columns - middle) / 0.6) ** 2 + ((rows - y - side / 2) / 0.8) ** 2
        below = (rows > y + 1.2 * side) & (rows < y + (1 + _CHEST) * side)
        beside = np.abs(columns - middle) < (0.5 + _SHOULDERS) * side
        body = ((head < side**2) | (below & beside)).astype(np.float32)
        within = regions.means(body)
        mine = within > _PART
        # A coat reaches far beyond this outline, a meadow behind a chance face farther.
        height, width = body.shape
        for row in (y + side // 2, min(round(y + 2.2 * side), height - 1)):
            at = regions.labels[row, min(middle, width - 1)]
            mine[at] |= bool(within[at] > _MIDDLE)
        if mine.any():
            found.append(mine)
    return found


def find_faces(small: Pixels) -> list[Face]:
    """Frontal faces, by local binary patterns."""
    shorter = min(small.shape[:2])
    least, most = round(_SMALLEST * shorter), round(0.8 * shorter)
    boxes = _detector().detect_multi_scale(
        cv2.cvtColor(small, cv2.COLOR_RGB2GRAY),
        scale_factor=_SCALE_STEP,
        step_ratio=_PLACE_STEP,
        min_size=(max(least, 24), max(least, 24)),
        max_size=(most, most),
        min_neighbor_number=_AGREEING,
    )
    skin = _skin(small)
    faces = []
    for box in boxes:
        x, y, side = int(box["c"]), int(box["r"]), int(box["width"])
        if float(skin[y : y + side, x : x + side].mean()) > _SKIN:
            faces.append((x, y, side))
    return faces


def _skin(small: Pixels) -> Flags:
    """All tones of skin lie together in hue, and apart from most else."""
    colour = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    red, blue = colour[..., 1], colour[..., 2]
    return np.asarray((red > 132) & (red < 178) & (blue > 75) & (blue < 128), np.bool_)


@cache
def _detector() -> "Cascade":
    from skimage import data
    from skimage.feature import Cascade

    # It carries no types where everything else does.
    filename = data.lbp_frontal_face_cascade_filename()  # type: ignore[no-untyped-call]
    return Cascade(filename)
