"""How a scan differs from the truth: geometry after alignment, and its colours."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scans_scenes import Film, clean_frame
from jobs.toolbox.meshes import Camera, TexturedMesh
from jobs.toolbox.meshes.rasteriser import rasterise
from jobs.toolbox.meshes.rendering import render

Doubles = NDArray[np.float64]
SAMPLES = 200_000


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
    """PSNR and detail inside the outline, in frames that the scan did not use.

    Beside it the detail that the truth itself has in common with those frames: what
    noise and compression have covered no model can show. And ours against that truth.
    """
    import av

    quality, detail, possible, noiseless = [], [], [], []
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
            detail.append(_alike(ours, real, inside))
            clean = clean_frame(scene, index)
            possible.append(_alike(clean, real, inside))
            noiseless.append(_alike(ours, clean, inside))
    return {
        "psnr_db": round(float(np.mean(quality)), 2),
        "detail": round(float(np.mean(detail)), 3),
        "detail_of_the_truth": round(float(np.mean(possible)), 3),
        "detail_noiseless": round(float(np.mean(noiseless)), 3),
    }


def _alike(
    one: NDArray[np.float32], other: NDArray[np.float32], inside: NDArray[np.bool_]
) -> float:
    return float(np.corrcoef(_fine(one, inside), _fine(other, inside))[0, 1])


def _fine(
    picture: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What differs from the mean around it; what lies beyond the outline has no part."""
    share = inside.astype(np.float32)
    grey = picture.mean(axis=2) * share
    around = cv2.GaussianBlur(grey, (0, 0), 2.0)
    around /= np.maximum(cv2.GaussianBlur(share, (0, 0), 2.0), 1e-6)
    return np.asarray((grey - around)[inside], np.float32)
