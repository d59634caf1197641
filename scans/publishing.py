"""A mesh becomes the files that people take away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jobs.pipeline import OutputFile
from jobs.toolbox.meshes import (
    TexturedMesh,
    check_usdz,
    write_glb,
    write_obj_zip,
    write_ply,
    write_stl,
    write_usdz,
    write_xyz,
)
from jobs.toolbox.meshes.gltf import write_gltf_zip
from jobs.toolbox.meshes.mesh import Pixels
from jobs.toolbox.meshes.rendering import write_thumbnail, write_turntable
from scans.errors import WHY_NO_FBX, FormatUnavailableError
from scans.params import FileFormat

# Apple's reduced model: at most 10 MB.
USDZ_BYTES = 10_000_000
# A third smaller than usual, and hardly to be told apart.
THRIFTY_QUALITY = 82
SMALLEST_PX = 512
CONTENT_TYPES = {
    "model_usdz": "model/vnd.usdz+zip",
    "model_glb": "model/gltf-binary",
    "model_gltf": "application/zip",
    "model_obj": "application/zip",
    "model_ply": "application/octet-stream",
    "model_stl": "model/stl",
    "model_xyz": "text/plain",
}

_WRITERS: dict[FileFormat, tuple[str, str, Callable[[TexturedMesh, Path], Path]]] = {
    FileFormat.OBJ: ("model_obj", "_obj.zip", write_obj_zip),
    FileFormat.PLY: ("model_ply", ".ply", write_ply),
    FileFormat.STL: ("model_stl", ".stl", write_stl),
    FileFormat.GLTF: ("model_gltf", "_gltf.zip", write_gltf_zip),
    FileFormat.XYZ: ("model_xyz", ".xyz", write_xyz),
}


def refuse_unwritable(wanted: FileFormat) -> None:
    if wanted is FileFormat.FBX:
        raise FormatUnavailableError(WHY_NO_FBX)


def write_models(
    mesh: TexturedMesh, folder: Path, wanted: FileFormat
) -> list[OutputFile]:
    """USDZ and GLB always, and the format that was asked for."""
    usdz = write_light_usdz(mesh, folder / f"{mesh.name}.usdz")
    files = [
        _output(usdz, "model_usdz"),
        _output(write_glb(mesh, folder / f"{mesh.name}.glb"), "model_glb"),
    ]
    if wanted in _WRITERS:
        role, ending, write = _WRITERS[wanted]
        files.append(_output(write(mesh, folder / f"{mesh.name}{ending}"), role))
    return files


def _output(path: Path, role: str) -> OutputFile:
    return OutputFile(path=path, role=role, content_type=CONTENT_TYPES[role])


def write_light_usdz(mesh: TexturedMesh, path: Path) -> Path:
    """A USDZ that phones take: first less exact, then smaller pictures, until it fits."""
    write_usdz(mesh, path)
    while path.stat().st_size > USDZ_BYTES:
        write_usdz(mesh, path, jpeg_quality=THRIFTY_QUALITY)
        if path.stat().st_size <= USDZ_BYTES or _longest_px(mesh) <= SMALLEST_PX:
            break
        mesh = replace(
            mesh, texture=_halved(mesh.texture), normal_map=_halved(mesh.normal_map)
        )
        write_usdz(mesh, path)
    return path


def _longest_px(mesh: TexturedMesh) -> int:
    pictures = [p for p in (mesh.texture, mesh.normal_map) if p is not None]
    return max((max(picture.shape[:2]) for picture in pictures), default=0)


def _halved(pixels: Pixels | None) -> Pixels | None:
    import cv2
    import numpy as np

    if pixels is None:
        return None
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)


def write_pictures(
    mesh: TexturedMesh,
    folder: Path,
    on_progress: Callable[[float], None],
    *,
    views: int = 36,
) -> list[OutputFile]:
    """A still, and one turn as a film and as a moving picture."""
    film, loop = (
        folder / f"{mesh.name}_turntable.mp4",
        folder / f"{mesh.name}_turntable.webp",
    )
    write_turntable(mesh, film, loop, views=views, on_progress=on_progress)
    return [
        OutputFile(
            path=write_thumbnail(mesh, folder / f"{mesh.name}_thumbnail.webp"),
            role="thumbnail",
            content_type="image/webp",
        ),
        OutputFile(path=film, role="turntable", content_type="video/mp4"),
        OutputFile(path=loop, role="turntable_loop", content_type="image/webp"),
    ]


def usdz_faults(files: list[OutputFile]) -> list[str]:
    faults = []
    for file in files:
        if file.role == "model_usdz":
            faults += check_usdz(file.path)
            size = file.path.stat().st_size
            if size > USDZ_BYTES:
                faults.append(
                    f"It has {size / 1e6:.1f} MB; phones show up to 10 MB at once."
                )
    return faults
