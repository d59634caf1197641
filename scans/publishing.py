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
from jobs.toolbox.meshes.rendering import write_thumbnail, write_turntable
from scans.errors import FormatUnavailableError
from scans.params import FileFormat

# Apple's reduced model: at most 10 MB.
USDZ_BYTES = 10_000_000
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
        raise FormatUnavailableError(
            "FBX is a closed format that only its owner's library writes, so the local "
            "engine does not offer it. Choose GLB, USDZ or OBJ, which every 3D program "
            "opens, or KIRI."
        )


def write_models(
    mesh: TexturedMesh, folder: Path, wanted: FileFormat
) -> list[OutputFile]:
    """USDZ and GLB always, and the format that was asked for."""
    usdz = write_usdz(mesh, folder / f"{mesh.name}.usdz")
    if usdz.stat().st_size > USDZ_BYTES:
        mesh = _lighter(mesh)
        write_usdz(mesh, usdz)
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


def _lighter(mesh: TexturedMesh) -> TexturedMesh:
    """Half the texture's sides: phones have limits."""
    import cv2
    import numpy as np

    assert mesh.texture is not None
    half = cv2.resize(mesh.texture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return replace(mesh, texture=np.asarray(half, np.uint8))


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
    return [
        fault
        for file in files
        if file.role == "model_usdz"
        for fault in check_usdz(file.path)
    ]
