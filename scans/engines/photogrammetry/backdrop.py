"""Where the pictures surely show the ground: nothing stands before it there.

Two views laid over each other by the ground's plane look alike where they show the
ground, whatever the camera did. What stands above it is shifted against itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from scans.engines.photogrammetry.edging import GroundView, up_to_edges
from scans.engines.photogrammetry.texturing import Photo

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# Pictures are compared at this size.
LONGEST_PX = 960
# Views so far apart (degrees, seen from the thing) shift what stands, and still look
# alike on the ground; best is in between.
NEAREST, BEST, FARTHEST = 8.0, 25.0, 60.0
MOST_COMPARED = 8
FEWEST_ALIKE = 2
# So many views must look past a point before it is held for empty space.
FEWEST_LOOKS = 2
WINDOW_PX = 7
LIKENESS = 0.8
# Fewer grey levels than these vary by noise alone, and noise is no likeness.
FAINTEST = 3.0


@dataclass(frozen=True, kw_only=True)
class GroundSeen:
    """One view, and the pixels in which it surely shows the ground."""

    camera: Camera
    mask: Bools  # (height, width)

    def behind(self, points: NDArray[np.floating]) -> Bools:
        """Before which of these points' pixels the view shows nothing but ground."""
        spots, depth = self.camera.project(points)
        column, row = np.floor(spots).astype(np.int64).T
        height, width = self.mask.shape
        inside = (depth > 0) & (column >= 0) & (row >= 0)
        inside &= (column < width) & (row < height)
        found = np.zeros(len(points), np.bool_)
        found[inside] = self.mask[row[inside], column[inside]]
        return found


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """The ground as all views show it; what they show it behind is empty space."""

    views: tuple[GroundSeen, ...]
    # Its height; lower than `above` over it, the ground itself is meant.
    ground: float
    above: float

    def lies_bare(self, points: NDArray[np.floating]) -> Bools:
        """Which points several views show as ground, or look past to the ground."""
        count = np.zeros(len(points), np.int32)
        for view in self.views:
            count += view.behind(points)
        return np.asarray(count >= FEWEST_LOOKS)

    def shows_through(self, points: NDArray[np.floating]) -> Bools:
        """Which points cannot be solid: they stand before bare ground."""
        return self.lies_bare(points) & (points[:, 1] > self.ground + self.above)


def find_backdrop(
    photos: Sequence[Photo], *, middle: Doubles, ground: float, above: float
) -> Backdrop:
    """Compare each view with others over the ground, around the thing's middle."""
    small = [_small(photo) for photo in photos]
    greys = [
        cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        for photo in small
    ]
    plans = [_plan(photo.camera, ground) for photo in small]
    angles = _angles(small, np.array([middle[0], ground, middle[2]]))
    beside = [_beside(row) for row in angles]
    seen = [
        GroundView.of(photo.pixels, _surely_ground(index, greys, plans, others), plan)
        for index, (photo, plan, others) in enumerate(
            zip(small, plans, beside, strict=True)
        )
    ]
    views = [
        GroundSeen(
            camera=photo.camera, mask=up_to_edges(view, [seen[i] for i in others])
        )
        for photo, view, others in zip(small, seen, beside, strict=True)
    ]
    return Backdrop(views=tuple(views), ground=ground, above=above)


def _surely_ground(
    index: int,
    greys: Sequence[Floats],
    plans: Sequence[Doubles],
    others: Sequence[int],
) -> Bools:
    """Where one view looks like others, laid over it by the ground."""
    grey = greys[index]
    back = np.asarray(np.linalg.inv(plans[index]), np.float64)
    alike = np.zeros(grey.shape, np.int32)
    for other in others:
        alike += _agrees(grey, greys[other], plans[other] @ back)
    mask = (alike >= FEWEST_ALIKE) & _below_horizon(back, grey.shape)
    # Specks are chance, and a window looks over the edges of things.
    solid = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    return np.asarray(cv2.erode(solid, np.ones((3, 3))) > 0)


def _small(photo: Photo) -> Photo:
    height, width = photo.pixels.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    size = (round(width * scale), round(height * scale))
    pixels = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)
    return Photo(
        pixels=np.asarray(pixels, np.uint8), camera=photo.camera.resized(*size)
    )


def _plan(camera: Camera, ground: float) -> Doubles:
    """Maps (x, z, 1) of the ground to pixels; whole numbers are their middles."""
    across, up, along = camera.rotation.T
    columns = [across, along, up * ground + camera.translation]
    to_middles = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    return np.asarray(to_middles @ camera.matrix @ np.stack(columns, axis=1))


def _angles(photos: Sequence[Photo], middle: Doubles) -> Doubles:
    rays = np.array([photo.camera.centre for photo in photos]) - middle
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return np.asarray(np.degrees(np.arccos(np.clip(rays @ rays.T, -1, 1))))


def _beside(angles: Doubles) -> list[int]:
    near = [int(i) for i in np.argsort(np.abs(angles - BEST))]
    fitting = [i for i in near if NEAREST < angles[i] < FARTHEST]
    return fitting[:MOST_COMPARED]


def _agrees(one: Floats, other: Floats, over_the_ground: Doubles) -> Bools:
    """Where another view, laid over this one by the ground, varies as this one does."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = one.shape[::-1]
    laid = cv2.warpPerspective(other, over_the_ground, size, flags=flags).astype(
        np.float32
    )
    inside = cv2.warpPerspective(
        np.ones(other.shape, np.uint8), over_the_ground, size, flags=flags
    )

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (WINDOW_PX, WINDOW_PX)), np.float32)

    of_one, of_laid = mean(one), mean(laid)
    spread_one = np.sqrt(np.maximum(mean(one * one) - of_one**2, 0))
    spread_laid = np.sqrt(np.maximum(mean(laid * laid) - of_laid**2, 0))
    together = mean(one * laid) - of_one * of_laid
    varies = np.minimum(spread_one, spread_laid) > FAINTEST
    alike = together > LIKENESS * spread_one * spread_laid
    return np.asarray(varies & alike & (inside > 0))


def _below_horizon(back: Doubles, shape: tuple[int, ...]) -> Bools:
    """The pixels whose rays meet the ground before the camera, not behind it."""
    row, column = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.asarray(back[2, 0] * column + back[2, 1] * row + back[2, 2] > 0)
