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
    moving_share,
    sharpness,
)
from scans.errors import (
    NoMovementError,
    TooBlurredError,
    TooDarkError,
    TooLittleTextureError,
    TooShortError,
)

FEWEST_PHOTOS = 8
SURVEY_PX = 640
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
) -> Prepared:
    """Write the usable photos as PNG, all of the first one's shape."""
    if len(paths) < FEWEST_PHOTOS:
        raise TooShortError(pictures=len(paths), needed=FEWEST_PHOTOS)
    kept = blurred = dark = other = 0
    shape = _common_shape(paths, budget)
    features: list[int] = []
    brightness: list[float] = []
    glimpses = []
    for index, path in enumerate(paths):
        pixels = _fitted(images.decode(path, longest_px=budget.pose_px).rgb, budget)
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
            # One lens is assumed: a photo turned or cropped otherwise does not fit.
            other += 1
        else:
            target = folder / f"{index:06d}.png"
            cv2.imwrite(str(target), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
            glimpse = cv2.resize(small, GLIMPSE_PX, interpolation=cv2.INTER_AREA)
            glimpses.append(np.asarray(glimpse, np.uint8))
            kept += 1
        on_progress((index + 1) / len(paths))
    if kept < FEWEST_PHOTOS and dark > blurred:
        raise TooDarkError(brightness=float(np.median(brightness)))
    if kept < FEWEST_PHOTOS:
        raise TooBlurredError(sharp=kept, looked_at=len(paths))
    if np.median(features) < FEWEST_FEATURES:
        raise TooLittleTextureError(features=int(np.median(features)))
    if moving_share(glimpses) < STILL_BELOW:
        raise NoMovementError
    return Prepared(kept=kept, too_blurred=blurred, too_dark=dark, other_shape=other)


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
