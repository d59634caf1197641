"""Grades scans and models against the truth: `python -m benchmarks.scans [--shapes ...]`.

Films things of known shape, runs each film through the steps of the `scan` pipeline at
default quality, aligns what comes out with the truth, and prints one JSON line each.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scans_scenes import SHAPES, Film, Filming, Setting, Texture, film
from jobs.errors import StageError
from jobs.pipeline import Kind
from jobs.toolbox.meshes import Camera, TexturedMesh
from jobs.toolbox.meshes.rasteriser import rasterise
from jobs.toolbox.meshes.reading import read_model
from jobs.toolbox.meshes.rendering import render
from jobs.workbench import StepFile
from scans.engines.photogrammetry.cleanup import Surface, is_closed, pieces
from scans.engines.photogrammetry.poses import Poses, read_poses
from scans.params import ScanParams
from scans.pipeline import SCAN
from tests.benches import make_bench

Doubles = NDArray[np.float64]
SAMPLES = 200_000
CASES = (
    (Setting.WALK, Texture.RICH),
    (Setting.WALK, Texture.WEAK),
    (Setting.TURNTABLE, Texture.RICH),
)


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Carries the scan's own space into the truth's."""

    scale: float
    rotation: Doubles
    middle: Doubles
    target: Doubles

    def apply(self, points: NDArray[np.floating]) -> Doubles:
        return np.asarray(
            (points - self.middle) @ self.rotation.T * self.scale + self.target
        )

    def undo(self, camera: Camera) -> Camera:
        """A camera of the truth, as the scan's space sees it."""
        eye = (camera.centre - self.target) @ self.rotation / self.scale + self.middle
        rotation = camera.rotation @ self.rotation
        return Camera(
            width_px=camera.width_px, height_px=camera.height_px,
            focal_px=camera.focal_px, principal_px=camera.principal_px,
            rotation=rotation, translation=-rotation @ eye,
        )  # fmt: skip


def similarity(own: Doubles, true: Doubles) -> Similarity:
    """The best fit of point pairs, after Umeyama 1991."""
    a, b = own - own.mean(axis=0), true - true.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a)
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    return Similarity(
        scale=float((s * np.diag(flip)).sum() / (a**2).sum()),
        rotation=u @ flip @ vt,
        middle=own.mean(axis=0),
        target=true.mean(axis=0),
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the steps of one scan left behind."""

    files: Mapping[str, Sequence[StepFile]]
    seconds: dict[str, float]

    def file(self, step: str, role: str) -> Path:
        return next(f.path for f in self.files[step] if f.role == role)


def run_scan(video: Path, folder: Path, params: ScanParams) -> Run:
    """All local steps, one after the other, as a worker runs them."""
    files: dict[str, list[StepFile]] = {}
    facts: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for step in SCAN.steps:
        bench = make_bench(
            params, folder / step.name, inputs=[video], kind=Kind.VIDEO, files=files,
            facts=facts,
        )  # fmt: skip
        started = time.monotonic()
        result = step.run(bench)
        seconds[step.name] = round(time.monotonic() - started, 2)
        if result.facts is not None:  # type: ignore[union-attr]  # locally no step waits
            facts[step.name] = result.facts  # type: ignore[union-attr]
        files[step.name] = [
            StepFile(path=f.path, role=f.role, filename=f.name)
            for f in result.files  # type: ignore[union-attr]
        ]
    return Run(files=files, seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Samples:
    points: Doubles
    normals: Doubles


def sampled(
    vertices: NDArray[np.floating], faces: NDArray[np.int32], seed: int
) -> Samples:
    """Points evenly over a surface."""
    random = np.random.default_rng(seed)
    corners = np.asarray(vertices, np.float64)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    chosen = random.choice(len(faces), SAMPLES, p=area / area.sum())
    u, v = random.random((2, SAMPLES))
    over = u + v > 1
    u[over], v[over] = 1 - u[over], 1 - v[over]
    at = corners[chosen]
    points = (
        at[:, 0]
        + u[:, None] * (at[:, 1] - at[:, 0])
        + v[:, None] * (at[:, 2] - at[:, 0])
    )
    return Samples(
        points=points, normals=(normals / np.maximum(area, 1e-20)[:, None])[chosen]
    )


def seen_twice(points: Doubles, scene: Film) -> NDArray[np.bool_]:
    """Which points of the truth's space at least two frames see."""
    count = np.zeros(len(points), np.int32)
    shape = scene.shape
    for camera in scene.cameras[:: max(1, len(scene.cameras) // 40)]:
        small = camera.resized(480, 360)
        depth = rasterise(shape.vertices, shape.faces, small).depth
        spots, z = small.project(points)
        column = np.clip(spots[:, 0].astype(int), 0, 479)
        row = np.clip(spots[:, 1].astype(int), 0, 359)
        count += np.abs(depth[row, column] - z) < 0.012
    return np.asarray(count >= 2)


def distances(points: Doubles, surface: Samples) -> Doubles:
    """From points to a surface: to the plane of the nearest sample, where that is near."""
    from scipy.spatial import cKDTree

    away, nearest = cKDTree(surface.points).query(points, workers=-1)
    step = points - surface.points[nearest]
    flat = np.abs((step * surface.normals[nearest]).sum(axis=1))
    return np.where(away < 0.008, flat, away)


def geometry(mesh: TexturedMesh, fit: Similarity, scene: Film) -> dict[str, float]:
    """Chamfer in per cent of the longest side, and F-scores, over what was seen."""
    side = scene.shape.longest_side
    own = sampled(fit.apply(mesh.vertices), mesh.faces, seed=1)
    true = sampled(scene.shape.vertices, scene.shape.faces, seed=2)
    there = distances(own.points[seen_twice(own.points, scene)], true) / side
    back = distances(true.points[seen_twice(true.points, scene)], own) / side
    told = {"chamfer_percent": round(50 * float(there.mean() + back.mean()), 4)}
    for share in (0.005, 0.01):
        precision, recall = float((there < share).mean()), float((back < share).mean())
        score = 2 * precision * recall / max(precision + recall, 1e-9)
        told[f"f_at_{share * 100:g}_percent"] = round(score, 4)
    return told


def texture(
    mesh: TexturedMesh, fit: Similarity, scene: Film, used: set[int]
) -> dict[str, float]:
    """PSNR and detail inside the outline, in frames that the scan did not use."""
    import av

    quality, detail = [], []
    with av.open(str(scene.path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 15 != 7 or index in used:
                continue
            real = frame.to_ndarray(format="rgb24").astype(np.float32)
            drawn, cover = render(mesh, fit.undo(scene.cameras[index]))
            inside = cv2.erode((cover > 0.99).astype(np.uint8), np.ones((3, 3))) > 0
            ours = drawn.astype(np.float32)
            # Exposure drifts from frame to frame: levelled before comparing.
            ours *= real[inside].mean(axis=0) / np.maximum(ours[inside].mean(axis=0), 1)
            error = float(((ours - real)[inside] ** 2).mean())
            quality.append(10 * np.log10(255**2 / error))
            detail.append(np.corrcoef(_fine(ours)[inside], _fine(real)[inside])[0, 1])
    return {
        "psnr_db": round(float(np.mean(quality)), 2),
        "detail": round(float(np.mean(detail)), 3),
    }


def _fine(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = picture.mean(axis=2)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 2.0), np.float32)


def _frames_of(poses: Poses, report: Mapping[str, Any], scene: Film) -> list[int]:
    """Places in the film of the pictures that were used: surveys may skip frames."""
    per_sample = len(scene.cameras) / report["looked_at"]
    return [
        round(int(placed.name.split(".")[0]) * per_sample) for placed in poses.placed
    ]


def placed_in_truth(
    run: Run, scene: Film, report: Mapping[str, Any]
) -> tuple[Similarity, set[int]]:
    """The fit of the published model with the truth, by the cameras."""
    poses = read_poses(run.file("poses", "poses"), 0)
    used = _frames_of(poses, report, scene)
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


def grade(scene: Film, folder: Path) -> dict[str, Any]:
    """One film through the product, and what came out of it."""
    started = time.monotonic()
    try:
        run = run_scan(scene.path, folder, ScanParams())
    except StageError as error:
        return {"refused": error.code, "seconds": round(time.monotonic() - started, 1)}
    report = json.loads(run.file("publish", "report").read_text())
    fit, used = placed_in_truth(run, scene, report)
    glb = run.file("publish", "model_glb")
    [mesh] = read_model(glb)
    welded = _welded(mesh)
    peak = max(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )
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
        "seconds_in_all": round(time.monotonic() - started, 1),
        "peak_mib": round(peak / 1024),
    }


def _welded(mesh: TexturedMesh) -> Surface:
    """Without the doubled vertices along the texture's cuts."""
    vertices, owner = np.unique(mesh.vertices, axis=0, return_inverse=True)
    faces = owner.reshape(-1)[mesh.faces].astype(np.int32)
    return Surface(vertices=vertices, faces=faces)


def refusals(folder: Path) -> None:
    """Films that cannot work are refused early, with their reason."""
    shape = SHAPES["smooth"]()
    wrong = {
        "blurred": Filming(seconds=4, blur_px=9.0),
        "too_short": Filming(seconds=1 / 3),
        "no_texture": Filming(seconds=4, texture=Texture.NONE),
        "dark": Filming(seconds=4, brightness=0.06),
        "no_movement": Filming(seconds=4, turn_deg=0.5, shake_deg=0.05),
    }
    for name, filming in wrong.items():
        scene = film(shape, filming, folder / f"{name}.mp4")
        _tell({"refusal": name, **grade(scene, folder / name)})


def _tell(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES)
    )
    parser.add_argument("--settings", nargs="*", default=[f"{s}-{t}" for s, t in CASES])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--refusals", action="store_true")
    parser.add_argument(
        "--keep", type=Path, help="A folder to keep films and models in."
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="scans-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if options.refusals:
            refusals(folder)
            return
        for case in options.settings:
            setting, _, surface = case.partition("-")
            filming = Filming(
                seconds=options.seconds,
                setting=Setting(setting),
                texture=Texture(surface),
            )
            for name in options.shapes:
                scene = film(SHAPES[name](), filming, folder / f"{name}-{case}.mp4")
                graded = grade(scene, folder / f"{name}-{case}")
                _tell({"shape": name, "setting": setting, "texture": surface, **graded})


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediaforge.settings")
    main()
