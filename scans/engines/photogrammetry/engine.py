"""The steps of a scan on this machine, each from files to files."""

import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jobs.toolbox.meshes.mesh import TexturedMesh
from scans.engines.photogrammetry import frames, fusion, masks, meshing, photos, stereo
from scans.engines.photogrammetry.backdrop import find_backdrop
from scans.engines.photogrammetry.budgets import Budget
from scans.engines.photogrammetry.bumps import Fine, bake_bumps
from scans.engines.photogrammetry.cleanup import Surface, is_closed, told_apart
from scans.engines.photogrammetry.finishing import finished, placement, upright_camera
from scans.engines.photogrammetry.poses import (
    PoseOrder,
    Poses,
    read_poses,
    solve,
    straighten,
)
from scans.engines.photogrammetry.region import Region, find_region
from scans.engines.photogrammetry.simplify import simplified
from scans.engines.photogrammetry.texturing import Photo, bake, fitting_side, unwrap
from scans.errors import ShinySurfaceError, TooFewPosesError
from scans.facts import (
    CaptureFacts,
    DepthFacts,
    LeftOut,
    MeshFacts,
    Method,
    PosesFacts,
    TextureFacts,
)

Progress = Callable[[float, str], None]
# Fewer of the tried pixels than this share, and the views contradict each other.
SHINY_BELOW = 0.04
# What is lower over the ground than this share of the size may be the ground itself.
LOWEST_SHARE = 0.004


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """A folder of chosen pictures, with masks beside where a turntable was found."""

    folder: Path

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def masks(self) -> Path | None:
        folder = self.folder / "masks"
        return folder if folder.is_dir() else None

    def pack(self, target: Path) -> Path:
        """One file for all of them, as stages hand it on."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(self.folder.rglob("*.png")):
                archive.write(path, path.relative_to(self.folder))
        return target

    @classmethod
    def unpack(cls, archive: Path, folder: Path) -> "Pictures":
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        return cls(folder=folder)


def capture_video(
    video: Path, folder: Path, budget: Budget, tell: Progress
) -> tuple[Pictures, CaptureFacts]:
    """Look through the video, refuse what cannot work, and keep the best pictures."""
    started = time.monotonic()
    frames.refuse_at_a_glance(video)
    survey = frames.survey_video(
        video, lambda done: tell(0.6 * done, "Looking through the video")
    )
    frames.refuse_early(survey)
    choice = frames.choose(survey, budget.frames)
    pictures = Pictures(folder=folder)
    pictures.images.mkdir(parents=True, exist_ok=True)
    tell(0.65, "Taking the best pictures")
    paths = frames.write_frames(video, survey, choice, pictures.images, budget.pose_px)
    tell(0.85, "Looking for what stands still")
    still = masks.find_still_background(survey.glimpses)
    if still is not None:
        (folder / "masks").mkdir(exist_ok=True)
        for path in paths:
            mask = masks.mask_turning(still, _opened(path))
            cv2.imwrite(str(folder / "masks" / f"{path.name}.png"), mask)
    facts = CaptureFacts(
        method=Method.PHOTOGRAMMETRY,
        selected=len(paths),
        looked_at=len(survey.sights),
        left_out=LeftOut(
            too_blurred=choice.too_blurred,
            too_dark=choice.too_dark,
            too_alike=choice.too_alike,
        ),
        turntable=still is not None,
        seconds=time.monotonic() - started,
    )
    return pictures, facts


def capture_photos(
    paths: Sequence[Path],
    folder: Path,
    budget: Budget,
    tell: Progress,
    *,
    fewest: int = photos.FEWEST_PHOTOS,
) -> tuple[Pictures, CaptureFacts]:
    """Bring photos to one size and leave the blurred ones out."""
    started = time.monotonic()
    pictures = Pictures(folder=folder)
    pictures.images.mkdir(parents=True, exist_ok=True)
    taken = photos.prepare(
        paths,
        pictures.images,
        budget,
        lambda done: tell(done, "Looking through the photos"),
        fewest=fewest,
    )
    facts = CaptureFacts(
        method=Method.PHOTOGRAMMETRY,
        selected=taken.kept,
        looked_at=len(paths),
        left_out=LeftOut(
            too_blurred=taken.too_blurred,
            too_dark=taken.too_dark,
            other_shape=taken.other_shape,
        ),
        seconds=time.monotonic() - started,
    )
    return pictures, facts


def _opened(path: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def _inner_masks(pictures: Pictures, folder: Path) -> Path | None:
    """Masks for the marks: along the outline they are half of the background."""
    if pictures.masks is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for path in pictures.masks.glob("*.png"):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        inner = masks.without_outline(np.asarray(mask, np.uint8))
        cv2.imwrite(str(folder / path.name), inner)
    return folder


def _shifts(pictures: Pictures) -> dict[str, list[list[float]]]:
    if pictures.masks is None:
        return {}
    paths = sorted(pictures.images.glob("*.png"))
    found = masks.shifts(_opened(path) for path in paths)
    return {path.name: shift.tolist() for path, shift in zip(paths, found, strict=True)}


def place_cameras(
    pictures: Pictures, workdir: Path, *, ordered: bool, tell: Progress
) -> tuple[Path, PosesFacts]:
    """Find where each picture was taken from; tries harder when few fit."""
    started = time.monotonic()
    order = PoseOrder(
        images=pictures.images,
        masks=_inner_masks(pictures, workdir / "inner"),
        shifts=_shifts(pictures),
        workdir=workdir / "sfm",
        features=4000,
        ordered=ordered,
    )
    try:
        poses = solve(order, tell)
    except TooFewPosesError:
        tell(0.0, "Few pictures fit: looking closer")
        order = PoseOrder(**{**vars(order), "features": 8000, "fine": False})
        poses = solve(order, tell)
    facts = PosesFacts(
        registered=len(poses.placed),
        reprojection_px=poses.reprojection_px,
        focal_px=poses.placed[0].camera.focal_px[0],
        points=len(poses.points),
        seconds=time.monotonic() - started,
    )
    return workdir / "sfm" / "poses.npz", facts


def find_surface_points(
    pictures: Pictures, poses_path: Path, workdir: Path, budget: Budget, tell: Progress
) -> tuple[Path, DepthFacts]:
    """Dense depth in every view, fused into one cloud."""
    started = time.monotonic()
    poses = read_poses(poses_path, 0)
    region = find_region(poses.points, [placed.camera for placed in poses.placed])
    views = _views(pictures, poses, region, budget)
    maps, sources = stereo.find_depths(
        views, region, sweeps=budget.sweeps,
        on_progress=lambda done: tell(0.9 * done, "Measuring depth"),
    )  # fmt: skip
    fused = fusion.fuse(
        views, maps, sources, region, fusion.Agreement(),
        lambda done: tell(0.9 + 0.1 * done, "Comparing the views"),
    )  # fmt: skip
    if fused.agreement < SHINY_BELOW:
        raise ShinySurfaceError(agreement=fused.agreement)
    target = workdir / "cloud.npz"
    np.savez(
        target,
        points=fused.cloud.points,
        normals=fused.cloud.normals,
        support=fused.cloud.support,
        upright=region.upright,
        low=region.low,
        high=region.high,
        floor=np.nan if region.floor is None else region.floor,
    )
    facts = DepthFacts(
        points=len(fused.cloud.points),
        agreement=fused.agreement,
        ground_found=region.floor is not None,
        seconds=time.monotonic() - started,
    )
    return target, facts


def _views(
    pictures: Pictures, poses: Poses, region: Region, budget: Budget
) -> list[stereo.View]:
    views = []
    for placed in poses.placed:
        whole = straighten(
            _opened(pictures.images / placed.name), placed.camera, poses.radial
        )
        height, width = whole.shape[:2]
        scale = min(1.0, budget.stereo_px / max(height, width))
        size = (round(width * scale), round(height * scale))
        grey = cv2.cvtColor(whole, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        camera = placed.camera.resized(*size)
        inside = stereo.region_mask(region, camera)
        if pictures.masks:
            mask = cv2.imread(
                str(pictures.masks / f"{placed.name}.png"), cv2.IMREAD_GRAYSCALE
            )
            assert mask is not None
            inside &= cv2.resize(mask, size) > 127
        views.append(stereo.View(grey=small, camera=camera, inside=inside))
    return views


def _read_cloud(path: Path) -> tuple[fusion.Cloud, Region]:
    with np.load(path) as found:
        floor = float(found["floor"])
        cloud = fusion.Cloud(
            points=found["points"], normals=found["normals"], support=found["support"]
        )
        region = Region(
            upright=found["upright"],
            low=found["low"],
            high=found["high"],
            floor=None if np.isnan(floor) else floor,
        )
    return cloud, region


def _photos(
    pictures: Pictures, poses_path: Path, upright: "np.ndarray[Any, Any]"
) -> list[Photo]:
    """The pictures straightened, their cameras upright."""
    poses = read_poses(poses_path, 0)
    taken = []
    for placed in poses.placed:
        picture = _opened(pictures.images / placed.name)
        straight = straighten(picture, placed.camera, poses.radial)
        pixels = cv2.cvtColor(straight, cv2.COLOR_BGR2RGB).astype(np.uint8)
        camera = upright_camera(placed.camera, upright)
        taken.append(Photo(pixels=pixels, camera=camera))
    return taken


def build_mesh(
    pictures: Pictures,
    poses_path: Path,
    cloud_path: Path,
    workdir: Path,
    budget: Budget,
    *,
    keep_ground: bool,
    tell: Progress,
) -> tuple[Path, MeshFacts]:
    """One closed surface through the cloud."""
    started = time.monotonic()
    cloud, region = _read_cloud(cloud_path)
    tell(0.05, "Telling the thing from its surroundings")
    thing = meshing.stand_alone(cloud, region, keep_ground=keep_ground)
    backdrop = None
    if region.floor is not None and not keep_ground:
        tell(0.1, "Looking where the ground shows through")
        backdrop = find_backdrop(
            _photos(pictures, poses_path, region.upright),
            middle=thing.cloud.points.mean(axis=0, dtype=np.float64),
            ground=thing.ground,
            above=LOWEST_SHARE * region.size,
        )
    tell(0.2, "Closing the surface")
    whole = meshing.mesh(
        thing, workdir / "mesh", depth=budget.poisson_depth, backdrop=backdrop
    )
    tell(0.7, "Saving triangles")
    surface = told_apart(simplified(whole, budget.triangles))
    fine = Fine.of(whole)
    target = workdir / "surface.npz"
    np.savez(
        target, vertices=surface.vertices, faces=surface.faces, upright=region.upright,
        fine_vertices=fine.vertices, fine_normals=fine.normals.astype(np.float16),
    )  # fmt: skip
    facts = MeshFacts(
        triangles=len(surface.faces),
        watertight=is_closed(surface),
        seconds=time.monotonic() - started,
    )
    return target, facts


def paint(
    pictures: Pictures,
    poses_path: Path,
    surface_path: Path,
    workdir: Path,
    *,
    most_px: int,
    smooth: bool,
    longest_side_m: float,
    tell: Progress,
) -> tuple[Path, TextureFacts]:
    """Unwrap, bake, stand upright; writes a mesh that `read_mesh` reads."""
    started = time.monotonic()
    with np.load(surface_path) as found:
        surface = Surface(vertices=found["vertices"], faces=found["faces"])
        upright = found["upright"]
        fine = Fine(
            vertices=found["fine_vertices"],
            normals=found["fine_normals"].astype(np.float32),
        )
    taken = _photos(pictures, poses_path, upright)
    side_px = fitting_side(surface, taken, most_px)
    tell(0.05, "Unwrapping the surface")
    laid = unwrap(surface, texture_px=side_px)
    baked = bake(
        surface, laid, taken, side_px=side_px, smooth=smooth,
        on_progress=lambda done: tell(0.4 + 0.5 * done, "Painting the surface"),
    )  # fmt: skip
    tell(0.9, "Keeping fine bumps")
    bumps = bake_bumps(laid, fine, side_px=side_px)
    place = placement(laid.vertices, longest_side_m)
    mesh = finished(laid, baked.texture, bumps, place, "scan")
    target = workdir / "model.npz"
    write_mesh(mesh, target)
    facts = TextureFacts(
        texture_px=side_px,
        coverage=baked.seen_share,
        seconds=time.monotonic() - started,
    )
    return target, facts


def write_mesh(mesh: TexturedMesh, target: Path) -> None:
    painted = {
        "uvs": mesh.uvs,
        "texture": mesh.texture,
        "normals": mesh.with_normals().normals,
        "normal_map": mesh.normal_map,
    }
    kept = {name: value for name, value in painted.items() if value is not None}
    np.savez(target, vertices=mesh.vertices, faces=mesh.faces, **kept)  # type: ignore[arg-type]  # its stubs take a flag for an array


def read_mesh(path: Path, name: str) -> TexturedMesh:
    with np.load(path) as found:
        return TexturedMesh(
            vertices=found["vertices"],
            faces=found["faces"],
            uvs=found["uvs"],
            texture=found["texture"],
            normals=found["normals"],
            normal_map=found["normal_map"],
            name=name,
        )
