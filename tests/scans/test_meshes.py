"""Meshes are written so that others' readers take them."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from pxr import Usd

from jobs.toolbox.meshes import (
    TexturedMesh,
    check_usdz,
    look_at,
    write_glb,
    write_obj_zip,
    write_ply,
    write_stl,
    write_usdz,
)
from jobs.toolbox.meshes.gltf import write_gltf_zip
from jobs.toolbox.meshes.reading import UnreadableModelError, joined, read_model
from jobs.toolbox.meshes.rendering import render, write_turntable
from scans import publishing
from scans.params import FileFormat
from tests.scans.models import cube


def test_glb_is_read_back_with_its_texture(tmp_path: Path) -> None:
    [read] = read_model(write_glb(cube(), tmp_path / "cube.glb"))

    assert len(read.faces) == 12
    assert read.texture is not None
    assert np.array_equal(read.texture, cube().texture)
    assert read.bounds[1].tolist() == [1, 1, 1]


def test_usdz_of_several_meshes_has_no_faults(tmp_path: Path) -> None:
    card = replace(
        cube("a card/2"), double_sided=True, unlit=True,
        texture=np.full((8, 8, 4), 128, np.uint8),
    )  # fmt: skip

    path = write_usdz([cube(), card], tmp_path / "scene.usdz")

    assert check_usdz(path) == []
    assert len(read_model(path)) == 2


def pictured(tmp_path: Path) -> TexturedMesh:
    random = np.random.default_rng(3)
    texture = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return replace(cube(), texture=texture)


def test_usdz_is_read_back_with_its_texture(tmp_path: Path) -> None:
    made = pictured(tmp_path)

    [read] = read_model(write_usdz(made, tmp_path / "cube.usdz"))

    assert read.texture is not None
    assert read.uvs is not None
    assert made.uvs is not None
    assert np.abs(read.texture.astype(int) - made.texture).max() <= 2
    assert np.allclose(
        read.uvs[read.faces].reshape(-1, 2), made.uvs[made.faces].reshape(-1, 2)
    )


def test_a_model_gets_no_picture_from_elsewhere_on_the_server(tmp_path: Path) -> None:
    made = write_usdz(pictured(tmp_path), tmp_path / "cube.usdz")
    others = tmp_path / "others" / "secret.png"
    others.parent.mkdir()
    Image.effect_noise((64, 64), 80).convert("RGB").save(others)
    stage = Usd.Stage.Open(str(made))
    text = re.sub(r"@[^@]+\.(png|jpg)\]?@", f"@{others}@", stage.ExportToString())
    hostile = tmp_path / "scan" / "hostile.usda"
    hostile.parent.mkdir()
    hostile.write_text(text)

    [read] = read_model(hostile)

    assert str(others) in text
    assert len(read.faces) == 12
    assert read.texture is None


def test_a_compressed_package_is_found_out(tmp_path: Path) -> None:
    good = write_usdz(cube(), tmp_path / "good.usdz")
    bad = tmp_path / "bad.usdz"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in reversed(source.namelist()):
            target.writestr(name, source.read(name), zipfile.ZIP_DEFLATED)

    faults = " ".join(check_usdz(bad))

    assert "compressed" in faults
    assert "first member" in faults


def test_plain_formats_are_read_by_others(tmp_path: Path) -> None:
    ply = trimesh.load_mesh(write_ply(cube(), tmp_path / "cube.ply"))
    stl = trimesh.load_mesh(write_stl(cube(), tmp_path / "cube.stl"))

    assert ply.is_watertight
    assert ply.visual.kind == "vertex"
    # A cubic metre in millimetres, turned to face outwards.
    assert abs(stl.volume) == pytest.approx(1e9)


def test_zipped_formats_name_their_parts(tmp_path: Path) -> None:
    obj = write_obj_zip(cube(), tmp_path / "cube_obj.zip")
    gltf = write_gltf_zip(cube(), tmp_path / "cube_gltf.zip")
    for archive in (obj, gltf):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / archive.stem)

    assert read_model(tmp_path / "cube_obj" / "cube.obj")[0].texture is not None
    assert len(read_model(tmp_path / "cube_gltf" / "cube.gltf")[0].faces) == 12


def test_a_broken_model_is_said_to_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "broken.glb"
    path.write_bytes(b"glTF\x02\0\0\0")

    with pytest.raises(UnreadableModelError, match=r"broken\.glb cannot be opened"):
        read_model(path)


def test_rendering_shows_the_mesh_where_it_is() -> None:
    camera = look_at(
        np.array([0.5, 0.5, 4]), np.array([0.5, 0.5, 0.5]), size_px=(60, 40)
    )

    picture, cover = render(cube(), camera)

    assert picture.shape == (40, 60, 3)
    assert cover[20, 30] == 1
    assert cover[0, 0] == 0


def test_turntable_is_a_film_and_a_moving_picture(tmp_path: Path) -> None:
    import av
    from PIL import Image

    write_turntable(
        cube(), tmp_path / "t.mp4", tmp_path / "t.webp", views=4, size_px=64
    )

    with av.open(str(tmp_path / "t.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 8
    with Image.open(tmp_path / "t.webp") as loop:
        assert loop.n_frames == 2  # type: ignore[attr-defined]


def test_joining_keeps_every_triangle() -> None:
    both = joined([cube(), cube("other")])

    assert len(both.faces) == 24
    assert both.faces.max() == 15


def test_a_usdz_is_made_lighter_until_phones_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "USDZ_BYTES", 1_200_000)
    noise = np.random.default_rng(0).integers(0, 256, (2048, 2048, 3)).astype(np.uint8)
    heavy = replace(cube(), texture=noise)

    files = publishing.write_models(heavy, tmp_path, FileFormat.GLB)

    sizes = {file.role: file.path.stat().st_size for file in files}
    assert sizes["model_usdz"] <= 1_200_000
    assert publishing.usdz_faults(files) == []
    # The other files keep all that was seen.
    assert sizes["model_glb"] > 2_000_000


def test_a_usdz_that_cannot_be_lighter_is_said_to_be_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "USDZ_BYTES", 1000)

    files = publishing.write_models(cube(), tmp_path, FileFormat.USDZ)

    assert "phones show up to" in " ".join(publishing.usdz_faults(files))
