"""Depths of round things come out as they are, and those of flat ones are left alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from scans.engines.photogrammetry.roundness import without_flattening
from scans.engines.photogrammetry.stereo import DepthMap, View

SIDE = 64
FOCAL = 600.0
AWAY = 5.0
PIXEL = AWAY / FOCAL
COLUMNS = (np.arange(SIDE) + 0.5 - SIDE / 2) * PIXEL
Floats = NDArray[np.float64]


def view() -> View:
    camera = Camera(
        width_px=SIDE, height_px=SIDE, focal_px=(FOCAL, FOCAL),
        principal_px=(SIDE / 2, SIDE / 2), rotation=np.eye(3), translation=np.zeros(3),
    )  # fmt: skip
    return View(
        grey=np.full((SIDE, SIDE), 128, np.float32),
        camera=camera,
        inside=np.ones((SIDE, SIDE), np.bool_),
    )


def found(depth: Floats, slope: Floats) -> DepthMap:
    """The same in every row; `slope` is that of the depth along a row."""
    normal = np.stack([slope, np.zeros(SIDE), -np.ones(SIDE)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return DepthMap(
        depth=np.tile(depth, (SIDE, 1)).astype(np.float32),
        normal=np.tile(normal, (SIDE, 1, 1)).astype(np.float32),
        cost=np.zeros((SIDE, SIDE), np.float32),
    )


def test_a_pipe_gets_its_thickness_back() -> None:
    radius = 16 * PIXEL
    across = np.clip(COLUMNS, -0.9 * radius, 0.9 * radius)
    bulge = np.sqrt(radius**2 - across**2)
    true = AWAY - bulge
    # A flat patch's fit lies this far behind the middle of a bend; its weights fade
    # outwards, and stand for about 2.7 pixels on each side.
    behind = (2.7 * PIXEL) ** 2 / (2 * radius)

    mended = without_flattening(view(), found(true + behind, across / bulge))

    middle = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    left = np.abs(mended.depth[20:44, middle] - true[middle])
    assert left.mean() < 0.3 * behind


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_a_wall_stays_where_it_is(slope: float) -> None:
    # A plane's depth along a ray; seen from so far, it is nearly linear.
    depth = AWAY / (1 - slope * COLUMNS / AWAY)

    mended = without_flattening(view(), found(depth, np.full(SIDE, slope)))

    assert np.abs(mended.depth - depth)[8:-8, 8:-8].max() < 0.01 * PIXEL


def test_a_box_keeps_its_edge_sharp() -> None:
    left = COLUMNS < 0
    depth = np.where(left, AWAY - 1.2 * COLUMNS, AWAY + 1.2 * COLUMNS)
    slope = np.where(left, -1.2, 1.2)

    mended = without_flattening(view(), found(depth, slope))

    assert np.abs(mended.depth - depth)[8:-8, 8:-8].max() < 0.1 * PIXEL
