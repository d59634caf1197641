"""Surfaces stay closed, whatever is done to them."""

import numpy as np
import trimesh

from scans.engines.photogrammetry.cleanup import (
    Surface,
    clean,
    closed,
    is_closed,
    told_apart,
)
from scans.engines.photogrammetry.simplify import simplified
from scans.engines.photogrammetry.texturing import unwrap


def ball(steps: int = 4) -> Surface:
    sphere = trimesh.creation.icosphere(steps)
    return Surface(
        vertices=sphere.vertices.astype(np.float32), faces=sphere.faces.astype(np.int32)
    )


def test_simplified_ball_is_closed_round_and_small() -> None:
    simple = simplified(ball(), 600)

    assert is_closed(simple)
    assert len(simple.faces) <= 600
    assert np.abs(np.linalg.norm(simple.vertices, axis=1) - 1).max() < 0.02


def test_a_torus_keeps_its_hole() -> None:
    ring = trimesh.creation.torus(1.0, 0.3, major_sections=96, minor_sections=48)
    simple = simplified(Surface(vertices=ring.vertices.astype(np.float32), faces=ring.faces.astype(np.int32)), 800)  # fmt: skip

    assert is_closed(simple)
    assert trimesh.Trimesh(simple.vertices, simple.faces).euler_number == 0


def welded(surface: Surface) -> Surface:
    """As a reader takes it who makes one vertex of what lies in one spot."""
    vertices, owner = np.unique(surface.vertices, axis=0, return_inverse=True)
    faces = owner.reshape(-1)[surface.faces].astype(np.int32)
    return Surface(vertices=vertices, faces=faces)


def test_a_pinched_surface_stays_closed_for_who_welds_it() -> None:
    pinched = ball(3)
    top, bottom = pinched.vertices[:, 2].argmax(), pinched.vertices[:, 2].argmin()
    pinched.vertices[bottom] = pinched.vertices[top]
    beside = pinched.faces[(pinched.faces == top).any(axis=1)][0]
    pinched.vertices[beside] = pinched.vertices[top]

    apart = told_apart(pinched)

    assert is_closed(pinched)
    assert not is_closed(welded(pinched))
    assert is_closed(welded(apart))


def test_holes_are_filled() -> None:
    whole = ball(2)
    torn = Surface(vertices=whole.vertices, faces=whole.faces[5:])

    assert not is_closed(torn)
    assert is_closed(closed(torn))


def test_only_the_largest_piece_stays_and_nothing_below_the_ground() -> None:
    big, small = ball(3), ball(1)
    both = Surface(
        vertices=np.concatenate([big.vertices, small.vertices * 0.1 + 5]),
        faces=np.concatenate([big.faces, small.faces + len(big.vertices)]),
    )

    left = clean(both, ground=-0.5)

    assert is_closed(left)
    assert len(left.faces) == len(big.faces)
    assert left.vertices[:, 1].min() == np.float32(-0.5)


def test_unwrapping_covers_every_triangle_once() -> None:
    laid = unwrap(ball(2), texture_px=256)

    assert len(laid.faces) == len(ball(2).faces)
    assert laid.uvs.min() >= 0
    assert laid.uvs.max() <= 1
