"""Slides told apart, remembered, and forgotten where there are very many."""

import numpy as np
import pytest

from quizzes.engines.scenes import slides
from quizzes.engines.scenes.looks import Grey
from quizzes.engines.scenes.slides import SlideWatcher


def slide(seed: int) -> Grey:
    """Dark bars on paper, elsewhere on each slide."""
    chance = np.random.default_rng(seed)
    picture = np.full((180, 320), 245, np.uint8)
    for top in range(10, 170, 16):
        left, length = chance.integers(10, 150), chance.integers(40, 150)
        picture[top : top + chance.integers(4, 9), left : left + length] = 20
    return picture


def numbers_of(shown: list[int]) -> list[int]:
    watcher = SlideWatcher()
    for turn, seed in enumerate(shown):
        for half in range(6):
            watcher.see(turn * 3.0 + half / 2, slide(seed))
    return [change.slide for change in watcher.changes]


def test_slide_that_comes_back_keeps_its_number() -> None:
    assert numbers_of([5, 6, 7, 5, 6]) == [1, 2, 0, 1]


def test_slides_long_out_of_sight_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slides, "_MOST_SLIDES", 3)

    # The first slide is gone when it comes back; the one seen just before is not.
    assert numbers_of([1, 2, 3, 4, 5, 1, 5]) == [1, 2, 3, 4, 5, 4]
