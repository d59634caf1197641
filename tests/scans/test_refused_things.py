"""Things that cannot be scanned are known by what the views say of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.toolbox.meshes import TexturedMesh, look_at
from jobs.toolbox.meshes.rendering import render
from scans.engines.photogrammetry import engine
from scans.engines.photogrammetry.budgets import Budget
from scans.engines.photogrammetry.engine import Pictures
from scans.engines.photogrammetry.fusion import Cloud
from scans.engines.photogrammetry.meshing import stand_alone
from scans.engines.photogrammetry.region import Region
from scans.errors import SeveralObjectsError, ShinySurfaceError
from tests.scans.models import ball

ROUGH = Budget(
    frames=8, pose_px=160, stereo_px=160, sweeps=1, triangles=2000,
    poisson_depth=6,
)  # fmt: skip
SIDE_PX = (160, 120)


def _walk(folder: Path, *, glitter: bool) -> tuple[Pictures, Path]:
    """Pictures around a ball, and their poses; glitter looks new from every side."""
    pictures = Pictures(folder=folder / "pictures")
    pictures.images.mkdir(parents=True)
    cameras = []
    for number in range(8):
        angle = np.radians(9 * number)
        eye = np.array([2.6 * np.sin(angle), 0.4, 2.6 * np.cos(angle)])
        cameras.append(look_at(eye, np.zeros(3), size_px=SIDE_PX))
        thing = ball(seed=number if glitter else 0)
        drawn, _ = render(thing, cameras[-1])
        cv2.imwrite(str(pictures.images / f"{number}.png"), drawn)
    first = cameras[0]
    poses = folder / "poses.npz"
    np.savez(
        poses,
        names=[f"{number}.png" for number in range(8)],
        rotations=[camera.rotation for camera in cameras],
        translations=[camera.translation for camera in cameras],
        camera=[*SIDE_PX, first.focal_px[0], *first.principal_px, 0.0],
        points=ball().vertices,
        starts=np.zeros(9, np.int64),
        sees=np.zeros(0, np.int32),
        error=0.3,
    )
    return pictures, poses


def test_what_looks_different_from_every_side_is_called_shiny(tmp_path: Path) -> None:
    pictures, poses = _walk(tmp_path, glitter=True)

    with pytest.raises(ShinySurfaceError, match="Dull it with chalk") as caught:
        engine.find_surface_points(pictures, poses, tmp_path, ROUGH, _mute)

    assert caught.value.agreement < engine.SHINY_BELOW


def test_what_looks_the_same_from_every_side_is_measured(tmp_path: Path) -> None:
    pictures, poses = _walk(tmp_path, glitter=False)

    _, facts = engine.find_surface_points(pictures, poses, tmp_path, ROUGH, _mute)

    assert facts.agreement > 5 * engine.SHINY_BELOW


def _mute(done: float, doing: str) -> None:
    """Nobody watches."""


def _cloud(*things: TexturedMesh) -> Cloud:
    points = np.concatenate([thing.vertices for thing in things])
    normals = [thing.with_normals().normals for thing in things]
    return Cloud(
        points=points,
        normals=np.concatenate([found for found in normals if found is not None]),
        support=np.full(len(points), 4, np.float32),
    )


REGION = Region(
    upright=np.eye(3),
    low=np.array([-3.0, 0, -3]),
    high=np.array([3.0, 3, 3]),
    floor=0.0,
)


def test_two_things_side_by_side_are_refused() -> None:
    left, right = ball(middle=(-1.4, 1, 0)), ball(middle=(1.4, 1, 0))

    with pytest.raises(SeveralObjectsError, match="2 separate things") as caught:
        stand_alone(_cloud(left, right), REGION, keep_ground=False)

    assert caught.value.count == 2


def test_two_parts_above_each_other_are_one_thing() -> None:
    below, above = ball(middle=(0, 1, 0)), ball(middle=(0, 3.2, 0), radius=0.8)

    thing = stand_alone(_cloud(below, above), REGION, keep_ground=False)

    assert thing.cloud.points[:, 1].max() > 1.9


def test_a_crumb_beside_the_thing_is_left_out() -> None:
    thing, crumb = (
        ball(middle=(0, 1, 0)),
        ball(middle=(2.5, 0.6, 0), radius=0.1, steps=4),
    )

    alone = stand_alone(_cloud(thing, crumb), REGION, keep_ground=False)

    assert alone.cloud.points[:, 0].max() < 1.1


def test_the_ground_is_kept_when_it_is_asked_for() -> None:
    random = np.random.default_rng(0)
    thing = _cloud(ball(middle=(0, 1, 0)))
    spots = np.column_stack(
        [random.uniform(-3, 3, 4000), np.zeros(4000), random.uniform(-3, 3, 4000)]
    ).astype(np.float32)
    up = np.tile(np.array([0, 1, 0], np.float32), (4000, 1))
    whole = Cloud(
        points=np.concatenate([thing.points, spots]),
        normals=np.concatenate([thing.normals, up]),
        support=np.full(len(thing.points) + 4000, 4, np.float32),
    )

    with_ground, alone = (
        stand_alone(whole, REGION, keep_ground=keep).cloud for keep in (True, False)
    )

    flat = with_ground.points[with_ground.points[:, 1] < 0.001]
    away = np.linalg.norm(flat[:, [0, 2]], axis=1)
    # A round piece under the thing, not all that was filmed.
    assert 300 < len(flat) < 3000
    assert away.max() < 2.2
    assert alone.points[:, 1].min() > 0.001
