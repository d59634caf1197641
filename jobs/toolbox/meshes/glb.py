"""Binary glTF 2.0, written without a middleman."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import TexturedMesh, vertex_tangents
from jobs.toolbox.meshes.textures import encode_texture

FLOAT, UNSIGNED_INT = 5126, 5125
VERTICES, INDICES = 34962, 34963
# glTF's JSON is free-form: these dicts are its own words.
Json = dict[str, Any]


class _Buffer:
    """The binary chunk, and the views and accessors into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[Json] = []
        self.accessors: list[Json] = []

    def view(self, content: bytes, target: int | None = None) -> int:
        self.data.extend(b"\0" * (-len(self.data) % 4))
        view: Json = {
            "buffer": 0,
            "byteOffset": len(self.data),
            "byteLength": len(content),
        }
        if target is not None:
            view["target"] = target
        self.data.extend(content)
        self.views.append(view)
        return len(self.views) - 1

    def vectors(self, values: NDArray[np.float32], *, bounds: bool = False) -> int:
        values = np.ascontiguousarray(values, np.float32)
        accessor: Json = {
            "bufferView": self.view(values.tobytes(), VERTICES),
            "componentType": FLOAT,
            "count": len(values),
            "type": f"VEC{values.shape[1]}",
        }
        if bounds:
            accessor["min"] = [float(v) for v in values.min(axis=0)]
            accessor["max"] = [float(v) for v in values.max(axis=0)]
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def indices(self, faces: NDArray[np.int32]) -> int:
        flat = np.ascontiguousarray(faces, np.uint32).reshape(-1)
        self.accessors.append(
            {
                "bufferView": self.view(flat.tobytes(), INDICES),
                "componentType": UNSIGNED_INT,
                "count": len(flat),
                "type": "SCALAR",
            }
        )
        return len(self.accessors) - 1


class _Document:
    """Collects meshes, then becomes a file."""

    def __init__(self) -> None:
        self.buffer = _Buffer()
        self.lists: dict[str, list[Json]] = {
            name: [] for name in ("nodes", "meshes", "materials", "textures", "images")
        }
        self.unlit = False

    def _append(self, kind: str, item: Json) -> int:
        self.lists[kind].append(item)
        return len(self.lists[kind]) - 1

    def _texture(self, pixels: NDArray[np.uint8], *, exact: bool = False) -> Json:
        content, mime = encode_texture(pixels, exact=exact)
        image = {"bufferView": self.buffer.view(content), "mimeType": mime}
        source = self._append("images", image)
        return {"index": self._append("textures", {"sampler": 0, "source": source})}

    def _material(self, mesh: TexturedMesh) -> int:
        pbr: Json = {"metallicFactor": 0.0, "roughnessFactor": mesh.roughness}
        material: Json = {
            "name": f"{mesh.name}-material",
            "pbrMetallicRoughness": pbr,
            "doubleSided": mesh.double_sided,
        }
        if mesh.texture is not None:
            pbr["baseColorTexture"] = self._texture(mesh.texture)
        if mesh.normal_map is not None:
            material["normalTexture"] = self._texture(mesh.normal_map, exact=True)
        if mesh.has_alpha:
            material["alphaMode"] = "BLEND"
        if mesh.unlit:
            material["extensions"] = {"KHR_materials_unlit": {}}
            self.unlit = True
        return self._append("materials", material)

    def add(self, mesh: TexturedMesh) -> None:
        mesh = mesh.with_normals()
        assert mesh.normals is not None
        attributes = {
            "POSITION": self.buffer.vectors(mesh.vertices, bounds=True),
            "NORMAL": self.buffer.vectors(mesh.normals),
        }
        if mesh.uvs is not None:
            # glTF counts rows from the top.
            flipped = np.stack([mesh.uvs[:, 0], 1.0 - mesh.uvs[:, 1]], axis=1)
            attributes["TEXCOORD_0"] = self.buffer.vectors(flipped)
        if mesh.uvs is not None and mesh.normal_map is not None:
            # Without them each viewer would read the normals' picture its own way.
            attributes["TANGENT"] = self.buffer.vectors(vertex_tangents(mesh))
        primitive = {
            "attributes": attributes,
            "indices": self.buffer.indices(mesh.faces),
            "material": self._material(mesh),
        }
        index = self._append("meshes", {"name": mesh.name, "primitives": [primitive]})
        self._append("nodes", {"name": mesh.name, "mesh": index})

    def write(self, path: Path) -> None:
        self.buffer.data.extend(b"\0" * (-len(self.buffer.data) % 4))
        document: Json = {
            "asset": {"version": "2.0", "generator": "MediaForge"},
            "scene": 0,
            "scenes": [{"nodes": list(range(len(self.lists["nodes"])))}],
            "buffers": [{"byteLength": len(self.buffer.data)}],
            "bufferViews": self.buffer.views,
            "accessors": self.buffer.accessors,
            **{name: items for name, items in self.lists.items() if items},
        }
        if self.lists["textures"]:
            # Linear with mipmaps; edges clamped so that borders do not bleed around.
            document["samplers"] = [
                {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}
            ]
        if self.unlit:
            document["extensionsUsed"] = ["KHR_materials_unlit"]
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(self.buffer.data)
        with path.open("wb") as file:
            file.write(struct.pack("<4sII", b"glTF", 2, total))
            file.write(struct.pack("<I4s", len(text), b"JSON") + text)
            file.write(struct.pack("<I4s", len(self.buffer.data), b"BIN\0"))
            file.write(self.buffer.data)


def write_glb(meshes: TexturedMesh | Sequence[TexturedMesh], path: Path) -> Path:
    """Write one mesh, or a scene of several, as binary glTF."""
    document = _Document()
    for mesh in [meshes] if isinstance(meshes, TexturedMesh) else meshes:
        document.add(mesh)
    document.write(path)
    return path
