"""USDZ as phones take it: one package, every member stored and 64-byte aligned."""

import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import TexturedMesh
from jobs.toolbox.meshes.textures import JPEG_QUALITY, encode_texture, suffix_of

if TYPE_CHECKING:
    from pxr import Usd

ALIGNMENT = 64
ALLOWED_MEMBERS = {".usd", ".usda", ".usdc", ".png", ".jpg", ".jpeg"}


class UsdzWriteError(Exception):
    """OpenUSD could not pack the model."""


def write_usdz(
    meshes: TexturedMesh | Sequence[TexturedMesh],
    path: Path,
    *,
    jpeg_quality: int = JPEG_QUALITY,
) -> Path:
    """Write one mesh, or a scene of several, with UsdPreviewSurface materials."""
    from pxr import Sdf, Usd, UsdGeom, UsdUtils

    scene = [meshes] if isinstance(meshes, TexturedMesh) else list(meshes)
    with tempfile.TemporaryDirectory(prefix="usdz-") as folder:
        layer = Path(folder, "model.usdc")
        stage = Usd.Stage.CreateNew(str(layer))
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        root = UsdGeom.Xform.Define(stage, "/Model")
        Usd.ModelAPI(root.GetPrim()).SetKind("component")
        stage.SetDefaultPrim(root.GetPrim())
        for index, mesh in enumerate(scene):
            pictures = _Pictures(folder=Path(folder), jpeg_quality=jpeg_quality)
            _add_mesh(stage, mesh, _identifier(mesh.name, index), pictures)
        stage.GetRootLayer().Save()
        packed = Path(folder, "packed.usdz")
        if not UsdUtils.CreateNewARKitUsdzPackage(
            Sdf.AssetPath(str(layer)), str(packed)
        ):
            raise UsdzWriteError("OpenUSD refused to pack the model.")
        path.write_bytes(packed.read_bytes())
    return path


def _identifier(name: str, index: int) -> str:
    words = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"{words if words[:1].isalpha() else 'mesh_' + words}_{index}"


@dataclass(frozen=True, kw_only=True)
class _Pictures:
    """Where a package's pictures are laid before it is packed."""

    folder: Path
    jpeg_quality: int

    def lay(self, pixels: NDArray[np.uint8], name: str) -> Path:
        content, mime = encode_texture(
            pixels, exact=name.endswith("_normals"), quality=self.jpeg_quality
        )
        file = self.folder / f"{name}{suffix_of(mime)}"
        file.write_bytes(content)
        return file


def _add_mesh(
    stage: "Usd.Stage", mesh: TexturedMesh, name: str, pictures: _Pictures
) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdShade, Vt

    mesh = mesh.with_normals()
    prim = UsdGeom.Mesh.Define(stage, f"/Model/{name}")
    prim.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(mesh.vertices)))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray([3] * len(mesh.faces)))
    flat = np.ascontiguousarray(mesh.faces.reshape(-1), np.int32)
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(flat))
    normals = Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(mesh.normals))
    prim.CreateNormalsAttr(normals)
    prim.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    # Triangles are the surface itself, not the cage of a smoother one.
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    prim.CreateDoubleSidedAttr(mesh.double_sided)
    low, high = mesh.bounds
    prim.CreateExtentAttr([Gf.Vec3f(*map(float, low)), Gf.Vec3f(*map(float, high))])
    if mesh.uvs is not None:
        uvs = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(
            "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
        )
        uvs.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(mesh.uvs)))
    material = _material(stage, mesh, name, pictures)
    UsdShade.MaterialBindingAPI.Apply(prim.GetPrim()).Bind(material)


def _material(
    stage: "Usd.Stage", mesh: TexturedMesh, name: str, pictures: _Pictures
) -> Any:
    from pxr import Sdf, UsdShade

    types = Sdf.ValueTypeNames
    base = f"/Model/{name}_material"
    material = UsdShade.Material.Define(stage, base)
    surface = UsdShade.Shader.Define(stage, f"{base}/surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("roughness", types.Float).Set(mesh.roughness)
    surface.CreateInput("metallic", types.Float).Set(0.0)
    material.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    if mesh.texture is None or mesh.uvs is None:
        surface.CreateInput("diffuseColor", types.Color3f).Set((0.78, 0.78, 0.78))
        return material
    reader = UsdShade.Shader.Define(stage, f"{base}/uvs")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", types.String).Set("st")
    reader.CreateOutput("result", types.Float2)
    file = pictures.lay(mesh.texture, name)
    colour = _picture(stage, f"{base}/colour", file, reader)
    colour.CreateInput("sourceColorSpace", types.Token).Set("sRGB")
    # Paintings are their own light; a layer without it would be black in the dark.
    target = "emissiveColor" if mesh.unlit else "diffuseColor"
    if mesh.unlit:
        surface.CreateInput("diffuseColor", types.Color3f).Set((0.0, 0.0, 0.0))
    slot = surface.CreateInput(target, types.Color3f)
    slot.ConnectToSource(colour.ConnectableAPI(), "rgb")
    if mesh.has_alpha:
        colour.CreateOutput("a", types.Float)
        opacity = surface.CreateInput("opacity", types.Float)
        opacity.ConnectToSource(colour.ConnectableAPI(), "a")
    if mesh.normal_map is not None:
        file = pictures.lay(mesh.normal_map, f"{name}_normals")
        bumps = _picture(stage, f"{base}/bumps", file, reader)
        bumps.CreateInput("sourceColorSpace", types.Token).Set("raw")
        bumps.CreateInput("scale", types.Float4).Set((2.0, 2.0, 2.0, 1.0))
        bumps.CreateInput("bias", types.Float4).Set((-1.0, -1.0, -1.0, 0.0))
        slot = surface.CreateInput("normal", types.Normal3f)
        slot.ConnectToSource(bumps.ConnectableAPI(), "rgb")
    return material


def _picture(
    stage: "Usd.Stage",
    prim_path: str,
    file: Path,
    reader: Any,  # UsdShade.Shader; pxr ships no types
) -> Any:
    from pxr import Sdf, UsdShade

    types = Sdf.ValueTypeNames
    shader = UsdShade.Shader.Define(stage, prim_path)
    shader.CreateIdAttr("UsdUVTexture")
    shader.CreateInput("file", types.Asset).Set(Sdf.AssetPath(f"./{file.name}"))
    for side in ("wrapS", "wrapT"):
        shader.CreateInput(side, types.Token).Set("clamp")
    uvs = shader.CreateInput("st", types.Float2)
    uvs.ConnectToSource(reader.ConnectableAPI(), "result")
    shader.CreateOutput("rgb", types.Float3)
    return shader


def check_usdz(path: Path) -> list[str]:
    """What is wrong with a USDZ, by the package's rules and OpenUSD's validators."""
    faults = _package_faults(path)
    return faults or _stage_faults(path)


def _package_faults(path: Path) -> list[str]:
    faults: list[str] = []
    if not zipfile.is_zipfile(path):
        return ["It is not a USDZ package."]
    with zipfile.ZipFile(path) as archive:
        for index, member in enumerate(archive.infolist()):
            suffix = Path(member.filename).suffix.lower()
            # The name and the extra field stand between the header and the data;
            # the local header's own lengths may differ from the directory's.
            with path.open("rb") as file:
                file.seek(member.header_offset + 26)
                name_size, extra_size = np.frombuffer(file.read(4), "<u2").tolist()
            start = member.header_offset + 30 + name_size + extra_size
            if member.compress_type != zipfile.ZIP_STORED:
                faults.append(f"{member.filename} is compressed.")
            if start % ALIGNMENT:
                faults.append(f"{member.filename} is not aligned to {ALIGNMENT} bytes.")
            if suffix not in ALLOWED_MEMBERS:
                faults.append(f"{member.filename} is of a kind that phones refuse.")
            if index == 0 and not suffix.startswith(".usd"):
                faults.append("The first member is not a USD layer.")
    return faults


def _stage_faults(path: Path) -> list[str]:
    from pxr import Usd, UsdGeom, UsdValidation

    stage = Usd.Stage.Open(str(path))
    faults: list[str] = []
    if not stage.GetDefaultPrim():
        faults.append("It has no default prim.")
    if UsdGeom.GetStageUpAxis(stage) != UsdGeom.Tokens.y:
        faults.append("Y is not up.")
    if not np.isclose(UsdGeom.GetStageMetersPerUnit(stage), 1.0):
        faults.append("It is not in metres.")
    registry = UsdValidation.ValidationRegistry()
    context = UsdValidation.ValidationContext(registry.GetOrLoadAllValidators())
    for found in context.Validate(stage):
        faults.append(f"{found.GetName()}: {found.GetMessage()}")
    return faults
