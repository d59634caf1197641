"""Grades scans and models against the truth: `python -m benchmarks.scans [--only ...]`.

Films things of known shape, runs each film through the steps of the `scan` pipeline at
default quality, aligns what comes out with the truth, and prints one JSON line each.
Then the same frames by pycolmap with its defaults, films that cannot work, a preview,
and models from single photos.
"""

import argparse
import json
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.scans_grading import Similarity, geometry, similarity, texture
from benchmarks.scans_models import models
from benchmarks.scans_rival import compared
from benchmarks.scans_scenes import (
    SHAPES,
    Film,
    Filming,
    Setting,
    Texture,
    film,
    film_once,
)
from jobs.errors import StageError
from jobs.pipeline import Kind, StageResult
from jobs.toolbox.meshes import TexturedMesh
from jobs.toolbox.meshes.reading import read_model
from jobs.workbench import StepFile
from scans.engines.photogrammetry.cleanup import Surface, is_closed, pieces
from scans.engines.photogrammetry.poses import Poses, read_poses
from scans.params import Quality, ScanParams
from scans.pipeline import SCAN
from tests.benches import make_bench

Doubles = NDArray[np.float64]
CASES = (
    (Setting.WALK, Texture.RICH),
    (Setting.WALK, Texture.WEAK),
    (Setting.TURNTABLE, Texture.RICH),
)
# Where the plain way is run beside the product.
RIVAL_SHAPE = "boxy"
TARGETS = {
    "walk-rich": "chamfer <= 0.20, f_at_0.5 >= 0.95, psnr >= 27, detail >= 0.65",
    "walk-weak": "f_at_1 >= 0.80",
    "turntable-rich": "chamfer <= 0.6, f_at_1 >= 0.90",
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the steps of one scan left behind."""

    files: Mapping[str, Sequence[StepFile]]
    facts: Mapping[str, Any]
    seconds: dict[str, float]
    peak_mib: int = 0

    def file(self, step: str, role: str) -> Path:
        return next(f.path for f in self.files[step] if f.role == role)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a scan was not made, and what its user is told."""

    code: str
    detail: str
    seconds: float


def scanned(
    video: Path, folder: Path, params: ScanParams, last: str = "publish"
) -> Run | Refusal:
    """A scan in a process of its own, so that its memory is its own, too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_scanned, video, folder, params, last).result()


def _scanned(video: Path, folder: Path, params: ScanParams, last: str) -> Run | Refusal:
    started = time.monotonic()
    try:
        run = run_scan(video, folder, params, last)
    except StageError as error:
        seconds = round(time.monotonic() - started, 1)
        return Refusal(code=error.code, detail=error.detail, seconds=seconds)
    return run


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A step that came to its end: what it gave, and what it took."""

    result: StageResult
    seconds: float
    peak_mib: int


def run_scan(video: Path, folder: Path, params: ScanParams, last: str) -> Run:
    """The local steps, one after the other, as a worker runs them."""
    files: dict[str, list[StepFile]] = {}
    facts: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    peak_mib = 0
    for step in SCAN.steps:
        bench = make_bench(
            params, folder / step.name, inputs=[video], kind=Kind.VIDEO, files=files,
            facts=facts,
        )  # fmt: skip
        ended = _ended(step.run, bench, folder / f"{step.name}.ended")
        seconds[step.name] = ended.seconds
        peak_mib = max(peak_mib, ended.peak_mib)
        if ended.result.facts is not None:
            facts[step.name] = ended.result.facts
        files[step.name] = [
            StepFile(path=f.path, role=f.role, filename=f.name)
            for f in ended.result.files
        ]
        if step.name == last:
            break
    return Run(files=files, facts=facts, seconds=seconds, peak_mib=peak_mib)


def _ended(run: Callable[[Any], Any], bench: Any, kept: Path) -> Ended:
    """Runs a step, or takes what it left when a run before came so far."""
    if kept.exists():
        return cast("Ended", pickle.loads(kept.read_bytes()))
    started = time.monotonic()
    result = run(bench)
    seconds = round(time.monotonic() - started, 2)
    peak = max(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )
    ended = Ended(result=result, seconds=seconds, peak_mib=round(peak / 1024))
    kept.write_bytes(pickle.dumps(ended))
    return ended


def _frames_of(run: Run, poses: Poses, scene: Film) -> list[int]:
    """Places in the film of the pictures that were used: surveys may skip frames."""
    per_sample = len(scene.cameras) / run.facts["capture"].looked_at
    return [
        round(int(placed.name.split(".")[0]) * per_sample) for placed in poses.placed
    ]


def placed_in_truth(run: Run, scene: Film) -> tuple[Similarity, set[int]]:
    """The fit of the published model with the truth, by the cameras."""
    poses = read_poses(run.file("poses", "poses"), 0)
    used = _frames_of(run, poses, scene)
    with np.load(run.file("mesh", "surface")) as found:
        upright, vertices = found["upright"], found["vertices"]
    centres = np.array([placed.camera.centre for placed in poses.placed]) @ upright.T
    # The published model is the surface, shifted and scaled: cameras follow it.
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = (low + high) / 2
    scale = ScanParams().longestSideMeters / float((high - low).max())
    own = (centres - [middle[0], low[1], middle[2]]) * scale
    true = np.array([scene.cameras[index].centre for index in used])
    return similarity(own, true), set(used)


def grade(scene: Film, folder: Path, params: ScanParams) -> dict[str, Any]:
    """One film through the product, and what came out of it."""
    run = scanned(scene.path, folder, params)
    if isinstance(run, Refusal):
        told = {"refused": run.code, "said": run.detail}
        return {**told, "seconds_in_all": run.seconds}
    return figures(run, scene)


def figures(run: Run, scene: Film) -> dict[str, Any]:
    report = json.loads(run.file("publish", "report").read_text())
    fit, used = placed_in_truth(run, scene)
    [mesh] = read_model(run.file("publish", "model_glb"))
    welded = _welded(mesh)
    return {
        **report["views"],
        **geometry(mesh, fit, scene),
        **texture(mesh, fit, scene, used),
        "components": len(set(pieces(welded).tolist())),
        "watertight": is_closed(welded),
        "triangles": len(mesh.faces),
        "usdz_bytes": run.file("publish", "model_usdz").stat().st_size,
        "usdz_faults": report["usdz_faults"],
        "seconds": run.seconds,
        "seconds_in_all": round(sum(run.seconds.values()), 1),
        "peak_mib": run.peak_mib,
    }


def _welded(mesh: TexturedMesh) -> Surface:
    """Without the doubled vertices along the texture's cuts."""
    vertices, owner = np.unique(mesh.vertices, axis=0, return_inverse=True)
    faces = owner.reshape(-1)[mesh.faces].astype(np.int32)
    return Surface(vertices=vertices, faces=faces)


def films(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Every shape in every setting, graded."""
    for case in options.settings:
        for name in options.shapes:
            scene = filmed(name, case, options, folder)
            work = folder / f"{name}-{case}"
            told = work / "graded.json"
            if not told.exists():
                graded = grade(scene, work, ScanParams())
                told.write_text(json.dumps(graded))
            line = json.loads(told.read_text())
            yield {"shape": name, "case": case, **line, "target": TARGETS[case]}


def filmed(name: str, case: str, options: argparse.Namespace, folder: Path) -> Film:
    setting, _, surface = case.partition("-")
    filming = Filming(
        seconds=options.seconds, setting=Setting(setting), texture=Texture(surface)
    )
    path = folder / f"{name}-{case}-{options.seconds:g}s.mp4"
    return film_once(SHAPES[name](), filming, path)


def rival(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """The product's poses beside pycolmap's own, before a moving and a still background."""
    for case in options.settings:
        if case.endswith("-weak"):
            continue
        scene = filmed(RIVAL_SHAPE, case, options, folder)
        # The same scan as among the films, where that was made before.
        work = folder / f"{RIVAL_SHAPE}-{case}"
        run = scanned(scene.path, work, ScanParams(), last="poses")
        if isinstance(run, Refusal):
            yield {"rival": case, "refused": run.code, "said": run.detail}
            continue
        poses = read_poses(run.file("poses", "poses"), 0)
        places = _frames_of(run, poses, scene)
        centres = [placed.camera.centre for placed in poses.placed]
        yield {
            "rival": case,
            **compared(
                scene, folder / f"plain-{case}", dict(zip(places, centres, strict=True)),
                run.seconds["poses"], run.facts["capture"].selected,
            ),
            "target": "no worse, times_faster >= 2.5",
        }  # fmt: skip


def preview(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    scene = filmed(RIVAL_SHAPE, "walk-rich", options, folder)
    graded = grade(scene, folder / "preview", ScanParams(quality=Quality.PREVIEW))
    yield {"preview": RIVAL_SHAPE, **graded, "target": "seconds_in_all <= 150"}


def refusals(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Films that cannot work are refused early, with their reason."""
    shape = SHAPES["smooth"]()
    wrong = {
        "blurred": Filming(seconds=4, blur_px=9.0),
        "five_frames": Filming(seconds=1 / 3),
        "no_texture": Filming(seconds=4, texture=Texture.NONE),
        "dark": Filming(seconds=4, brightness=0.06),
        "no_movement": Filming(seconds=4, turn_deg=0.5, shake_deg=0.05),
    }
    for name, filming in wrong.items():
        scene = film(shape, filming, folder / f"{name}.mp4")
        graded = grade(scene, folder / name, ScanParams())
        yield {"refusal": name, **graded, "target": "refused, seconds_in_all <= 30"}


def graded_models(
    options: argparse.Namespace, folder: Path
) -> Iterator[dict[str, Any]]:
    yield from models(folder / "models")


WORK = {
    "films": films,
    "rival": rival,
    "preview": preview,
    "refusals": refusals,
    "models": graded_models,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="As it is told anyway.")
    parser.add_argument("--only", nargs="*", default=list(WORK), choices=list(WORK))
    parser.add_argument(
        "--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES)
    )
    cases = [f"{setting}-{surface}" for setting, surface in CASES]
    parser.add_argument("--settings", nargs="*", default=cases, choices=cases)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument(
        "--keep", type=Path,
        help="Keep films and models in this folder; what is there is not made again.",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="scans-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for part in options.only:
            for line in WORK[part](options, folder):
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediaforge.settings")
    main()
