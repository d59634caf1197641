"""Dissolves and fades: pictures between two scenes are mixtures of both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quizzes.content import Change

Tinies = NDArray[np.uint8]

# Half lengths of the windows that are tried, in seconds.
_HALVES_S = (0.25, 0.5, 1.0)
# How far apart (0 to 255) the two ends must be.
_FAR = 14.0
# How exactly the middle must be a mixture, as a share of the ends' distance.
_MIXED = 0.24
# Ends whose unmoved part looks so much alike are one scene in another light.
_RELIT = 0.93
_UNMOVED = 0.7
_FITS = 3
_SAME = 0.95
# Dissolves nearer than this to a clearer one are its outskirts.
_APART_S = 1.4
_BLACK = 24.0
_WHITE = 232.0
_FLAT = 7.0


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A gradual change and its middle."""

    start_s: float
    middle_s: float
    end_s: float
    kind: Change
    strength: float
    # One scene in another light: nothing new begins here.
    relit: bool = False


def fades(tinies: Tinies, times: NDArray[np.float64]) -> list[Passage]:
    """Stretches of plain black or white that are reached or left gradually."""
    means = tinies.reshape(len(tinies), -1).mean(axis=1)
    flat = tinies.reshape(len(tinies), -1).std(axis=1) < _FLAT
    plain = flat & ((means < _BLACK) | (means > _WHITE))
    found: list[Passage] = []
    for first, last in _runs(plain):
        gradual = _slope(means, times, first, -1) or _slope(means, times, last, +1)
        inside = first > 0 and last < len(times) - 1
        if gradual and inside:
            found.append(
                Passage(
                    start_s=float(times[first]),
                    middle_s=float((times[first] + times[last]) / 2),
                    end_s=float(times[last]),
                    kind=Change.FADE,
                    strength=1.0,
                )
            )
    return found


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _slope(
    means: NDArray[np.float64], times: NDArray[np.float64], edge: int, way: int
) -> bool:
    """Whether brightness walks from this edge over at least 0.15 s rather than jumps."""
    path = [means[edge]]
    place = edge + way
    while 0 <= place < len(means) and abs(times[place] - times[edge]) <= 0.5:
        path.append(means[place])
        place += way
    steps = np.diff(np.array(path))
    total = abs(path[-1] - path[0])
    return total > _FAR and bool(np.abs(steps).max(initial=0.0) < 0.6 * total)


def dissolves(tinies: Tinies, times: NDArray[np.float64]) -> list[Passage]:
    """Where the middle of a window is a mixture of its two ends, and the ends differ."""
    pictures = tinies.reshape(len(tinies), -1).astype(np.float32)
    hits: list[Passage] = []
    for half_s in _HALVES_S:
        before = np.searchsorted(times, times - half_s)
        after = np.minimum(np.searchsorted(times, times + half_s), len(times) - 1)
        hits += _mixtures(pictures, times, before, after)
    # A light that dims is told apart best where it is clearest, and then outweighs
    # whatever its flanks look like.
    return [passage for passage in _strongest(hits) if not passage.relit]


def _mixtures(
    pictures: NDArray[np.float32],
    times: NDArray[np.float64],
    before: NDArray[np.intp],
    after: NDArray[np.intp],
) -> list[Passage]:
    a, b = pictures[before], pictures[after]
    way = b - a
    far = np.abs(way).mean(axis=1)
    square = np.maximum((way * way).sum(axis=1), 1e-6)
    share = ((pictures - a) * way).sum(axis=1) / square
    mixed = np.abs(pictures - a - share[:, None] * way).mean(axis=1) / np.maximum(
        far, 1
    )
    likely = (far > _FAR) & (mixed < _MIXED) & (share > 0.25) & (share < 0.75)
    hits: list[Passage] = []
    for place in np.flatnonzero(likely):
        low, high = int(before[place]), int(after[place])
        middle = pictures[place]
        if not _steady(pictures, low, high):
            continue
        # A light that dims or a lens that turns up leaves one scene as it was.
        if _alike(a[place], middle, _SAME) or _alike(middle, b[place], _SAME):
            continue
        # The best middle is half way, far apart, and cleanly mixed.
        strength = far[place] * (1 - mixed[place]) * (1 - abs(share[place] - 0.5))
        hits.append(
            Passage(
                start_s=float(times[low]),
                middle_s=float(times[place]),
                end_s=float(times[high]),
                kind=Change.DISSOLVE,
                strength=float(strength),
                relit=_relit(a[place], b[place]),
            )
        )
    return hits


def _relit(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether two pictures show one scene in another light.

    Then most of one is the other, brighter or darker throughout. What moved meanwhile
    is left out: the pixels that fit worst are dropped, and the rest is fitted again.
    """
    if a.std() < _FLAT or b.std() < _FLAT:
        # Against a plain picture only fades are told, not dissolves.
        return True
    kept = np.ones(len(a), np.bool_)
    for _ in range(_FITS):
        gain, offset = np.polyfit(a[kept], b[kept], 1)
        off = np.abs(b - gain * a - offset)
        kept = off <= np.quantile(off, _UNMOVED)
    return float(np.corrcoef(a[kept], b[kept])[0, 1]) > _RELIT


def _alike(a: NDArray[np.float32], b: NDArray[np.float32], most: float) -> bool:
    if a.std() < _FLAT or b.std() < _FLAT:
        # Against a plain picture only fades are told, not dissolves.
        return True
    return float(np.corrcoef(a, b)[0, 1]) > most


def _steady(pictures: NDArray[np.float32], low: int, high: int) -> bool:
    """Whether the mixture grows step by step: in a cut it jumps, in motion it wanders."""
    way = pictures[high] - pictures[low]
    shares = (
        (pictures[low : high + 1] - pictures[low]) @ way / max(float(way @ way), 1e-6)
    )
    steps = np.diff(shares)
    if len(steps) < 3 or steps.max() >= 0.5 or steps.min() < -0.08:
        return False
    # Windows beside a passage see it at one end: in the right one it is in the middle.
    third = len(steps) // 3
    return bool(steps[third : len(steps) - third].sum() > 0.3)


def _strongest(hits: list[Passage]) -> list[Passage]:
    """One passage for each cluster of overlapping windows."""
    kept: list[Passage] = []
    for hit in sorted(hits, key=lambda passage: -passage.strength):
        if not any(_overlap(hit, other) for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda passage: passage.middle_s)


def _overlap(one: Passage, other: Passage) -> bool:
    reach = (one.end_s - one.start_s + other.end_s - other.start_s) / 2
    return abs(one.middle_s - other.middle_s) < max(0.8 * reach + 0.1, _APART_S)
