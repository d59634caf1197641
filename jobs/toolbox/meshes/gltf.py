"""glTF as text with its parts beside it, zipped: for programs that want to look inside."""

import json
import struct
import zipfile
from pathlib import Path

from jobs.toolbox.meshes.glb import write_glb
from jobs.toolbox.meshes.mesh import TexturedMesh
from jobs.toolbox.meshes.textures import suffix_of


def write_gltf_zip(mesh: TexturedMesh, path: Path) -> Path:
    """Write an archive of the .gltf, its .bin and its pictures."""
    packed = path.with_name(f"{path.name}.glb")
    content = write_glb(mesh, packed).read_bytes()
    packed.unlink()
    (size,) = struct.unpack_from("<I", content, 12)
    document = json.loads(content[20 : 20 + size])
    binary = content[20 + size + 8 :]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, image in enumerate(document.get("images", [])):
            view = document["bufferViews"][image.pop("bufferView")]
            start = view["byteOffset"]
            image["uri"] = f"{mesh.name}_{index}{suffix_of(image.pop('mimeType'))}"
            archive.writestr(image["uri"], binary[start : start + view["byteLength"]])
        document["buffers"][0]["uri"] = f"{mesh.name}.bin"
        archive.writestr(f"{mesh.name}.bin", binary)
        archive.writestr(f"{mesh.name}.gltf", json.dumps(document, indent=1))
    return path
