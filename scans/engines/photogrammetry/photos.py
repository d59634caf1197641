"""Photos instead of a video: brought to one size, the useless ones left out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jobs.toolbox import images
from scans.engines.photogrammetry.budgets import Budget
from scans.engines.photogrammetry.frames import (
    BLURRED_BELOW,
    DARK_BELOW,
    FEWEST_FEATURES,
    STILL_BELOW,
    count_features,
    has_coarse_detail,
    moving_share,
    sharpness,
)
from scans.errors import (
    MixedPhotosError,
    NoMovementError,
    TooBlurredError,
    TooDarkError,
    TooLittleTextureError,
    TooShortError,
)

FEWEST_PHOTOS = 8
SURVEY_PX = 640
# So many of them tell whether the lot is of any use.
GLANCED = 24
# How small photos are looked at together.
GLIMPSE_PX = (320, 240)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    kept: int
    too_blurred: int
    too_dark: int
    other_shape: int


def prepare(
    paths: Sequence[Path],
    folder: Path,
    budget: Budget,
    on_progress: Callable[[float], None],
    *,
    fewest: int = FEWEST_PHOTOS,
) -> Prepared:
    """Write the usable photos as PNG, all of the shape that most have."""
    if len(paths) < fewest:
        raise TooShortError(pictures=len(paths), needed=fewest)
    kept = blurred = dark = other = 0
    shape = _common_shape(paths, budget)
    features: list[int] = []
    brightness: list[float] = []
    glimpses = []
    for index, path in enumerate(paths):
        pixels = _fitted(images.decode(path, longest_px=budget.pose_px).rgb, budget)
        if pixels.shape[:2] == shape[::-1]:
            # The same lens, held upright: a camera may be turned, a picture is not.
            pixels = np.ascontiguousarray(np.rot90(pixels))
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, SURVEY_PX / max(grey.shape))
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        brightness.append(float(np.percentile(small, 90)) / 255)
        features.append(count_features(np.asarray(small, np.uint8)))
        if brightness[-1] < DARK_BELOW:
            dark += 1
        elif sharpness(np.asarray(small, np.uint8)) < BLURRED_BELOW:
            blurred += 1
        elif pixels.shape[:2] != shape:
            # One lens is assumed: a photo of another shape does not fit.
            other += 1
        else:
            target = folder / f"{index:06d}.png"
            cv2.imwrite(str(target), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
            glimpse = cv2.resize(small, GLIMPSE_PX, interpolation=cv2.INTER_AREA)
            glimpses.append(np.asarray(glimpse, np.uint8))
            kept += 1
        on_progress((index + 1) / len(paths))
    if kept < fewest and other > max(dark, blurred):
        raise MixedPhotosError(alike=kept, given=len(paths))
    if kept < fewest and dark > blurred:
        raise TooDarkError(brightness=float(np.median(brightness)))
    if kept < fewest:
        raise TooBlurredError(sharp=kept, looked_at=len(paths))
    if np.median(features) < FEWEST_FEATURES:
        raise TooLittleTextureError(features=int(np.median(features)))
    if moving_share(glimpses) < STILL_BELOW:
        raise NoMovementError
    return Prepared(kept=kept, too_blurred=blurred, too_dark=dark, other_shape=other)


def refuse_at_a_glance(paths: Sequence[Path]) -> None:
    """Raise what some of the photos give away: all dark, all blurred, all alike."""
    step = max(1, len(paths) // GLANCED)
    brightness, sharp, marked, glimpses = [], 0, 0, []
    for path in paths[::step]:
        photo = images.decode(path, longest_px=SURVEY_PX).shrunk(SURVEY_PX)
        grey = np.asarray(cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        brightness.append(float(np.percentile(grey, 90)) / 255)
        sharp += sharpness(grey) >= BLURRED_BELOW
        marked += count_features(grey) >= FEWEST_FEATURES
        glimpse = cv2.resize(grey, GLIMPSE_PX, interpolation=cv2.INTER_AREA)
        glimpses.append(np.asarray(glimpse, np.uint8))
    bright = float(np.median(brightness))
    if bright < DARK_BELOW:
        raise TooDarkError(brightness=bright)
    # What is plain looks neither sharp nor moved; KIRI has a kind of scan for it.
    if not marked and not has_coarse_detail(glimpses):
        return
    if not sharp:
        raise TooBlurredError(sharp=0, looked_at=len(glimpses))
    if moving_share(glimpses) < STILL_BELOW:
        raise NoMovementError


def _fitted(pixels: images.Pixels, budget: Budget) -> images.Pixels:
    scale = budget.pose_px / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _common_shape(paths: Sequence[Path], budget: Budget) -> tuple[int, int]:
    """Height and width that most photos have."""
    shapes: Counter[tuple[int, int]] = Counter()
    for path in paths:
        facts = images.measure(path)
        scale = min(1.0, budget.pose_px / max(facts.width_px, facts.height_px))
        shapes[round(facts.height_px * scale), round(facts.width_px * scale)] += 1
    return shapes.most_common(1)[0][0]
