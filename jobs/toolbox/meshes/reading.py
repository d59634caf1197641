"""Models that others made, read into the one shape that meshes travel in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jobs.errors import UnreadableMediaError
from jobs.toolbox.meshes.mesh import TexturedMesh

READABLE = (".glb", ".gltf", ".obj", ".ply", ".stl", ".usdz", ".usdc", ".usda")


class UnreadableModelError(UnreadableMediaError):
    """The file is not a model that can be opened."""

    code = "unreadable_model"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The model {name} cannot be opened ({reason}).")


def read_model(path: Path) -> list[TexturedMesh]:
    """The meshes of a file, in metres with Y up."""
    if path.suffix.lower().startswith(".usd"):
        return _read_usd(path)
    import trimesh

    try:
        scene = trimesh.load_scene(path)
    except (ValueError, LookupError, RuntimeError, OSError) as error:
        raise UnreadableModelError(path.name, str(error)) from error
    meshes = [
        _from_trimesh(mesh, path.stem)
        for mesh in scene.dump()
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces)
    ]
    if not meshes:
        raise UnreadableModelError(path.name, "it holds no triangles")
    return meshes


def _from_trimesh(
    mesh: Any, name: str
) -> TexturedMesh:  # trimesh is not typed strictly
    uvs = texture = None
    found = getattr(mesh.visual, "uv", None)
    material = getattr(mesh.visual, "material", None)
    picture = getattr(material, "baseColorTexture", None)
    if picture is None:
        picture = getattr(material, "image", None)
    if found is not None and picture is not None and len(found) == len(mesh.vertices):
        uvs = np.asarray(found, np.float32)
        mode = "RGBA" if picture.mode in ("RGBA", "LA") else "RGB"
        pixels = np.asarray(picture.convert(mode))
        # An alpha channel that hides nothing only costs.
        if mode == "RGBA" and pixels[..., 3].min() > 250:
            pixels = pixels[..., :3]
        texture = np.ascontiguousarray(pixels)
    return TexturedMesh(
        vertices=np.asarray(mesh.vertices, np.float32),
        faces=np.asarray(mesh.faces, np.int32),
        uvs=uvs,
        texture=texture,
        name=name,
    )


def _read_usd(path: Path) -> list[TexturedMesh]:
    from pxr import Tf, Usd, UsdGeom

    try:
        stage = Usd.Stage.Open(str(path))
    except Tf.ErrorException as error:
        raise UnreadableModelError(path.name, "it is not USD") from error
    scale = UsdGeom.GetStageMetersPerUnit(stage)
    z_up = UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z
    cache = UsdGeom.XformCache()
    meshes = []
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Mesh):
            mesh = _usd_mesh(
                UsdGeom.Mesh(prim), np.array(cache.GetLocalToWorldTransform(prim))
            )
            points = mesh.vertices * scale
            if z_up:
                points = points[:, [0, 2, 1]] * np.array([1, 1, -1], np.float32)
            meshes.append(replace(mesh, vertices=points.astype(np.float32)))
    if not meshes:
        raise UnreadableModelError(path.name, "it holds no triangles")
    return meshes


def _usd_mesh(mesh: Any, matrix: Any) -> TexturedMesh:  # pxr ships no types
    points = np.asarray(mesh.GetPointsAttr().Get(), np.float64)
    counts = np.asarray(mesh.GetFaceVertexCountsAttr().Get(), np.int64)
    flat = np.asarray(mesh.GetFaceVertexIndicesAttr().Get(), np.int32)
    world = np.hstack([points, np.ones((len(points), 1))]) @ matrix
    return TexturedMesh(
        vertices=world[:, :3].astype(np.float32),
        faces=_fans(counts, flat),
        name=str(mesh.GetPrim().GetName()),
    )


def _fans(counts: np.ndarray[Any, Any], flat: np.ndarray[Any, Any]) -> Any:
    """Polygons cut into triangles."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    faces = [
        np.stack(
            [
                flat[starts[chosen]],
                flat[starts[chosen] + k],
                flat[starts[chosen] + k + 1],
            ],
            1,
        )
        for k in range(1, int(counts.max()) - 1)
        for chosen in [counts > k + 1]
    ]
    return np.concatenate(faces).astype(np.int32)


def joined(meshes: Sequence[TexturedMesh]) -> TexturedMesh:
    """One mesh for measuring and drawing; the largest mesh's texture is kept."""
    if len(meshes) == 1:
        return meshes[0]
    main = max(meshes, key=lambda mesh: len(mesh.faces))
    offsets = np.cumsum([0, *[len(mesh.vertices) for mesh in meshes[:-1]]])
    uvs = [
        mesh.uvs if mesh is main and mesh.uvs is not None
        else np.zeros((len(mesh.vertices), 2), np.float32)
        for mesh in meshes
    ]  # fmt: skip
    return TexturedMesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        faces=np.concatenate(
            [mesh.faces + at for mesh, at in zip(meshes, offsets, strict=True)]
        ).astype(np.int32),
        uvs=None if main.uvs is None else np.concatenate(uvs),
        texture=main.texture,
        name=main.name,
    )
