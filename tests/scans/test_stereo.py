"""Depth from pictures: up to faint outlines, on rough things, and with a glint in it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from scans.engines.photogrammetry.stereo import (
    DepthMap,
    Level,
    View,
    random_start,
    search,
)

WIDTH, HEIGHT, FOCAL = 160, 120, 200.0
WALL, POST = 5.0, 4.4
BOUNDS = (3.5, 6.5)
# The post's half width, and how much brighter than the wall it is.
HALF, BRIGHTER = 0.5, 14
Floats = NDArray[np.float32]
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH] + 0.5


def _blots(seed: int, contrast: float) -> Floats:
    random = np.random.default_rng(seed)
    fine = random.normal(0, 1, (400, 400)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(fine, (0, 0), 1.5), np.float32)
    return contrast * soft / soft.std()


def _seen(blots: Floats, away: float, x: float) -> Floats:
    """A plane's pattern as a camera at x sees it."""
    across = ((COLUMNS - WIDTH / 2) * away / FOCAL + x) * 40 + 200
    down = (ROWS - HEIGHT / 2) * away / FOCAL * 40 + 200
    return np.asarray(
        cv2.remap(
            blots, across.astype(np.float32), down.astype(np.float32), cv2.INTER_CUBIC
        ),
        np.float32,
    )


def _view(x: float, contrast: float, *, post: bool, noise: float = 0.7) -> View:
    grey = 110 + _seen(_blots(1, contrast), WALL, x)
    if post:
        before = np.abs((COLUMNS - WIDTH / 2) * POST / FOCAL + x) < HALF
        pale = 110 + BRIGHTER + _seen(_blots(2, contrast), POST, x)
        grey = np.where(before, pale, grey)
    random = np.random.default_rng(round(100 * x) % 97)
    grey += random.normal(0, noise, grey.shape)
    camera = Camera(
        width_px=WIDTH, height_px=HEIGHT, focal_px=(FOCAL, FOCAL),
        principal_px=(WIDTH / 2, HEIGHT / 2), rotation=np.eye(3),
        translation=np.array([-x, 0, 0]),
    )  # fmt: skip
    return View(
        grey=grey.astype(np.float32), camera=camera,
        inside=np.ones(grey.shape, np.bool_),
    )  # fmt: skip


def _measured(views: list[View]) -> DepthMap:
    level = Level(sweeps=6, first_step=0.1, last_step=0.002)
    start = random_start(views[0], BOUNDS, seed=1)
    return search(views, 0, [1, 2, 3, 4], start, BOUNDS, level)


def test_the_outline_of_a_pale_thing_is_sharp() -> None:
    places = (0.0, -0.8, -0.4, 0.4, 0.8)
    found = _measured([_view(x, 3.0, post=True) for x in places])

    away = np.abs(COLUMNS - WIDTH / 2) - HALF * FOCAL / POST
    nearer = found.depth < (WALL + POST) / 2
    inner = slice(10, -10)
    beside, within = (away > 1.5) & (away < 6), away < -1.5
    assert nearer[inner][beside[inner]].mean() < 0.15
    assert nearer[inner][within[inner]].mean() > 0.99


def test_a_lone_glint_ends_no_scan() -> None:
    views = [_view(x, 20.0, post=False) for x in (0.0, -0.8, -0.4, 0.4, 0.8)]
    views[0].grey[60, 80] = 255

    found = _measured(views)

    assert abs(np.median(found.depth[30:90, 50:110]) - WALL) < 0.02


def test_a_rough_thing_is_measured_all_over() -> None:
    places = (0.0, -0.8, -0.4, 0.4, 0.8)

    found = _measured([_view(x, 90.0, post=False, noise=2.0) for x in places])

    inner = (slice(20, -20), slice(30, -30))
    measured = np.abs(found.depth[inner] - WALL) < 0.02
    assert measured.mean() > 0.93
