"""Models that others made, read into the one shape that meshes travel in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jobs.errors import UnreadableMediaError
from jobs.toolbox.images import decode_bytes
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
    corners = _fans(counts)
    world = (np.hstack([points, np.ones((len(points), 1))]) @ matrix)[:, :3]
    faces, uvs = flat[corners], None
    texture = _usd_picture(mesh.GetPrim())
    told = None if texture is None else _usd_uvs(mesh)
    if told is not None and len(told) == len(points):
        uvs = told
    elif told is not None and len(told) == len(flat):
        # One spot of the picture for each corner of each face: corners part.
        world, uvs = world[faces.reshape(-1)], told[corners.reshape(-1)]
        faces = np.arange(len(world), dtype=np.int32).reshape(-1, 3)
    return TexturedMesh(
        vertices=world.astype(np.float32),
        faces=np.ascontiguousarray(faces),
        uvs=uvs,
        texture=None if uvs is None else texture,
        name=str(mesh.GetPrim().GetName()),
    )


def _usd_uvs(mesh: Any) -> Any:
    from pxr import UsdGeom

    primvar = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st")
    values = primvar.ComputeFlattened() if primvar else None
    return None if values is None else np.asarray(values, np.float32)


def _usd_picture(prim: Any) -> Any:
    """The picture behind the colour of the material that is bound; None without one."""
    from pxr import Ar, UsdShade

    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    shader = material.ComputeSurfaceSource()[0] if material else None
    colour = shader.GetInput("diffuseColor") if shader else None
    source = colour.GetConnectedSources()[0] if colour else ()
    file = (
        UsdShade.Shader(source[0].source.GetPrim()).GetInput("file") if source else None
    )
    path = file.Get() if file else None
    if path is None or not _is_within(prim.GetStage(), path.resolvedPath):
        return None
    asset = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(path.resolvedPath))
    try:
        return decode_bytes(bytes(asset.GetBuffer()), name=path.path).rgb
    except UnreadableMediaError:
        # A model without its picture is worth more than none.
        return None


def _is_within(stage: Any, found: str) -> bool:
    """Whether a file is a member of the package, or lies in the folder that was unpacked."""
    from pxr import Ar

    model = Path(stage.GetRootLayer().realPath).resolve()
    if Ar.IsPackageRelativePath(found):
        package, _ = Ar.SplitPackageRelativePathOuter(found)
        return Path(package).resolve() == model
    return bool(found) and Path(found).resolve().is_relative_to(model.parent)


def _fans(counts: np.ndarray[Any, Any]) -> Any:
    """Polygons cut into triangles: places of corners, three a triangle."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    faces = [
        np.stack([starts[chosen], starts[chosen] + k, starts[chosen] + k + 1], 1)
        for k in range(1, int(counts.max()) - 1)
        for chosen in [counts > k + 1]
    ]
    return np.concatenate(faces)


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
