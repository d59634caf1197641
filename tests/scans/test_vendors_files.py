"""What KIRI sends is published as it came, drawn with its colours, and completed."""

import json
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline import StageResult
from jobs.toolbox.meshes import write_obj_zip, write_ply, write_usdz
from jobs.toolbox.meshes.reading import read_model
from jobs.workbench import StepFile
from scans import stages
from scans.engines.kiri import KiriTask, scan
from scans.facts import CaptureFacts, PublishedFacts, SourceFacts
from scans.params import ScanParams
from scans.publishing import write_pictures
from tests.benches import make_bench
from tests.scans.models import cube
from tests.vendors.kiri import KEY, kiri_emulator, packed

# A splat as 3DGS makes it: points with colours and sizes, and no triangle.
SPLAT = (
    b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\n"
    b"property float z\nproperty float f_dc_0\nproperty float opacity\nend_header\n"
    b"0 0 0 0.1 0.9\n1 1 1 0.2 0.8\n"
)


@pytest.fixture(autouse=True)
def _short_turntables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "write_pictures", partial(write_pictures, views=2))


def _published(
    archive: bytes, folder: Path, settings: object, **params: object
) -> tuple[StageResult, PublishedFacts]:
    """An archive of KIRI's, through the steps that fetch and publish it."""
    wanted = ScanParams.model_validate(params)
    with kiri_emulator() as kiri:
        settings.KIRI_API_KEY = KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = kiri.url  # type: ignore[attr-defined]
        kiri.archive, kiri.script = archive, [2]
        kiri.asked["0"] = 0
        task = KiriTask(serialize="0", started_at=0)
        bench = make_bench(wanted, folder / "capture", engine="kiri", checkpoint=task)
        captured = scan(bench, SourceFacts(video=True), [])
    assert isinstance(captured, StageResult)
    assert isinstance(captured.facts, CaptureFacts)
    files = [
        StepFile(path=file.path, role=file.role, filename=file.name)
        for file in captured.files
    ]
    result = stages.publish(
        make_bench(
            wanted,
            folder / "publish",
            files={"capture": files},
            facts={"capture": captured.facts},
        )
    )
    assert isinstance(result.facts, PublishedFacts)
    return result, result.facts


def _file(result: StageResult, role: str) -> Path:
    [file] = [file for file in result.files if file.role == role]
    return file.path


def _obj(folder: Path) -> bytes:
    """OBJ, material and picture in a folder, as KIRI packs them."""
    with zipfile.ZipFile(write_obj_zip(cube(), folder / "cube.zip")) as made:
        return packed({f"out/{name}": made.read(name) for name in made.namelist()})


def test_an_obj_is_completed_with_usdz_and_glb_in_its_colours(
    tmp_path: Path, settings: object
) -> None:
    result, facts = _published(
        _obj(tmp_path), tmp_path, settings, fileFormat="obj", longestSideMeters=0.5
    )

    assert facts.formats == ["obj", "usdz", "glb"]
    assert (facts.usdz_faults, facts.notes, facts.triangles) == ([], [], 12)
    [mesh] = read_model(_file(result, "model_glb"))
    assert mesh.texture is not None
    assert np.array_equal(mesh.texture, cube().texture)
    # Standing on the ground, as large as was asked for.
    low, high = mesh.bounds
    assert (low[1], (high - low).max()) == pytest.approx((0, 0.5))
    assert {"turntable", "turntable_loop", "thumbnail", "vendor_archive"} <= {
        file.role for file in result.files
    }
    report = json.loads(_file(result, "report").read_text())
    assert (report["engine"], report["method"], report["task"]) == ("kiri", "kiri", "0")


def test_a_usdz_is_published_as_it_came_and_as_a_glb(
    tmp_path: Path, settings: object
) -> None:
    usdz = write_usdz(cube(), tmp_path / "cube.usdz").read_bytes()

    result, facts = _published(packed({"cube.usdz": usdz}), tmp_path, settings)

    assert facts.formats == ["usdz", "glb"]
    assert _file(result, "model_usdz").read_bytes() == usdz


def test_a_splat_is_delivered_though_it_cannot_be_drawn(
    tmp_path: Path, settings: object
) -> None:
    result, facts = _published(
        packed({"out/point_cloud.ply": SPLAT}), tmp_path, settings, scanType="3dgs"
    )

    assert facts.formats == ["ply"]
    assert _file(result, "model_ply").read_bytes() == SPLAT
    assert "no triangles" in facts.notes[0]


def test_a_model_without_a_picture_says_that_it_is_grey(
    tmp_path: Path, settings: object
) -> None:
    ply = write_ply(cube(), tmp_path / "cube.ply").read_bytes()

    _, facts = _published(packed({"cube.ply": ply}), tmp_path, settings)

    assert facts.formats == ["ply", "usdz", "glb"]
    assert "Choose OBJ, GLB or USDZ" in facts.notes[0]
