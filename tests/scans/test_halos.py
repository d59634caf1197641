"""A thing's depth ends where it ends, also before a plain backdrop."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes import look_at
from scans.engines.photogrammetry.halos import without_halos
from scans.engines.photogrammetry.planes import REACH, WORST
from scans.engines.photogrammetry.stereo import DepthMap, View

HEIGHT, WIDTH = 120, 160
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
AWAY = np.hypot(ROWS - 60, COLUMNS - 80)
THING = AWAY < 30
Mask = NDArray[np.bool_]


def _view(plain: Mask) -> View:
    """Blots, but for where it is plain, as a camera's file holds them."""
    random = np.random.default_rng(0)
    blots = random.integers(20, 220, (HEIGHT // 3, WIDTH // 3 + 1)).astype(np.uint8)
    picture = cv2.resize(blots, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture = np.where(plain, 235, picture).astype(np.uint8)
    stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    grey = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE)
    camera = look_at(np.array([0, 0, 3.0]), np.zeros(3), size_px=(WIDTH, HEIGHT))
    everywhere = np.ones((HEIGHT, WIDTH), np.bool_)
    return View(grey=np.asarray(grey, np.float32), camera=camera, inside=everywhere)


def _found(measured: Mask) -> DepthMap:
    shape = (HEIGHT, WIDTH)
    return DepthMap(
        depth=np.full(shape, 3, np.float32),
        normal=np.tile(np.array([0, 0, -1], np.float32), (*shape, 1)),
        cost=np.where(measured, 0.2, WORST).astype(np.float32),
    )


def test_depth_does_not_run_on_over_a_plain_backdrop() -> None:
    # Patches reach over the outline: there the thing's depth seems to fit.
    left = without_halos(_view(plain=~THING), _found(AWAY < 30 + REACH)).depth > 0

    assert left[THING].mean() > 0.97
    assert left[AWAY > 33].mean() == 0


def test_a_plain_patch_that_was_measured_stays() -> None:
    label = (AWAY < 14) | ~THING

    left = without_halos(_view(plain=label), _found(THING)).depth > 0

    assert left[THING].mean() > 0.97
