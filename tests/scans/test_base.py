"""The side that a thing stands on, which no camera saw."""

import numpy as np
from numpy.typing import NDArray

from scans.engines.photogrammetry.fusion import Cloud
from scans.engines.photogrammetry.meshing import Thing, stand_alone, with_base
from scans.engines.photogrammetry.region import Region

RADIUS, BULGE = 0.27, 0.36
Doubles = NDArray[np.float64]


def _cloud(points: Doubles, normals: Doubles) -> Cloud:
    return Cloud(
        points=points.astype(np.float32),
        normals=normals.astype(np.float32),
        support=np.full(len(points), 3, np.float32),
    )


def _vase(count: int = 60_000) -> Cloud:
    """Round, wider above than below; gaps in its wall where it meets the ground."""
    random = np.random.default_rng(0)
    angle, height = random.uniform(0, 2 * np.pi, count), random.uniform(0.004, 1, count)
    hidden = (height < 0.03) & (np.sin(9 * angle) > 0.2)
    angle, height = angle[~hidden], height[~hidden]
    radius = RADIUS + (BULGE - RADIUS) * np.sin(np.pi * height)
    around = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], axis=1)
    return _cloud(around * radius[:, None] + np.outer(height, [0, 1, 0]), around)


def test_a_base_is_filled_over_gaps_and_no_wider_than_the_foot() -> None:
    vase = _vase()

    base = with_base(Thing(cloud=vase, ground=0.0, share=1.0)).points[
        len(vase.points) :
    ]

    away = np.linalg.norm(base[:, [0, 2]], axis=1)
    assert np.all(base[:, 1] == 0)
    assert away.max() < RADIUS + 0.02
    # The whole disc, not its rim alone.
    assert (away < 0.5 * RADIUS).mean() > 0.2
    assert len(np.unique(np.floor(base[:, [0, 2]] / 0.02), axis=0)) > 500


def test_bits_of_ground_at_the_foot_are_left_out() -> None:
    vase = _vase()
    random = np.random.default_rng(1)
    angle, radius = random.uniform(0, 2 * np.pi, 150), random.uniform(0.27, 0.29, 150)
    spots = np.stack(
        [radius * np.sin(angle), np.full(150, 0.02), radius * np.cos(angle)], 1
    )
    up = np.tile([0.0, 1.0, 0.0], (150, 1))
    both = _cloud(
        np.concatenate([vase.points, spots]), np.concatenate([vase.normals, up])
    )
    region = Region(
        upright=np.eye(3), low=np.array([-0.5, -0.03, -0.5]),
        high=np.array([0.5, 1.05, 0.5]), floor=0.0,
    )  # fmt: skip

    alone = stand_alone(both, region, keep_ground=False)

    assert alone.cloud.normals[:, 1].max() < 0.5
