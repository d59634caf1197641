"""What a cut left standing beside it: tips of grass, a rim of fur, in the front's colours."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jobs.toolbox.images import Pixels

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

# Looked for in a picture no larger than this, so far from the cut.
_SMALL_PX = 900
_BAND = 0.03
# Grey levels that count as one.
_STEP = 12
_STEPS = 256 // _STEP + 1
# A colour is the front's if it is so many times as common there as behind.
_RATHER = 3.0


def remains(picture: Pixels, alpha: Pixels) -> Mask:
    """Where, near what was cut out, its colours are seen rather than what is behind.

    Nothing is to be filled in from there: it would stand again where the front stood.
    """
    height, width = alpha.shape
    share = min(1.0, _SMALL_PX / max(height, width))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    touched = cover > 3
    if not touched.any() or touched.all():
        return np.zeros(alpha.shape, np.bool_)
    reach = max(2, round(_BAND * max(size)))
    away = cv2.distanceTransform((~touched).astype(np.uint8), cv2.DIST_L2, 3)
    inside = cv2.distanceTransform(touched.astype(np.uint8), cv2.DIST_L2, 3)
    band = ~touched & (away <= reach)
    code = (cv2.GaussianBlur(small, (0, 0), 0.7) // _STEP).astype(np.int64)
    own = _common(code[(cover > 200) & (inside <= 2 * reach)])
    behind = _common(code[~touched & (away > reach)])
    rather = own > _RATHER * behind
    found = band & rather[code[..., 0], code[..., 1], code[..., 2]]
    grown = cv2.resize(
        found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(grown > 0, np.bool_)


def _common(colours: NDArray[np.int64]) -> Floats:
    """How common each colour is, neighbouring ones counted in."""
    flat = (colours[:, 0] * _STEPS + colours[:, 1]) * _STEPS + colours[:, 2]
    seen = np.bincount(flat, minlength=_STEPS**3).astype(np.float32)
    shared = ndimage.uniform_filter(seen.reshape((_STEPS,) * 3), 3, mode="constant")
    return np.asarray(shared / max(len(colours), 1), np.float32)
