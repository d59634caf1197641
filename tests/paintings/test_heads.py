"""A head belongs to whoever carries it, whatever its colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.boundaries import find_boundaries
from paintings.engines.depth.heads import find_head, with_heads

Flags = NDArray[np.bool_]


def _figure(*, head: bool) -> tuple[Pixels, Flags, Flags]:
    """Somebody in a blue coat before a brown wall with windows; coat and head apart."""
    grain = np.random.default_rng(4).normal(0, 7, (240, 300, 1))
    picture = np.full((240, 300, 3), (150, 120, 95), np.float64) + grain
    for row in range(10, 200, 40):
        for column in range(12, 290, 44):
            picture[row : row + 18, column : column + 16] = (50, 60, 75)
    coat, face = np.zeros((240, 300), np.uint8), np.zeros((240, 300), np.uint8)
    cv2.ellipse(coat, (150, 150), (22, 52), 0, 0, 360, 1, -1)
    cv2.ellipse(face, (151, 88), (9, 13), 0, 0, 360, 1, -1)
    face &= 1 - coat
    if head:
        picture[face > 0] = (214, 168, 140) + grain[face > 0]
    picture[coat > 0] = (60, 80, 140) + grain[coat > 0]
    return np.clip(picture, 0, 255).astype(np.uint8), coat > 0, face > 0


def test_head_is_given_to_the_figure_below_it() -> None:
    picture, coat, face = _figure(head=True)
    labels, plain = coat.astype(np.int32), coat.astype(np.float32)

    with_heads(picture, find_boundaries(picture).strength, labels, plain, [1])

    assert (labels == 1)[face].mean() > 0.85
    assert (labels == 1)[~face & ~coat].sum() < 60
    assert (plain[labels == 1] == 1.0).all()


def test_nothing_is_added_where_there_is_no_head() -> None:
    picture, coat, _ = _figure(head=False)

    assert find_head(find_boundaries(picture).strength, coat) is None
