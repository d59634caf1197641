"""What each step of `model` does: photos grouped, models made one by one, all packed."""

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePath

import cv2
import numpy as np
from django.conf import settings
from pydantic import BaseModel

from jobs.pipeline import OutputFile, SoFar, StageResult, Wait, Workbench
from jobs.toolbox import cutouts, images
from jobs.toolbox.meshes import TexturedMesh
from jobs.toolbox.meshes.reading import joined, read_model
from jobs.toolbox.meshes.rendering import write_thumbnail
from scans.endpoints import endpoint_of
from scans.engines import fal, grouping
from scans.engines.photogrammetry import engine as photogrammetry
from scans.engines.photogrammetry.budgets import budget_for
from scans.engines.single_photo.engine import Made, Networks, make_model
from scans.errors import ScanError
from scans.facts import Method
from scans.params import FileFormat, ModelParams
from scans.publishing import usdz_faults, write_models

Bench = Workbench[ModelParams]
GROUPING_PX = 800


class GroupFacts(BaseModel):
    """Which photos make which model."""

    groups: list[list[int]]
    labels: list[str]


class ModelFacts(BaseModel):
    """One model that came out."""

    name: str
    method: Method
    photos: list[str]
    triangles: int
    files: list[str]
    usdz_faults: list[str] = []
    notes: list[str] = []


class ModelsFacts(BaseModel):
    """What the job's result shows."""

    models: list[ModelFacts]
    failed: int
    method: str


def group_photos(bench: Bench) -> StageResult:
    """Find the photos that show one object from several sides."""
    filenames = [one.filename for one in bench.inputs]
    names = names_of(filenames)
    paths = bench.input_paths()
    groups = [[index] for index in range(len(paths))]
    if bench.params.group and endpoint_of(bench.params, 1).sides:
        groups = fal.named_sides(filenames)
    elif bench.params.group and len(paths) >= grouping.FEWEST_TOGETHER:
        pictures = []
        with ThreadPoolExecutor(grouping.THREADS) as pool:
            for picture in pool.map(_cut_small, paths):
                pictures.append(picture)
                done = len(pictures) / len(paths)
                bench.report(0.6 * done, "Cutting out the subjects")
        groups = grouping.group(pictures, bench.reporter(0.6, 1.0))
    together = sum(len(heap) > 1 for heap in groups)
    facts = GroupFacts(groups=groups, labels=[names[heap[0]] for heap in groups])
    note = f"{together} object seen from several sides." if together else ""
    return StageResult(facts=facts, note=note)


def _cut_small(path: Path) -> tuple[images.Pixels, images.Pixels]:
    """A photo and where its subject is, as large as comparing needs."""
    photo = images.decode(path, longest_px=GROUPING_PX).shrunk(GROUPING_PX)
    return photo.rgb, cutouts.cut_out(photo).alpha


def names_of(filenames: list[str]) -> list[str]:
    """File names without endings, each once."""
    names: list[str] = []
    for filename in filenames:
        stem = "".join(
            c if c.isalnum() or c in "-_" else "_" for c in PurePath(filename).stem
        )
        stem = stem[:60] or "photo"
        name, count = stem, 2
        while name in names:
            name, count = f"{stem}-{count}", count + 1
        names.append(name)
    return names


def parts_of(so_far: SoFar[ModelParams]) -> list[str]:
    return so_far.facts("group", GroupFacts).labels


def make_part(bench: Bench) -> StageResult | Wait:
    """One model from the photos of one part."""
    facts = bench.facts("group", GroupFacts)
    assert bench.part is not None
    heap, name = facts.groups[bench.part], facts.labels[bench.part]
    paths = [bench.shelf.input_path(index) for index in heap]
    notes: list[str] = []
    if bench.engine == "fal":
        found = fal.make(bench, paths, [bench.inputs[i].filename for i in heap])
        if isinstance(found, Wait):
            return found
        mesh, method = _renamed(joined(read_model(found)), name), Method.FAL
    else:
        mesh, method, notes = _made_here(bench, paths, name)
    files = write_models(mesh, bench.workdir, FileFormat.GLB)
    faults = usdz_faults(files)
    thumbnail = write_thumbnail(
        mesh, bench.workdir / f"{name}_thumbnail.webp", size_px=320
    )
    files.append(
        OutputFile(path=thumbnail, role="thumbnail", content_type="image/webp")
    )
    told = ModelFacts(
        name=name,
        method=method,
        photos=[bench.inputs[index].filename for index in heap],
        triangles=len(mesh.faces),
        files=[file.name for file in files],
        usdz_faults=faults,
        notes=notes,
    )
    return StageResult(files=files, facts=told, note=f"Made by {method.value}.")


def _renamed(mesh: TexturedMesh, name: str) -> TexturedMesh:
    return replace(mesh, name=name)


def _made_here(
    bench: Bench, paths: list[Path], name: str
) -> tuple[TexturedMesh, Method, list[str]]:
    """From all sides where the photos allow it, else from the first photo alone."""
    why = "local models need more"
    if len(paths) >= grouping.FEWEST_TOGETHER:
        try:
            mesh = _from_all_sides(bench, paths, name)
        except ScanError as error:
            why = f"together they make no model. {error.detail}"
            bench.log(error.detail, "warning")
        else:
            return mesh, Method.PHOTOGRAMMETRY, []
    made = _from_one_side(bench, paths[0], name)
    notes = [*made.notes, "The side that the photo does not show is guessed."]
    if len(paths) > 1:
        notes.append(f"Only the first of its photos was used: {why.rstrip('.')}.")
    return made.mesh, made.method, notes


def _from_one_side(bench: Bench, path: Path, name: str) -> Made:
    mask = None
    if bench.params.mask:
        mask = cv2.imread(str(bench.asset(bench.params.mask)), cv2.IMREAD_GRAYSCALE)
    return make_model(
        images.decode(path, name=path.name),
        mask=None if mask is None else np.asarray(mask, np.uint8),
        shape=bench.params.shape,
        thickness=bench.params.thickness,
        longest_side_m=bench.params.longestSideMeters,
        name=name,
        tell=bench.report,
        networks=Networks(
            matting=_network(settings.MATTING_MODEL),
            depth=_network(settings.DEPTH_MODEL),
        ),
    )


def _network(named: str) -> Path | None:
    return Path(named) if named else None


def _from_all_sides(bench: Bench, paths: list[Path], name: str) -> TexturedMesh:
    budget = budget_for(1, preview=False)
    folder = bench.workdir
    pictures, _ = photogrammetry.capture_photos(
        paths, folder / "pictures", budget, _mute, fewest=grouping.FEWEST_TOGETHER
    )
    bench.report(0.1, "Placing the cameras")
    poses, _ = photogrammetry.place_cameras(pictures, folder, ordered=False, tell=_mute)
    bench.report(0.35, "Measuring depth")
    cloud, _ = photogrammetry.find_surface_points(
        pictures, poses, folder, budget, _mute
    )
    bench.report(0.7, "Building the surface")
    surface, _ = photogrammetry.build_mesh(
        pictures, poses, cloud, folder, budget, keep_ground=False, tell=_mute
    )
    bench.report(0.85, "Painting the surface")
    painted, _ = photogrammetry.paint(
        pictures, poses, surface, folder,
        most_px=bench.params.textureSize, smooth=False,
        longest_side_m=bench.params.longestSideMeters, tell=_mute,
    )  # fmt: skip
    return photogrammetry.read_mesh(painted, name)


def _mute(done: float, doing: str) -> None:
    """Steps inside a part report through the part alone."""


def pack(bench: Bench) -> StageResult:
    """All models in one archive, and what can be said of them."""
    made = bench.part_facts("make", ModelFacts)
    groups = bench.facts("group", GroupFacts)
    archive = bench.workdir / "models.zip"
    files = bench.files("make")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for count, file in enumerate(files):
            packed.write(file.path, file.filename)
            bench.report(0.9 * (count + 1) / len(files), "Packing")
    methods = sorted({one.method.value for one in made})
    facts = ModelsFacts(
        models=made, failed=len(groups.groups) - len(made), method=", ".join(methods)
    )
    report = bench.workdir / "report.json"
    figures = {
        "views": {
            "selected": len(bench.inputs),
            "registered": sum(len(m.photos) for m in made),
        }
    }
    report.write_text(json.dumps(facts.model_dump(mode="json") | figures, indent=2))
    note = (
        f"{len(made)} of {len(groups.groups)} models came out." if facts.failed else ""
    )
    return StageResult(
        files=[
            OutputFile(path=archive, role="archive", content_type="application/zip"),
            OutputFile(path=report, role="report", content_type="application/json"),
        ],
        facts=facts,
        note=note,
    )


def cancel(bench: Bench) -> None:
    if bench.engine == "fal":
        fal.cancel(bench)
