"""The ground followed up to the very edges of what stands on it.

Windows tell ground from things, but beside an outline they hold both. There each pixel
is asked alone: has it the colour of the ground that other views surely see there?
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

# As far as windows fall short of outlines.
REACH_PX = 4
# In levels of each colour; noise and compression differ by less.
SAME_WITHIN = 8.0
FEWEST_ALIKE = 3
# Every so manieth pixel of sure ground tells how two views differ in light.
ANCHOR_EVERY = 11
FEWEST_ANCHORS = 30
CALM_PX = 0.8
ROW_PX = 256


@dataclass(frozen=True, kw_only=True)
class GroundView:
    """A picture, where it surely shows the ground, and the way from there to here."""

    picture: Pixels  # (height, width, 3)
    sure: Bools  # (height, width)
    # Maps (x, z, 1) of the ground to pixels; whole numbers are their middles.
    plan: Doubles  # (3, 3)

    @classmethod
    def of(cls, pixels: Pixels, sure: Bools, plan: Doubles) -> "GroundView":
        calm = cv2.GaussianBlur(pixels, (0, 0), CALM_PX)
        return cls(picture=np.asarray(calm, np.uint8), sure=sure, plan=plan)


def up_to_edges(one: GroundView, others: Sequence[GroundView]) -> Bools:
    """A view's sure ground, and what joins it with the ground's own colours."""
    if not one.sure.any():
        return one.sure
    near = cv2.dilate(one.sure.astype(np.uint8), _square(2 * REACH_PX + 1)) > 0
    rim = np.argwhere(near & ~one.sure)
    anchors = np.argwhere(one.sure)[::ANCHOR_EVERY]
    spots = np.concatenate([rim, anchors])
    own = one.picture[tuple(spots.T)].astype(np.float32)
    alike = np.zeros(len(rim), np.int32)
    for known, colours in _seen_by(others, spots, one.plan):
        levels = known[len(rim) :]
        if levels.sum() < FEWEST_ANCHORS:
            continue
        mine, theirs = (c[len(rim) :][levels].mean(axis=0) for c in (own, colours))
        levelled = colours[: len(rim)] * (mine / np.maximum(theirs, 1))
        apart = np.abs(levelled - own[: len(rim)]).max(axis=1)
        alike += known[: len(rim)] & (apart < SAME_WITHIN)
    like_ground = one.sure.copy()
    like_ground[tuple(rim.T)] = alike >= FEWEST_ALIKE
    grown = one.sure
    for _ in range(REACH_PX):
        grown = (cv2.dilate(grown.astype(np.uint8), _square(3)) > 0) & like_ground
    # Single lines of pixels are alike by chance.
    solid = cv2.morphologyEx(grown.astype(np.uint8), cv2.MORPH_OPEN, _square(3))
    return np.asarray(one.sure | (solid > 0))


def _seen_by(
    others: Sequence[GroundView], spots: NDArray[np.int64], plan: Doubles
) -> Iterator[tuple[Bools, Floats]]:
    """For each other view, which of these spots it surely sees as ground, and how."""
    rows, columns = spots.T
    pixels = np.stack([columns, rows, np.ones(len(spots))], axis=1)
    on_ground = pixels @ np.linalg.inv(plan).T
    for other in others:
        carried = on_ground @ other.plan.T
        places = (carried[:, :2] / carried[:, 2:]).astype(np.float32)
        colours = _looked_up(other.picture, places)
        known = _looked_up(other.sure.astype(np.float32), places) > 0.99
        # What lies behind a camera is mirrored into its picture.
        yield known & (carried[:, 2] > 0), colours


def _looked_up(picture: Pixels | Floats, places: Floats) -> Floats:
    """A picture's values between pixels; nothing beyond its frame."""
    # OpenCV asks in the shape of a picture, not in one long list.
    rows = -(-len(places) // ROW_PX)
    grid = np.resize(places, (rows, ROW_PX, 2))
    found = cv2.remap(picture, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR)
    return np.asarray(
        found.reshape(rows * ROW_PX, *picture.shape[2:])[: len(places)], np.float32
    )


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)
