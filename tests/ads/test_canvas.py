"""Drawing on the encoders' planes shows what drawing in red, green and blue would."""

import numpy as np
import pytest

from ads.engines.stage.canvas import Canvas, as_sprite
from ads.engines.stage.sprites import premultiplied

GROUND = (200, 120, 40)
INK = (30, 90, 220)


def ground(wide: int = 96, high: int = 64) -> Canvas:
    return Canvas.of(np.full((high, wide, 3), GROUND, np.uint8))


def away(canvas: Canvas, wanted: np.ndarray) -> float:
    return float(np.abs(canvas.rgb().astype(float) - wanted).max())


def test_a_picture_comes_back_from_the_planes() -> None:
    colours = [(0, 0, 0), (255, 255, 255), (255, 0, 0), GROUND, INK, (128, 128, 128)]
    picture = np.repeat(np.repeat([colours], 8, axis=1), 4, axis=0).astype(np.uint8)

    assert away(Canvas.of(picture), picture) <= 3


@pytest.mark.parametrize(("left", "top"), [(10, 6), (11, 7), (-5, -3), (80, 51)])
def test_a_mask_is_painted_where_it_lies(left: int, top: int) -> None:
    canvas = ground()
    wanted = np.full((64, 96, 3), GROUND, float)
    share = 128 / 255
    rows, columns = slice(max(top, 0), top + 20), slice(max(left, 0), left + 30)
    wanted[rows, columns] += (np.array(INK) - wanted[rows, columns]) * share

    canvas.paint(np.full((20, 30), 128, np.uint8), INK, left, top, 1.0)

    # At an odd edge two pixels share a colour.
    inner = np.abs(canvas.rgb() - wanted).max(axis=2)
    edge = (inner > 6).nonzero()
    assert all(
        column in (left - 1, left, left + 29, left + 30)
        or row in (top - 1, top, top + 19, top + 20)
        for row, column in zip(*edge, strict=True)
    )
    assert (inner <= 6).mean() > 0.9


def test_a_sprite_is_laid_over_with_its_own_colours_and_alpha() -> None:
    canvas = ground()
    picture = np.zeros((20, 30, 4), np.uint8)
    picture[..., :3] = INK
    picture[:, :16, 3], picture[:, 16:, 3] = 255, 64
    wanted = np.full((64, 96, 3), GROUND, float)
    share = (picture[..., 3:] / 255) * 0.5
    wanted[8:28, 12:42] += (np.array(INK) - wanted[8:28, 12:42]) * share

    canvas.lay(as_sprite(premultiplied(picture)), 12, 8, 0.5)

    assert away(canvas, wanted) <= 5


def test_shapes_have_their_colour_and_nothing_around_them() -> None:
    canvas = ground()

    canvas.polygon([(10, 10), (40, 10), (40, 40), (10, 40)], INK)
    canvas.disc(70, 30, 12, INK)
    canvas.bar(0, 56, 96, 64, INK)

    seen = canvas.rgb().astype(int)
    for row, column in ((25, 25), (30, 70), (60, 48)):
        assert np.abs(seen[row, column] - INK).max() <= 3
    for row, column in ((5, 25), (25, 50), (48, 70), (30, 90)):
        assert np.abs(seen[row, column] - GROUND).max() <= 3


def test_light_is_added_and_what_is_dimmed_goes_dark() -> None:
    lit, dark = ground(), ground()

    lit.light(ground(), np.full((16, 24, 3), (20, 30, 10), np.uint8), 4)
    dark.dim(0.0)

    assert np.abs(lit.rgb().astype(int) - (220, 150, 50)).max() <= 4
    assert dark.rgb().max() <= 1
