"""What bends the front of a model from one photo: light and dark, or a network's word."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from jobs.toolbox.images import decode, save_png
from jobs.toolbox.networks import BadNetworkError
from scans.engines.single_photo.depths import inflated
from scans.engines.single_photo.engine import Made, Networks, make_model
from scans.engines.single_photo.shading import normals_of, shaded
from scans.params import Shape
from tests.scans.networks import brightness_network

Doubles = NDArray[np.float64]
ROWS, COLUMNS = np.mgrid[:110, :110] - 54.5
INSIDE = np.hypot(ROWS, COLUMNS) < 48
DOME = np.sqrt(np.maximum(48**2 - np.hypot(ROWS, COLUMNS) ** 2, 0))


def _bump(row: float, column: float, wide: float) -> Doubles:
    away = (ROWS - row) ** 2 + (COLUMNS - column) ** 2
    return np.asarray(np.exp(-away / wide))


def _lit(surface: Doubles) -> Doubles:
    lamp = np.array([-0.5, -0.6, 0.65]) / np.linalg.norm([-0.5, -0.6, 0.65])
    noise = np.random.default_rng(0).normal(0, 2, surface.shape)
    return np.asarray(60 + 150 * np.maximum(normals_of(surface) @ lamp, 0) + noise)


def _missed(found: Doubles, true: Doubles) -> float:
    inner = np.hypot(ROWS, COLUMNS) < 42
    return float(np.std((found - true)[inner]))


def test_light_and_dark_tell_bumps_and_dents() -> None:
    true = 0.7 * DOME + 8 * _bump(-12, 10, 60) - 6 * _bump(15, -14, 80)
    balloon = inflated(INSIDE)

    found = shaded(balloon, INSIDE, _lit(true))

    assert _missed(found, true) < 0.85 * _missed(balloon, true)


def test_a_plain_ball_stays_one() -> None:
    balloon = inflated(INSIDE)

    found = shaded(balloon, INSIDE, _lit(DOME))

    assert np.abs(found - balloon).max() < 1.5


def test_what_is_painted_on_a_thing_bends_nothing() -> None:
    blots = np.random.default_rng(1).normal(0, 1, (24, 24))
    paint = cv2.resize(blots, (110, 110), interpolation=cv2.INTER_CUBIC)
    balloon = inflated(INSIDE)

    found = shaded(balloon, INSIDE, _lit(0.7 * DOME) * (1 + 0.5 * paint))

    assert np.array_equal(found, balloon)


def _photo(path: Path, disc: Doubles) -> Path:
    """A disc of such brightness at the left of a dark and restless picture."""
    random = np.random.default_rng(2)
    picture = random.integers(0, 70, (200, 260, 3)).astype(np.float64)
    rows, columns = np.mgrid[:200, :260]
    inside = np.hypot(rows - 110, columns - 80) < 55
    picture[inside] = disc[inside][:, None]
    return save_png(path, picture.astype(np.uint8))


def _made(photo: Path, networks: Networks) -> Made:
    return make_model(
        decode(photo), mask=None, shape=Shape.INFLATED, thickness=1.0,
        longest_side_m=0.2, name="thing", tell=lambda done, doing: None,
        networks=networks,
    )  # fmt: skip


def test_a_named_network_cuts_the_subject_out(tmp_path: Path) -> None:
    network = brightness_network(tmp_path / "bright.onnx")
    photo = _photo(tmp_path / "photo.png", np.full((200, 260), 220.0))

    made = _made(photo, Networks(matting=network))

    low, high = made.mesh.bounds
    # The disc alone, and not the picture, which is wider than high.
    assert (high - low)[:2] == pytest.approx([0.2, 0.2], abs=0.02)
    assert made.notes == ["The subject was cut out by bright."]


def test_a_named_network_shapes_the_front(tmp_path: Path) -> None:
    network = brightness_network(tmp_path / "near.onnx")
    ramp = np.tile(np.linspace(100, 255, 260), (200, 1))
    photo = _photo(tmp_path / "photo.png", ramp)

    made = _made(photo, Networks(matting=network, depth=network))

    x, _, z = made.mesh.vertices.T
    front = z > 0
    right, left = front & (x > 0.04), front & (x < -0.04)
    assert z[right].mean() > z[left].mean() + 0.01
    assert trimesh.Trimesh(made.mesh.vertices, made.mesh.faces).is_watertight
    assert "Its front was shaped by near." in made.notes


@pytest.mark.parametrize("content", [b"", b"no network at all"])
def test_a_file_that_is_no_network_is_named(tmp_path: Path, content: bytes) -> None:
    network = tmp_path / "broken.onnx"
    network.write_bytes(content)
    photo = _photo(tmp_path / "photo.png", np.full((200, 260), 220.0))

    with pytest.raises(BadNetworkError, match=r"broken\.onnx"):
        _made(photo, Networks(matting=network))
