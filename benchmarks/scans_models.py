"""Grades `model`: one photo a thing, made and shown again from where it was taken."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scans_grading import sampled
from benchmarks.scans_scenes import SHAPES, Shape, crate, solid_colours
from jobs.pipeline import StageResult
from jobs.toolbox.images import save_png
from jobs.toolbox.meshes import Camera, TexturedMesh, look_at
from jobs.toolbox.meshes.rasteriser import rasterise
from jobs.toolbox.meshes.reading import read_model
from jobs.toolbox.meshes.rendering import render
from jobs.workbench import StepFile
from scans import model_stages
from scans.model_stages import GroupFacts, ModelFacts
from scans.params import ModelParams
from tests.benches import make_bench

Doubles = NDArray[np.float64]
SIDE_PX = 640
BACKDROP = 235.0
# Where the photographer stands: a little beside and above the thing.
STANDS = ((0.9, 0.9, 2.2), (-1.3, 0.7, 1.9))
THINGS: dict[str, Callable[[], Shape]] = {**SHAPES, "crate": crate}


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A photo of a thing before a plain backdrop, and the truth about it."""

    path: Path
    shape: Shape
    camera: Camera
    outline: NDArray[np.bool_]


def shoot(shape: Shape, stand: Sequence[float], path: Path, *, seed: int) -> Shot:
    middle = np.array([0, 0.5 * float(shape.vertices[:, 1].max()), 0])
    camera = look_at(
        np.array(stand) * 1.3, middle, size_px=(SIDE_PX, SIDE_PX), field_of_view_deg=30
    )
    fine = camera.resized(2 * SIDE_PX, 2 * SIDE_PX)
    fragments = rasterise(shape.vertices, shape.faces, fine)
    inside = fragments.face >= 0
    picture = np.full((*inside.shape, 3), BACKDROP, np.float32)
    places = fragments.interpolate(shape.faces, shape.vertices)[inside]
    picture[inside] = 0.9 * solid_colours(places, seed=seed, contrast=0.8)
    small = cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed).normal(0, 1.5, small.shape)
    save_png(path, np.clip(small + noise, 0, 255).astype(np.uint8))
    cover = cv2.resize(
        inside.astype(np.float32), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA
    )
    return Shot(path=path, shape=shape, camera=camera, outline=cover > 0.5)


def models(folder: Path) -> Iterator[dict[str, Any]]:
    """One line a photo, then their means, then 25 at once, then a mixed set."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, make in THINGS.items():
        for number, stand in enumerate(STANDS):
            shot = shoot(
                make(), stand, folder / f"{name}-{number}.png", seed=3 + number
            )
            lines.append({"model": f"{name}-{number}", **grade(shot, folder)})
            yield lines[-1]
    boxes = [line["f_at_10_percent"] for line in lines if "crate" in line["model"]]
    yield {
        "model": "all",
        "silhouette_iou": min(line["silhouette_iou"] for line in lines),
        "psnr_db": min(line["psnr_db"] for line in lines),
        "f_at_10_percent": _mean(line["f_at_10_percent"] for line in lines),
        "f_at_10_percent_boxes": _mean(iter(boxes)),
        "target": "iou >= 0.97, psnr >= 28, f >= 0.58, boxes >= 0.6",
    }
    yield {"model": "25 images", **many_at_once(folder / "many")}
    yield {"model": "mixed set", **mixed_set(folder / "mixed")}


def _mean(values: Iterator[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def grade(shot: Shot, folder: Path) -> dict[str, Any]:
    started = time.monotonic()
    made, facts = _made([shot.path], [0], folder / f"bench-{shot.path.stem}")
    seconds = time.monotonic() - started
    [mesh] = read_model(made)
    return {
        "method": facts.method.value,
        **from_the_front(mesh, shot),
        "f_at_10_percent": f_score(mesh, shot),
        "triangles": facts.triangles,
        "usdz_faults": facts.usdz_faults,
        "seconds": round(seconds, 2),
    }


def _made(
    photos: list[Path], heap: list[int], workdir: Path
) -> tuple[Path, ModelFacts]:
    facts = GroupFacts(groups=[heap], labels=[photos[heap[0]].stem])
    bench = make_bench(
        ModelParams(), workdir, inputs=photos, part=0, facts={"group": facts}
    )
    result = model_stages.make_part(bench)
    # Locally no part waits.
    assert isinstance(result, StageResult)
    told = result.facts
    assert isinstance(told, ModelFacts)
    return next(f.path for f in result.files if f.role == "model_glb"), told


def from_the_front(mesh: TexturedMesh, shot: Shot) -> dict[str, float]:
    """Shown from far in front, where a photo model's input view is, over the photo."""
    rows, columns = np.nonzero(shot.outline)
    box = (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1)
    low, high = mesh.bounds
    size = (high - low).astype(float)
    middle = (low + high).astype(float) / 2
    away = 400.0 * float(size.max())
    scale = max((box[1] - box[0]) / size[0], (box[3] - box[2]) / size[1])
    eye = middle + np.array([0, 0, away])
    rotation = np.diag([1.0, -1.0, -1.0])
    camera = Camera(
        width_px=SIDE_PX, height_px=SIDE_PX, focal_px=(scale * away, scale * away),
        principal_px=((box[0] + box[1]) / 2, (box[2] + box[3]) / 2),
        rotation=rotation, translation=-rotation @ eye,
    )  # fmt: skip
    drawn, cover = render(mesh, camera)
    shown = cover > 0.5
    both = shown & shot.outline
    photo = cv2.cvtColor(cv2.imread(str(shot.path)), cv2.COLOR_BGR2RGB)
    inner = cv2.erode(both.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    error = (drawn.astype(np.float64) - photo)[inner]
    return {
        "silhouette_iou": round(float(both.sum() / (shown | shot.outline).sum()), 4),
        "psnr_db": round(float(10 * np.log10(255**2 / (error**2).mean())), 2),
    }


def f_score(mesh: TexturedMesh, shot: Shot) -> float:
    """F at a tenth of the longest side; depth has no zero, so the best shift counts."""
    from scipy.spatial import cKDTree

    seen = shot.shape.vertices @ shot.camera.rotation.T * [1, -1, -1]
    seen = seen - (seen.min(axis=0) + seen.max(axis=0)) / 2
    low, high = mesh.bounds
    own = mesh.vertices - (low + high) / 2
    own = own * (np.ptp(seen[:, :2], axis=0).max() / np.ptp(own[:, :2], axis=0).max())
    true = sampled(seen, shot.shape.faces, seed=1).points[::25]
    points = sampled(own, mesh.faces, seed=2).points[::25]
    near = 0.1 * shot.shape.longest_side
    tree = cKDTree(true)
    best = 0.0
    for shift in np.linspace(-0.3, 0.3, 13):
        moved = points + np.array([0, 0, shift])
        precision = float((tree.query(moved, workers=-1)[0] < near).mean())
        recall = float((cKDTree(moved).query(true, workers=-1)[0] < near).mean())
        best = max(best, 2 * precision * recall / max(precision + recall, 1e-9))
    return round(best, 4)


def many_at_once(folder: Path) -> dict[str, Any]:
    """25 photos grouped, made on two processes as two workers make them, and packed."""
    folder.mkdir(parents=True)
    names = list(THINGS)
    photos = []
    for number in range(25):
        stand = np.array(STANDS[number % 2]) * [1, 0.6 + 0.03 * number, 1]
        path = folder / f"photo-{number:02d}.png"
        shoot(
            THINGS[names[number % len(names)]](), stand.tolist(), path, seed=40 + number
        )
        photos.append(path)
    started = time.monotonic()
    facts = _grouped(photos, folder)
    grouped_s = time.monotonic() - started
    alone = all(len(heap) == 1 for heap in facts.groups)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_made, photos, heap, folder / f"part-{heap[0]}")
            for heap in facts.groups
        ]
        made = [job.result() for job in jobs]
    files = [
        StepFile(path=path, role="model_glb", filename=path.name) for path, _ in made
    ]
    bench = make_bench(
        ModelParams(), folder / "pack", inputs=photos, files={"make": files},
        facts={"group": facts, "make": [told for _, told in made]},
    )  # fmt: skip
    model_stages.pack(bench)
    return {
        "photos": len(photos),
        "models": len(made),
        "each_alone": alone,
        "grouping_seconds": round(grouped_s, 1),
        "seconds": round(time.monotonic() - started, 1),
        "target": "seconds <= 120",
    }


def _grouped(photos: list[Path], folder: Path) -> GroupFacts:
    bench = make_bench(ModelParams(), folder / "group", inputs=photos)
    facts = model_stages.group_photos(bench).facts
    assert isinstance(facts, GroupFacts)
    return facts


def mixed_set(folder: Path) -> dict[str, Any]:
    """Two things from many sides among single photos: are those two found, whole?"""
    folder.mkdir(parents=True)
    photos: list[Path] = []
    wanted: dict[str, list[int]] = {"boxy": [], "bottle": []}
    for turn in range(9):
        for name, places in wanted.items():
            angle = np.radians(turn * 22)
            stand = [2.2 * np.sin(angle), 0.8, 2.2 * np.cos(angle)]
            path = folder / f"{name}-{turn}.png"
            shoot(SHAPES[name](), stand, path, seed=7 + len(name))
            places.append(len(photos))
            photos.append(path)
    for name in ("smooth", "holed", "limbed", "crate"):
        path = folder / f"{name}.png"
        shoot(THINGS[name](), STANDS[0], path, seed=90 + len(photos))
        photos.append(path)
    groups = _grouped(photos, folder).groups
    together = sorted(heap for heap in groups if len(heap) > 1)
    return {
        "photos": len(photos),
        "groups": len(groups),
        "rightly": together == sorted(wanted.values()),
        "together": json.dumps(together),
    }
