"""What a cutting works with and ends in."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Method(StrEnum):
    """How the subject was found."""

    ALPHA = "alpha"
    GIVEN = "given"
    BACKDROP = "backdrop"
    SALIENCY = "saliency"


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, kw_only=True)
class Cutout:
    """The subject alone: its colours without the backdrop's, and how solid it is."""

    rgb: Pixels  # (height, width, 3), extended a little beyond the edge
    alpha: Pixels  # (height, width)
    box: Box
    method: Method
    # 0 to 1: how far the result can be trusted without a look at it.
    confidence: float

    @property
    def rgba(self) -> Pixels:
        return np.dstack([self.rgb, self.alpha])


@dataclass(frozen=True, kw_only=True)
class Matte:
    """A soft edge and the colours that belong to it."""

    alpha: Pixels  # (height, width)
    colours: Pixels  # (height, width, 3): decontaminated where alpha is partial


def subject_box(alpha: Pixels) -> Box:
    """The rectangle around all that is more than half solid."""
    rows = np.flatnonzero((alpha > 127).any(axis=1))
    columns = np.flatnonzero((alpha > 127).any(axis=0))
    if rows.size == 0:
        return Box(left=0, top=0, right=alpha.shape[1], bottom=alpha.shape[0])
    return Box(
        left=int(columns[0]),
        top=int(rows[0]),
        right=int(columns[-1]) + 1,
        bottom=int(rows[-1]) + 1,
    )


def as_floats(array: object) -> Floats:
    return np.asarray(array, dtype=np.float32)
