"""What lies behind goes on behind; what shows through is not in front; one light for all."""

import cv2
import numpy as np
import pytest
from skimage import data

from jobs.toolbox import inpainting
from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.local import estimate
from paintings.engines.layers.cutting import cut
from paintings.engines.layers.gaps import enclosed, see_through
from paintings.engines.layers.peeling import Sheet, peel, rest
from paintings.engines.painterly.fields import Light
from paintings.engines.painterly.painting import paint_picture, paint_sheet
from paintings.engines.painterly.styles import Style
from paintings.scenery import compose


def _grained(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Pixels:
    grain = np.random.default_rng(3).normal(0, 6, (*rows.shape, 3))
    return np.clip(rows[..., None] + grain, 0, 255).astype(np.uint8)


def test_a_line_on_the_ground_goes_on_straight_behind_what_is_lifted() -> None:
    ys, xs = np.mgrid[0:200, 0:300]
    slanted = np.where(ys > 60 + 0.3 * xs, 70.0, 190.0)
    picture = _grained(slanted)
    hole = np.zeros((200, 300), np.bool_)
    hole[40:170, 110:190] = True

    filled = inpainting.fill(np.where(hole[..., None], 255, picture), hole)

    off = np.abs(filled.mean(axis=2) - slanted)
    away = np.abs(ys - 60 - 0.3 * xs) > 6
    assert (off[hole & away] > 60).mean() < 0.01
    assert filled[hole & away].std() > 20


def test_a_lawns_grain_comes_again_as_no_pattern() -> None:
    photo = Photo(rgb=np.dstack([np.asarray(data.camera(), np.uint8)] * 3))
    labels, _ = cut(estimate(photo), 3)

    behind = rest(
        sheet.rgba for sheet in sorted(peel(photo, labels, 3), key=_number)[:2]
    )

    steps = range(3, 30)
    lawn, filled = photo.rgb[320:420, 410:500], behind[240:340, 60:150]
    true = max(abs(_likeness(lawn, step)) for step in steps)
    assert max(abs(_likeness(filled, step)) for step in steps) < true + 0.1


def _number(sheet: Sheet) -> int:
    return sheet.number


def _likeness(shown: Pixels, step: int) -> float:
    """How much a picture's grain is like itself that many pixels aside."""
    fine = shown.astype(np.float64).mean(axis=2)
    fine -= cv2.GaussianBlur(fine, (0, 0), 4)
    return float(np.corrcoef(fine[:, step:].ravel(), fine[:, :-step].ravel())[0, 1])


def test_sky_between_leaves_is_not_in_front() -> None:
    rng = np.random.default_rng(5)
    picture = np.full((160, 240, 3), (120, 170, 230), np.uint8)
    front = np.zeros((160, 240), np.bool_)
    front[40:120, 60:180] = True
    leaves = rng.integers(20, 90, (160, 240, 3), dtype=np.uint8)
    picture[front] = leaves[front]
    picture[44:51, 110:118] = (121, 171, 229)

    gaps = see_through(picture, front)

    assert gaps[44:51, 110:118].all()
    gaps[44:51, 110:118] = False
    assert not gaps.any()


def test_a_spot_on_a_fruit_that_is_as_brown_as_the_table_is_no_gap() -> None:
    table, skin = np.array([110.0, 75.0, 45.0]), np.array([230.0, 170.0, 40.0])
    ys, xs = np.mgrid[0:160, 0:240]
    front = np.hypot(xs - 120, ys - 80) < 50
    spot = np.exp(-(np.hypot(xs - 120, ys - 119) ** 2) / (2 * 5.0**2))[..., None]
    fruit = skin + np.minimum(1.2 * spot, 1) * (table - skin)
    picture = np.where(front[..., None], fruit, table).astype(np.uint8)

    assert not see_through(picture, front).any()


def test_a_shirt_like_the_wall_behind_it_stays_in_front() -> None:
    picture = np.full((160, 240, 3), 225, np.uint8)
    picture[40:70, 90:150] = (170, 120, 90)
    front = np.zeros((160, 240), np.bool_)
    front[40:, 90:150] = True

    assert not see_through(picture, front).any()


def test_a_coat_that_is_roughly_like_the_street_has_no_holes() -> None:
    scene = compose("street", seed=2, width=600, height=400)
    walker = scene.visible == scene.visible.max()

    assert see_through(scene.photo, walker).sum() < 0.002 * walker.sum()


def test_the_edge_of_a_thing_does_not_tint_what_is_behind_it() -> None:
    rng = np.random.default_rng(1)
    ys, xs = np.indices((400, 600))
    away = np.hypot(xs - 300, ys - 200)
    cover = np.clip(110.5 - away, 0, 1)[..., None]
    grain, shade = (
        np.asarray(cv2.GaussianBlur(rng.normal(0, 1, away.shape), (0, 0), px))
        for px in (2, 6)
    )
    grey = 110 + 30 * (grain / grain.std())[..., None]
    red = np.array([200, 50, 40]) * (1 + 0.25 * shade / shade.std())[..., None]
    picture = np.clip(cover * red + (1 - cover) * grey, 0, 255).astype(np.uint8)

    _, behind = peel(Photo(rgb=picture), (away < 110).astype(np.int32), 2)

    shown = behind.rgba.astype(np.float32)
    tint = np.abs(shown[..., 0] - shown[..., 1:3].mean(axis=2))
    assert tint[np.abs(away - 110) < 5].mean() < 5


def test_a_badge_on_a_coat_is_no_gap_but_a_window_between_its_sleeves_is() -> None:
    picture = np.full((160, 240, 3), (120, 170, 230), np.uint8)
    front = np.zeros((160, 240), np.bool_)
    front[30:150, 60:180] = True
    picture[front] = (200, 90, 30)
    front[50:62, 80:95] = front[90:110, 130:150] = False
    picture[50:62, 80:95] = (250, 250, 245)
    picture[90:110, 130:150] = (122, 168, 229)

    own = enclosed(picture, front)

    assert own[50:62, 80:95].all()
    own[50:62, 80:95] = False
    assert not own.any()


def test_a_dark_layer_is_drawn_dark_by_the_light_of_the_whole() -> None:
    def sheet(tone: float) -> Pixels:
        grey = _grained(np.full((80, 120), tone))
        return np.dstack([grey, np.full((80, 120), 255, np.uint8)])

    dark, bright = sheet(50.0), sheet(200.0)
    light = Light.of(np.vstack([dark, bright])[..., :3])

    drawn = [
        paint_sheet(
            rgba, style=Style.PENCIL, strength=1, seed=1, number=0, light=light
        )[..., :3].mean()
        for rgba in (dark, bright)
    ]

    assert drawn[1] - drawn[0] > 60


def test_a_wide_strip_keeps_the_grain_of_the_ground_it_lies_on() -> None:
    rng = np.random.default_rng(8)
    picture = np.full((200, 300, 3), 60, np.uint8)
    picture[100:] = np.clip(rng.normal(90, 20, (100, 300, 1)), 0, 255)
    hole = np.zeros((200, 300), np.bool_)
    hole[150:] = True

    filled = inpainting.fill(np.where(hole[..., None], 255, picture), hole)

    # Far from the rim the calm ground above must not have been copied instead.
    assert 0.4 < filled[170:].std() / picture[170:].std() < 1.1


@pytest.mark.parametrize("style", [Style.WATERCOLOUR, Style.PASTEL, Style.OIL])
def test_a_night_stays_a_night_when_it_is_painted(style: Style) -> None:
    night = _grained(np.full((120, 160), 40.0))
    night[30:50, 60:80] = 230

    painted = paint_picture(night, style=style, strength=1, seed=1)

    assert painted.mean() < 1.85 * night.mean()


def test_no_specks_of_a_thing_stay_on_what_was_behind_it() -> None:
    height, width = 240, 320
    rng = np.random.default_rng(3)
    ys, xs = np.indices((height, width))
    away = np.hypot(ys - 120, xs - 160)
    cover = np.clip(80.5 - away, 0, 1)[..., None]
    leaves = cv2.GaussianBlur(rng.uniform(-250, 250, (height, width)), (0, 0), 2)
    thing = np.array([40, 110, 20]) + 3 * leaves[..., None]
    sky = np.array([90, 140, 210]) + rng.normal(0, 2, (height, width, 1))
    mixed = np.clip(cover * thing + (1 - cover) * sky, 0, 255)
    photo = Photo(rgb=np.round(mixed).astype(np.uint8))

    front, back = peel(photo, (away < 80).astype(np.int32), 2)

    assert (rest(iter([back.rgba, front.rgba])) == photo.rgb).all()
    off = np.abs(back.rgba[..., :3] - np.array([90.0, 140.0, 210.0])).max(axis=2)
    assert off.max() < 100
    assert (off > 30).mean() < 0.001


def test_what_a_cut_left_beside_a_thing_does_not_grow_behind_it() -> None:
    picture = _grained(np.full((240, 320), 170.0))
    grass = np.random.default_rng(6).integers(-25, 25, (240, 320, 1))
    green = np.clip(np.array([40, 110, 30]) + grass, 0, 255).astype(np.uint8)
    labels = np.zeros((240, 320), np.int32)
    labels[100:200, 90:230] = 1
    picture[100:200, 90:230] = green[100:200, 90:230]
    for tip in range(96, 226, 12):
        # Blades that stand out of what was cut.
        picture[90:100, tip : tip + 5] = green[90:100, tip : tip + 5]

    *_, behind = peel(Photo(rgb=picture), labels, 2)

    shown = behind.rgba[..., :3].astype(np.int32)
    greenish = shown[..., 1] - shown[..., 0] > 35
    assert greenish[88:100, 90:230].mean() > 0.2
    assert greenish[104:198, 92:228].mean() < 0.005
