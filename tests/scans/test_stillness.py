"""Marks of a still background, seen past a turning thing, are not the thing's."""

import numpy as np
from numpy.typing import NDArray

from scans.engines.photogrammetry.stillness import Marks, standing, steadied

PICTURES = 12
STILL, MOVING = 30, 40
SHIFT = [[1.0, 0.0, 4.0], [0.0, 1.0, -3.0]]


def _looks(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    rough = random.normal(size=(count, 128))
    lengths = np.linalg.norm(rough, axis=1, keepdims=True)
    return np.asarray(rough / lengths, np.float32)


def test_marks_that_stay_while_others_move_are_found() -> None:
    random = np.random.default_rng(1)
    behind = random.uniform(0, 600, (STILL, 2))
    behind_looks, own_looks = _looks(random, STILL), _looks(random, MOVING)
    start = random.uniform(100, 500, (MOVING, 2))
    pictures = {
        f"{turn:03}": Marks(
            places=np.vstack([behind, start + np.array([25.0 * turn, 0.0])]),
            looks=np.vstack([behind_looks, own_looks]),
        )
        for turn in range(PICTURES)
    }

    found = standing(pictures)

    for still in found.values():
        assert still[:STILL].all()
        assert not still[STILL:].any()


def test_the_same_place_with_another_look_is_no_still_mark() -> None:
    random = np.random.default_rng(2)
    places = random.uniform(0, 600, (MOVING, 2))
    pictures = {
        f"{turn:03}": Marks(places=places, looks=_looks(random, MOVING))
        for turn in range(PICTURES)
    }

    assert not any(still.any() for still in standing(pictures).values())


def test_a_shaken_pictures_marks_come_back_to_their_places() -> None:
    places = np.array([[10.0, 20.0], [300.0, 150.0]])

    assert np.allclose(steadied(places + np.array([4.0, -3.0]), SHIFT), places)
