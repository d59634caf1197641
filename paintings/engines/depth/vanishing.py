"""Lines that run into the distance: where they meet, all that they lie on is farthest."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

# Shorter segments, as shares of the picture's diagonal, are texture.
_SHORTEST = 0.02
# A segment aims at a point when it misses it by less than this turn.
_AIM_RADIANS = np.radians(2.5)
# Level and upright lines aim at nothing that lies in the distance.
_OBLIQUE = (np.radians(7.0), np.radians(78.0))
# What a picture needs for its lines to be believed: how much of all oblique
# length aims at one point, how many lines that is, and from how many sides.
_SHARE = 0.38
_FEWEST = 14
_SIDES = 3
_TRIES = 400
# An upright line rises this many times as far as it leans.
_UPRIGHT = 20


@dataclass(frozen=True, kw_only=True)
class Vanishing:
    """The point that a street or a corridor runs to, and what aims at it."""

    x: float  # pixels of the small picture
    y: float
    # How much of the lines around each pixel aims at the point, 0 to 1.
    aimed: Floats

    def nearness(self) -> Floats:
        """0 at the point, 1 at the frame: on a wall or a road depth falls like that."""
        height, width = self.aimed.shape
        ys, xs = np.indices(self.aimed.shape, dtype=np.float32)
        across = np.abs(xs - self.x) / max(self.x, width - self.x)
        down = np.abs(ys - self.y) / max(self.y, height - self.y)
        return np.asarray(np.clip(np.maximum(across, down), 0, 1), np.float32)


def find_vanishing(small: Pixels) -> Vanishing | None:
    """The point within the picture that most long oblique lines aim at, if they do."""
    segments = _segments(small)
    oblique = segments[_is_oblique(segments)]
    if len(oblique) < _FEWEST:
        return None
    height, width = small.shape[:2]
    lengths = _lengths(oblique)
    best, best_score = np.zeros(2), 0.0
    for point in _crossings(oblique, lengths):
        if not (0.1 * width < point[0] < 0.9 * width):
            continue
        if not (0.1 * height < point[1] < 0.9 * height):
            continue
        score = float(lengths[_misses(oblique, point) < _AIM_RADIANS].sum())
        if score > best_score:
            best, best_score = point, score
    aiming = _misses(oblique, best) < _AIM_RADIANS
    if best_score < _SHARE * lengths.sum() or aiming.sum() < _FEWEST:
        return None
    if _sides(oblique[aiming], best) < _SIDES:
        return None
    return Vanishing(
        x=float(best[0]),
        y=float(best[1]),
        aimed=_density(oblique[aiming], segments, small.shape[:2]),
    )


def upright_length(small: Pixels, where: NDArray[np.bool_]) -> float:
    """How long all upright lines in one area are together, in heights of the picture."""
    segments = _segments(small)
    lean = np.abs(segments[:, 2] - segments[:, 0])
    rise = np.abs(segments[:, 3] - segments[:, 1])
    middle = np.round(0.5 * (segments[:, :2] + segments[:, 2:])).astype(int)
    height, width = where.shape
    xs, ys = middle[:, 0].clip(0, width - 1), middle[:, 1].clip(0, height - 1)
    upright = (rise > _UPRIGHT * lean) & where[ys, xs]
    return float(rise[upright].sum() / height)


def _segments(small: Pixels) -> Doubles:
    """Straight edges as rows of x1, y1, x2, y2."""
    light = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(light)[0]
    # Of a blank picture the detector gives None.
    segments = np.array([] if found is None else found, np.float64).reshape(-1, 4)
    shortest = _SHORTEST * float(np.hypot(*small.shape[:2]))
    return np.asarray(segments[_lengths(segments) > shortest], np.float64)


def _lengths(segments: Doubles) -> Doubles:
    return np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])


def _is_oblique(segments: Doubles) -> NDArray[np.bool_]:
    rise = np.abs(segments[:, 3] - segments[:, 1])
    turn = np.arctan2(rise, np.abs(segments[:, 2] - segments[:, 0]))
    return np.asarray((turn > _OBLIQUE[0]) & (turn < _OBLIQUE[1]), np.bool_)


def _crossings(segments: Doubles, lengths: Doubles) -> Doubles:
    """Where pairs of lines cross; long ones are asked more often."""
    rng = np.random.default_rng(3)
    pairs = rng.choice(len(segments), (_TRIES, 2), p=lengths / lengths.sum())
    ends = np.concatenate([segments, np.ones((len(segments), 2))], axis=1)
    lines = np.cross(ends[:, [0, 1, 4]], ends[:, [2, 3, 5]])
    points = np.cross(lines[pairs[:, 0]], lines[pairs[:, 1]])
    real = np.abs(points[:, 2]) > 1e-6
    return np.asarray(points[real, :2] / points[real, 2:], np.float64)


def _misses(segments: Doubles, point: Doubles) -> Doubles:
    """By what turn each segment misses a point."""
    middle = 0.5 * (segments[:, :2] + segments[:, 2:])
    own = np.arctan2(segments[:, 3] - segments[:, 1], segments[:, 2] - segments[:, 0])
    wanted = np.arctan2(point[1] - middle[:, 1], point[0] - middle[:, 0])
    off = np.abs(np.mod(own - wanted + np.pi / 2, np.pi) - np.pi / 2)
    # What lies right at the point aims anywhere.
    near = np.hypot(*(point - middle).T) < _lengths(segments)
    return np.where(near, np.pi, off)


def _sides(segments: Doubles, point: Doubles) -> int:
    """From how many of eight directions lines come in."""
    middle = 0.5 * (segments[:, :2] + segments[:, 2:])
    turn = np.arctan2(middle[:, 1] - point[1], middle[:, 0] - point[0])
    return len(np.unique(np.floor(turn / (np.pi / 4))))


def _density(aiming: Doubles, segments: Doubles, shape: tuple[int, ...]) -> Floats:
    drawn = [np.zeros(shape, np.float32) for _ in range(2)]
    for picture, lines in zip(drawn, (aiming, segments), strict=True):
        for x1, y1, x2, y2 in np.round(lines).astype(int):
            cv2.line(picture, (int(x1), int(y1)), (int(x2), int(y2)), 1.0, 1)
    reach = max(shape) / 40
    aimed, every = (cv2.GaussianBlur(d, (0, 0), reach) for d in drawn)
    return np.asarray(aimed / (every + 0.01), np.float32)
