"""Paint: strength, seeds, styles and threads."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from jobs.toolbox.images import Pixels
from paintings.engines.painterly.painting import paint_picture
from paintings.engines.painterly.styles import Style, choose
from paintings.scenery import Scene


def _likeness(a: Pixels, b: Pixels) -> float:
    """SSIM of the light of two pictures, over windows of 7 pixels."""
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (a, b))
    mx, my = cv2.blur(x, (7, 7)), cv2.blur(y, (7, 7))
    vx, vy = cv2.blur(x * x, (7, 7)) - mx**2, cv2.blur(y * y, (7, 7)) - my**2
    both = cv2.blur(x * y, (7, 7)) - mx * my
    upper = (2 * mx * my + 6.5) * (2 * both + 58.5)
    return float((upper / ((mx**2 + my**2 + 6.5) * (vx + vy + 58.5))).mean())


@pytest.mark.parametrize("style", list(Style))
def test_strength_goes_from_the_photo_to_paint_without_a_step_back(
    scene: Scene, style: Style
) -> None:
    photo = scene.photo
    likeness = [
        _likeness(photo, paint_picture(photo, style=style, strength=s, seed=7))
        for s in (0, 0.25, 0.5, 0.75, 1)
    ]

    assert likeness[0] == pytest.approx(1)
    assert likeness == sorted(likeness, reverse=True)
    assert len(set(likeness)) == 5


def test_strength_nothing_gives_the_very_bytes_back(scene: Scene) -> None:
    same = paint_picture(scene.photo, style=Style.OIL, strength=0, seed=1)

    assert np.array_equal(same, scene.photo)


def test_another_seed_paints_other_strokes(scene: Scene) -> None:
    one, two = (
        paint_picture(scene.photo, style=Style.OIL, strength=1, seed=seed)
        for seed in (1, 2)
    )

    assert not np.array_equal(one, two)


_PRINT_DIGESTS = """
import hashlib
from paintings.engines.painterly.painting import paint_picture
from paintings.engines.painterly.styles import Style
from paintings.scenery import compose
photo = compose("portrait", seed=1, width=150, height=100).photo
for style in Style:
    painted = paint_picture(photo, style=style, strength=0.8, seed=11)
    print(style, hashlib.sha256(painted.tobytes()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_at_any_number_of_threads() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", _PRINT_DIGESTS],
            env={
                **os.environ,
                "NUMBA_NUM_THREADS": threads,
                "OPENCV_FOR_THREADS_NUM": threads,
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "3")
    ]

    assert told[0] == told[1]
    assert told[0].count("\n") == len(Style)


@pytest.mark.parametrize(
    ("words", "style"),
    [
        ("oil painting", Style.OIL),
        ("Oil Painting", Style.OIL),
        ("a soft watercolor wash", Style.WATERCOLOUR),
        ("van Gogh, starry night", Style.IMPRESSIONIST),
        ("impresionist", Style.IMPRESSIONIST),
        ("pencil sketch", Style.PENCIL),
        ("pen and ink", Style.INK),
        ("soft pastel", Style.PASTEL),
        ("pointillist", Style.POINTILLISM),
        ("ukiyo-e woodblock print", Style.WOODCUT),
        ("smooth digital painting", Style.KUWAHARA),
    ],
)
def test_common_words_find_their_style(words: str, style: Style) -> None:
    choice = choose(words)

    assert choice.style == style
    assert not choice.guessed


def test_what_no_one_knows_is_a_guess() -> None:
    assert choose("xyzzy").guessed
