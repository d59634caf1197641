"""One photo becomes a closed model that looks like it from the front."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from jobs.toolbox.images import decode
from scans.engines.single_photo.boxes import find_corner_box
from scans.engines.single_photo.depths import recognised
from scans.engines.single_photo.engine import Made, make_model
from scans.engines.single_photo.relief import lay_out
from scans.errors import NoSubjectError
from scans.facts import Method
from scans.params import Shape
from tests.scans.models import photo_of_a_disc


def _made(path: Path, shape: Shape = Shape.AUTO) -> Made:
    return make_model(
        decode(path), mask=None, shape=shape, thickness=1.0, longest_side_m=0.2,
        name="thing", tell=lambda done, doing: None,
    )  # fmt: skip


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    path = tmp_path / "disc.png"
    path.write_bytes(photo_of_a_disc())
    return path


def test_a_round_thing_becomes_a_closed_ball_of_its_size(disc: Path) -> None:
    made = _made(disc)

    low, high = made.mesh.bounds
    assert made.method is Method.INFLATED
    assert trimesh.Trimesh(made.mesh.vertices, made.mesh.faces).is_watertight
    assert (high - low) == pytest.approx([0.2, 0.2, 0.2], abs=0.02)
    assert low[1] == pytest.approx(0)


@pytest.mark.parametrize(
    ("shape", "method"), [(Shape.LATHE, Method.LATHE), (Shape.BOX, Method.BOX)]
)
def test_a_shape_that_is_named_is_made(
    disc: Path, shape: Shape, method: Method
) -> None:
    made = _made(disc, shape)

    assert made.method is method
    assert trimesh.Trimesh(made.mesh.vertices, made.mesh.faces).is_watertight


def test_an_empty_photo_has_no_subject(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "empty.png"
    grey = np.random.default_rng(0).integers(118, 122, (80, 80, 3)).astype(np.uint8)
    Image.fromarray(grey).save(path)

    with pytest.raises(NoSubjectError, match="No subject stands out"):
        _made(path)


def test_outlines_tell_shapes() -> None:
    rows, columns = np.mgrid[:200, :160]
    bottle = np.abs(columns - 80) < np.where(rows < 60, 14, 40)
    bottle &= (rows > 5) & (rows < 190)
    can = (np.abs(columns - 80) < 40) & (rows > 20) & (rows < 180)
    box = (columns > 20) & (columns < 140) & (rows > 60) & (rows < 150)

    assert recognised(bottle) is Shape.LATHE
    assert recognised(can) is Shape.BOX
    assert recognised(box) is Shape.BOX


def test_a_box_over_its_corner_stands_up_with_upright_edges() -> None:
    import cv2

    turn = trimesh.transformations.euler_matrix(0.5, 0.6, 0)[:3, :3]
    box = trimesh.creation.box((80, 60, 50)).vertices @ turn.T
    spots = np.round(box[:, :2] * [1, -1] + 100).astype(np.int32)
    mask = np.zeros((200, 200), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(spots), 1)

    found = find_corner_box(mask > 0)

    assert found is not None
    sides = np.linalg.norm(found.edges, axis=1)
    assert sorted(sides) == pytest.approx([50, 60, 80], rel=0.12)


def test_relief_of_a_ring_is_manifold() -> None:
    rows, columns = np.mgrid[:60, :60] - 29.5
    radius = np.hypot(rows, columns)
    relief = lay_out(np.minimum(25 - radius, radius - 10))

    both = np.concatenate([relief.faces, relief.faces[:, ::-1] + len(relief.places)])
    x, y = relief.places.T
    front = np.column_stack([x, y, np.where(relief.rim, 0, 1.0)])
    mesh = trimesh.Trimesh(np.concatenate([front, front * [1, 1, -1]]), both)
    mesh.merge_vertices()
    assert mesh.is_watertight
    assert mesh.euler_number == 0
