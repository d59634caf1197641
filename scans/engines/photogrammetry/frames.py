"""Which pictures of a video are worth keeping: sharp, well lit, evenly spread around."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.frames import Frame, Sampling, read
from jobs.toolbox.probing import probe
from scans.errors import (
    NoMovementError,
    TooBlurredError,
    TooDarkError,
    TooLittleTextureError,
    TooShortError,
)

Grey = NDArray[np.uint8]
Progress = Callable[[float], None]

SURVEY_PX = 640
MOST_SURVEYED = 320
FEWEST_PICTURES = 10
# Where nine in ten pixels lie below this share of white, noise rules.
DARK_BELOW = 0.10
# Fine against coarse detail; a lens in focus gives 0.3 to 2.
BLURRED_BELOW = 0.06
FEWEST_FEATURES = 60
# Where less than this share of the picture changes, nobody walked around anything.
STILL_BELOW = 0.02
# A glance takes this many key frames, and judges nothing by fewer than these.
GLANCED, FEWEST_GLANCED = 24, 8


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What one surveyed picture is like."""

    index: int
    time_s: float
    sharpness: float
    brightness: float
    # Pixels that the picture moved since the one before.
    motion_px: float


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A quick look at the whole video."""

    sights: Sequence[Sight]
    samples_per_second: float
    # Small grey pictures, evenly spread, for telling what stands still.
    glimpses: Sequence[Grey]
    features: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The pictures to use, and why the others were left."""

    chosen: Sequence[Sight]
    too_blurred: int
    too_dark: int
    too_alike: int


def survey_video(path: Path, on_progress: Progress) -> Survey:
    """Look at up to a few hundred pictures, small and grey."""
    facts = probe(path)
    duration_s = max(facts.duration_s, 0.1)
    frames_per_second = facts.video.fps if facts.video else 30.0
    pace = min(frames_per_second, max(MOST_SURVEYED / duration_s, 0.5))
    sampling = Sampling(fps=pace, longest_px=SURVEY_PX, grey=True)
    return _looked_through(
        read(path, sampling),
        pace,
        lambda at_s: on_progress(min(1.0, at_s / duration_s)),
    )


def _looked_through(
    shown: Iterable[Frame], pace: float, on_time: Callable[[float], None]
) -> Survey:
    sights: list[Sight] = []
    pictures: list[Grey] = []
    before: Grey | None = None
    for frame in shown:
        small = np.asarray(
            cv2.resize(
                frame.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA
            ),
            np.uint8,
        )
        sights.append(
            Sight(
                index=frame.index,
                time_s=frame.time_s,
                sharpness=sharpness(frame.pixels),
                brightness=float(np.percentile(small, 90)) / 255,
                motion_px=0.0 if before is None else _motion(before, small),
            )
        )
        pictures.append(np.asarray(small, np.uint8))
        before = small
        on_time(frame.time_s)
    step = max(1, len(pictures) // 32)
    typical = pictures[len(pictures) // 2] if pictures else np.zeros((8, 8), np.uint8)
    return Survey(
        sights=sights,
        samples_per_second=pace,
        glimpses=pictures[::step],
        features=count_features(typical),
    )


def sharpness(grey: Grey) -> float:
    """Fine detail against coarse detail: says how blurred, not how textured."""
    values = grey.astype(np.float32)
    calm = cv2.GaussianBlur(values, (0, 0), 0.8)
    fine = float(np.var(calm - cv2.GaussianBlur(values, (0, 0), 1.6)))
    # What is coarse shows as well in a quarter of the size: there blurs cost little.
    small = cv2.resize(values, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    near, wide = (cv2.GaussianBlur(small, (0, 0), sigma) for sigma in (0.75, 1.57))
    coarse = float(np.var(near - wide))
    # Sensor noise is as fine as detail is: taken off, as far as it can be known.
    noise = float(np.median(np.abs(values - calm))) ** 2 * 0.25
    return max(fine - noise, 0.0) / (coarse + 1.0)


def count_features(grey: Grey) -> int:
    calm = cv2.GaussianBlur(grey, (0, 0), 1.0)
    sift = cv2.SIFT_create(contrastThreshold=0.03)  # type: ignore[attr-defined]  # missing from its stubs
    return len(sift.detect(calm, None))


def _motion(before: Grey, after: Grey) -> float:
    """How far the livelier marks moved; a still background must not hide a turntable."""
    corners = cv2.goodFeaturesToTrack(before, 160, 0.01, 6)
    if corners is None:  # type: ignore[redundant-expr,unused-ignore]
        return 0.0  # type: ignore[unreachable]  # its stubs forget that there may be none
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None)  # type: ignore[call-overload]  # its stubs forbid None
    steps = np.linalg.norm((moved - corners)[found.ravel() == 1], axis=-1).ravel()
    return float(np.percentile(steps, 85)) if len(steps) else 0.0


def refuse_at_a_glance(path: Path, *, may_be_plain: bool = False) -> None:
    """Raise what the key frames alone give away, before a long video is decoded."""
    pace = GLANCED / max(probe(path).duration_s, 0.1)
    sampling = Sampling(fps=pace, longest_px=SURVEY_PX, grey=True, key_frames_only=True)
    glance = _looked_through(read(path, sampling), pace, lambda at_s: None)
    if len(glance.sights) >= FEWEST_GLANCED:
        _refuse_unusable(glance, fewest_sharp=1, may_be_plain=may_be_plain)


def refuse_early(survey: Survey) -> None:
    """Raise what can be known within seconds: dark, blurred, short, still, plain."""
    if len(survey.sights) < FEWEST_PICTURES:
        raise TooShortError(pictures=len(survey.sights), needed=FEWEST_PICTURES)
    _refuse_unusable(survey, fewest_sharp=FEWEST_PICTURES)


def _refuse_unusable(
    survey: Survey, *, fewest_sharp: int, may_be_plain: bool = False
) -> None:
    sights = survey.sights
    bright = float(np.median([sight.brightness for sight in sights]))
    if bright < DARK_BELOW:
        raise TooDarkError(brightness=bright)
    if survey.features < FEWEST_FEATURES:
        blurred = float(np.median([sight.sharpness for sight in sights]))
        if blurred >= BLURRED_BELOW or not has_coarse_detail(survey.glimpses):
            if may_be_plain:
                return
            raise TooLittleTextureError(features=survey.features)
    sharp = sum(sight.sharpness >= BLURRED_BELOW for sight in sights)
    if sharp < fewest_sharp:
        raise TooBlurredError(sharp=sharp, looked_at=len(sights))
    if moving_share(survey.glimpses) < STILL_BELOW:
        raise NoMovementError


def has_coarse_detail(glimpses: Sequence[Grey]) -> bool:
    middle = glimpses[len(glimpses) // 2].astype(np.float32)
    return float(np.std(cv2.GaussianBlur(middle, (0, 0), 5))) > 12


def moving_share(glimpses: Sequence[Grey]) -> float:
    """The share of the picture that changes during the video."""
    stack = np.stack(
        [cv2.resize(cv2.GaussianBlur(g, (0, 0), 3), (64, 48)) for g in glimpses]
    ).astype(np.float32)
    # Exposure drifts over the whole picture alike: level it first.
    stack *= 110 / np.maximum(np.median(stack, axis=(1, 2), keepdims=True), 1)
    spread = np.percentile(stack, 85, axis=0) - np.percentile(stack, 15, axis=0)
    return float(np.mean(spread > 9))


def choose(survey: Survey, wanted: int) -> Choice:
    """The sharpest picture of each stretch of equal movement."""
    sights = survey.sights
    sharp = np.array([sight.sharpness for sight in sights])
    bright = np.array([sight.brightness for sight in sights])
    typical = np.median(sharp)
    blurred = sharp < max(BLURRED_BELOW, 0.45 * typical)
    dark = bright < max(DARK_BELOW, 0.5 * float(np.median(bright)))
    usable = ~blurred & ~dark
    # A floor under each step keeps a pause from swallowing every stretch after it.
    motion = np.array([sight.motion_px for sight in sights])
    travelled = np.cumsum(motion + 0.02 * float(np.median(motion)) + 1e-6)
    edges = np.linspace(0, travelled[-1], wanted + 1)
    chosen = []
    for low, high in pairwise(edges):
        stretch = np.flatnonzero((travelled > low) & (travelled <= high) & usable)
        if len(stretch):
            # Sharp, and near the middle of its stretch so that steps stay even.
            middle = np.abs(travelled[stretch] - (low + high) / 2) / (high - low)
            best = stretch[np.argmax(sharp[stretch] * (1 - 0.4 * middle))]
            chosen.append(sights[int(best)])
    left = int(usable.sum()) - len(chosen)
    return Choice(
        chosen=chosen,
        # What is dark looks blurred, too.
        too_blurred=int((blurred & ~dark).sum()),
        too_dark=int(dark.sum()),
        too_alike=max(0, left),
    )


def write_frames(
    path: Path, survey: Survey, choice: Choice, folder: Path, longest_px: int
) -> list[Path]:
    """Decode the chosen pictures at full size into a folder, in order."""
    wanted = {sight.index for sight in choice.chosen}
    sampling = Sampling(fps=survey.samples_per_second, longest_px=longest_px)
    paths = []
    for frame in read(path, sampling):
        if frame.index in wanted:
            target = folder / f"{frame.index:06d}.png"
            cv2.imwrite(str(target), cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))
            paths.append(target)
    return paths
