"""Marks that stand still while a thing turns: seen through it, and none of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

# Marks of one spot, in pixels, and how alike they have to look.
REACH_PX = 3.0
ALIKE = 0.85
CANDIDATES = 3
# A mark of the thing is near its place in the pictures beside, and after a whole turn;
# one that is there in so many others stands still.
NEIGHBOURS = 3
FEWEST_OTHERS = 3


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The marks of one picture, where they would be had the camera not shaken."""

    places: NDArray[np.float64]  # (n, 2)
    looks: NDArray[np.float32]  # (n, 128), each of length one


def steadied(
    places: NDArray[np.floating], shift: Sequence[Sequence[float]]
) -> NDArray[np.float64]:
    """Places in the reference picture, whose points `shift` maps onto this one's."""
    matrix = np.asarray(shift, np.float64)
    undone = np.linalg.inv(matrix[:, :2])
    return np.asarray((places - matrix[:, 2]) @ undone.T, np.float64)


def standing(pictures: Mapping[str, Marks]) -> dict[str, NDArray[np.bool_]]:
    """For each picture, in the order they were taken: which marks stand still."""
    marks = list(pictures.values())
    trees = [cKDTree(each.places) for each in marks]
    found = {}
    for place, name in enumerate(pictures):
        others = np.zeros(len(marks[place].places), np.int32)
        for other in range(len(marks)):
            apart = abs(place - other)
            if min(apart, len(marks) - apart) > NEIGHBOURS and len(marks[other].places):
                others += _found_again(marks[place], marks[other], trees[other])
        found[name] = others >= FEWEST_OTHERS
    return found


def _found_again(own: Marks, other: Marks, tree: cKDTree) -> NDArray[np.bool_]:
    distances, nearest = tree.query(
        own.places, k=CANDIDATES, distance_upper_bound=REACH_PX
    )
    near = np.isfinite(distances)
    candidates = other.looks[np.where(near, nearest, 0)]
    likeness = np.einsum("nd,nkd->nk", own.looks, candidates)
    return np.asarray((near & (likeness > ALIKE)).any(axis=1), np.bool_)
