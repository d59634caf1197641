"""Which photos show one object from several sides, and which stand alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels

# So many photos that fit together are taken for one object walked around.
FEWEST_TOGETHER = 6
FEWEST_MATCHES = 22
WORK_PX = 560
FEATURES = 1500
RATIO = 0.78
# OpenCV and NumPy let go of Python while they count.
THREADS = 2
# Pairs are compared so many at a time: found groups spare those that come after.
AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class _Marks:
    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def group(
    pictures: Sequence[tuple[Pixels, Pixels | None]],
    on_progress: Callable[[float], None],
) -> list[list[int]]:
    """Groups of indices: photos (RGB, subject mask or None) of one object together."""
    marks = []
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda picture: _marks(*picture), pictures):
            marks.append(found)
            on_progress(0.5 * len(marks) / len(pictures))
    return _heaps(marks, lambda done: on_progress(0.5 + 0.5 * done))


def _heaps(
    marks: Sequence["_Marks"], on_progress: Callable[[float], None]
) -> list[list[int]]:
    """What fits together, directly or through others; too few stand alone."""
    parent = list(range(len(marks)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    pairs = list(combinations(range(len(marks)), 2))
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            open_ones = [(a, b) for a, b in some if root(a) != root(b)]
            fitting = pool.map(
                lambda pair: _fit(marks[pair[0]], marks[pair[1]]), open_ones
            )
            for (a, b), fits in zip(open_ones, fitting, strict=True):
                if fits:
                    parent[root(b)] = root(a)
            on_progress(min(1.0, (start + AT_ONCE) / len(pairs)))
    heaps: dict[int, list[int]] = {}
    for index in range(len(marks)):
        heaps.setdefault(root(index), []).append(index)
    groups: list[list[int]] = []
    for heap in heaps.values():
        groups += (
            [heap] if len(heap) >= FEWEST_TOGETHER else [[index] for index in heap]
        )
    return sorted(groups)


def _marks(rgb: Pixels, mask: Pixels | None) -> _Marks:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, WORK_PX / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inside = None
    if mask is not None:
        # A little beyond the edge, but not the table that all photos share.
        near = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        inside = cv2.erode((near > 127).astype(np.uint8), np.ones((5, 5), np.uint8))
    sift = cv2.SIFT_create(nfeatures=FEATURES)  # type: ignore[attr-defined]  # missing from its stubs
    points, found = sift.detectAndCompute(small, inside)
    if found is None or len(points) < FEWEST_MATCHES:
        return _Marks(
            places=np.zeros((0, 2), np.float32),
            descriptors=np.zeros((0, 128), np.float32),
        )
    lengths = np.maximum(np.abs(found).sum(axis=1, keepdims=True), 1e-6)
    return _Marks(
        places=np.array([point.pt for point in points], np.float32),
        # RootSIFT: differences of strong bins count less.
        descriptors=np.sqrt(found / lengths).astype(np.float32),
    )


def _fit(a: _Marks, b: _Marks) -> bool:
    if len(a.places) < FEWEST_MATCHES or len(b.places) < FEWEST_MATCHES:
        return False
    likeness = a.descriptors @ b.descriptors.T
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    mutual = likeness.argmax(axis=0)[nearest] == rows
    best = likeness[rows, nearest]
    # Without the best the second best is the best.
    likeness[rows, nearest] = -1
    second = likeness.max(axis=1)
    good = np.sqrt(np.maximum(2 - 2 * best, 0)) < RATIO * np.sqrt(
        np.maximum(2 - 2 * second, 0)
    )
    good &= mutual
    if good.sum() < FEWEST_MATCHES:
        return False
    first, second = a.places[good], b.places[nearest[good]]
    _, inliers = cv2.findFundamentalMat(
        first, second, cv2.USAC_MAGSAC, 1.5, 0.999, 2000
    )
    return inliers is not None and int(inliers.sum()) >= FEWEST_MATCHES
