"""Telling a turntable before a still background from a walk around the thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.engines.photogrammetry.tolerance import steepness

Grey = NDArray[np.uint8]
Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]

STAYS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# A pixel has changed when it differs by so many times the noise, and by more than
# marks of the background do when they are laid over each other this inexactly.
CHANGED = 3.5
SHAKEN_PX = 0.4
# What changes this often moves, and so does what hangs together with it and changes
# now and then: feet and handles pass a spot seldom.
OFTEN, NOW_AND_THEN = 0.2, 0.04
# The middle of all values is the background's where it is seen so often.
MOSTLY = 0.53
FARTHEST_SHIFT = 0.08
# Shifts are looked for in pictures made so small.
GLIMPSE_WIDTH_PX = 320
# Marks so near the outline, in parts of the picture's width, are half background.
OUTLINE = 0.025
# A thing that would lose more than half of itself by that keeps its outline.
FEWEST_INNER = 0.5


@dataclass(frozen=True, kw_only=True)
class StillBackground:
    """What stays in place while the thing turns, seen from one reference view."""

    reference: Grey
    background: NDArray[np.float32]
    # Where the thing passes at any time.
    moving: NDArray[np.bool_]
    # Where the background is seen for most of the time.
    known: NDArray[np.bool_]
    # By how much a pixel may differ and still show it.
    tolerance: NDArray[np.float32]


def find_still_background(glimpses: Sequence[Grey]) -> StillBackground | None:
    """The background, when the camera stands still and it has marks; else None."""
    reference = glimpses[len(glimpses) // 2]
    warps = [_shift_between(reference, glimpse) for glimpse in glimpses]
    held = [(g, w) for g, w in zip(glimpses, warps, strict=True) if w is not None]
    if len(held) < max(6, 0.8 * len(glimpses)):
        return None
    size = reference.shape[::-1]
    stack = np.stack(
        [
            cv2.warpAffine(g, w, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            for g, w in held
        ]
    ).astype(np.float32)
    stack *= np.median(stack) / np.maximum(
        np.median(stack, axis=(1, 2), keepdims=True), 1
    )
    background = np.median(stack, axis=0)
    apart = np.abs(stack - background)
    spread = np.median(apart, axis=0)
    noise = max(1.5, float(np.percentile(spread, 25)) * 1.5)
    tolerance = CHANGED * noise + SHAKEN_PX * steepness(background)
    restless = np.mean(apart > tolerance, axis=0)
    moving = _joined(_solid(restless > OFTEN), _solid(restless > NOW_AND_THEN))
    if not 0.005 < moving.mean() < 0.85:
        return None
    return StillBackground(
        reference=reference,
        background=background,
        moving=moving,
        known=1 - restless > MOSTLY,
        tolerance=tolerance,
    )


def _joined(sure: NDArray[np.bool_], likely: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is sure, and all that is likely and hangs together with it."""
    _, labels = cv2.connectedComponents((sure | likely).astype(np.uint8))
    return np.isin(labels, np.unique(labels[sure]))


def _shift_between(reference: Grey, other: Grey) -> NDArray[np.float64] | None:
    """The small shift that maps the reference's still part onto the other picture."""
    corners = cv2.goodFeaturesToTrack(reference, 400, 0.01, 5)
    if corners is None or len(corners) < 30:
        return None
    moved, found, _ = cv2.calcOpticalFlowPyrLK(reference, other, corners, None)  # type: ignore[call-overload]  # its stubs forbid None
    back, again, _ = cv2.calcOpticalFlowPyrLK(other, reference, moved, None)  # type: ignore[call-overload]  # as above
    good = (found.ravel() == 1) & (again.ravel() == 1)
    good &= np.linalg.norm((back - corners).reshape(-1, 2), axis=1) < 0.7
    if good.sum() < 25:
        return None
    warp, inliers = cv2.estimateAffinePartial2D(
        corners[good], moved[good], ransacReprojThreshold=1.2
    )
    if warp is None or inliers.sum() < max(25, 0.12 * len(corners)):
        return None
    # The still part must frame the picture, not be one patch of it.
    spots = corners[good][inliers.ravel() == 1].reshape(-1, 2)
    height, width = reference.shape
    spread = np.ptp(spots, axis=0) / (width, height)
    shifted = np.hypot(warp[0, 2], warp[1, 2]) > FARTHEST_SHIFT * width * 2
    scaled = abs(np.hypot(warp[0, 0], warp[1, 0]) - 1) > 0.04
    if spread.min() < 0.5 or shifted or scaled:
        return None
    return np.asarray(warp, np.float64)


def _solid(rough: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Small gaps closed, specks dropped, holes filled."""
    side = max(3, rough.shape[1] // 40) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(rough.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return np.zeros(rough.shape, np.bool_)
    largest = stats[1:, cv2.CC_STAT_AREA].max()
    keep = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= 0.1 * largest)
    return np.isin(labels, keep[keep > 0])


def mask_turning(still: StillBackground, picture: Picture) -> Mask:
    """255 where the turning thing is in this picture (any size), else 0."""
    height, width = still.reference.shape
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    warp = _shift_between(still.reference, np.asarray(small, np.uint8))
    if warp is None:
        warp = STAYS
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    aligned = cv2.warpAffine(small, warp, (width, height), flags=flags).astype(
        np.float32
    )
    aligned *= np.median(still.background) / max(float(np.median(aligned)), 1.0)
    changed = np.abs(aligned - still.background) > still.tolerance
    thing = _solid(still.moving & (changed | ~still.known))
    wide = cv2.dilate(thing.astype(np.uint8), np.ones((3, 3), np.uint8))
    placed = cv2.warpAffine(wide * 255, warp, (width, height), flags=cv2.INTER_LINEAR)
    full = cv2.resize(placed, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(full > 127, 255, 0).astype(np.uint8)


def without_outline(mask: Mask) -> Mask:
    """The mask without the thing's outline, where the thing is thick enough."""
    side = 2 * round(OUTLINE * mask.shape[1]) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    inner = cv2.erode(mask, kernel)
    thick = cv2.countNonZero(inner) >= FEWEST_INNER * cv2.countNonZero(mask)
    return np.asarray(inner, np.uint8) if thick else mask


def shifts(pictures: Iterable[Picture]) -> list[NDArray[np.float64]]:
    """How each picture is shifted against the first, by what stands still in them."""
    found: list[NDArray[np.float64]] = []
    for picture in pictures:
        scale = picture.shape[1] / GLIMPSE_WIDTH_PX
        size = (GLIMPSE_WIDTH_PX, round(picture.shape[0] / scale))
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        if not found:
            reference = small
        shift = _shift_between(reference, small)
        shift = STAYS.copy() if shift is None else shift
        shift[:, 2] *= scale
        found.append(shift)
    return found
