"""OBJ with its material, PLY, STL and XYZ: formats as old as they are plain."""

import zipfile
from pathlib import Path

import numpy as np

from jobs.toolbox.meshes.mesh import TexturedMesh, face_normals
from jobs.toolbox.meshes.sampling import vertex_colours
from jobs.toolbox.meshes.textures import encode_texture, suffix_of


def _obj_text(mesh: TexturedMesh, material_file: str) -> str:
    mesh = mesh.with_normals()
    assert mesh.normals is not None
    lines = [f"mtllib {material_file}", f"o {mesh.name}"]
    lines += [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.normals.tolist()]
    if mesh.uvs is not None:
        lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uvs.tolist()]
    lines.append("usemtl surface")
    # OBJ counts from one; position, UV and normal share their index here.
    corner = "{0}/{0}/{0}" if mesh.uvs is not None else "{0}//{0}"
    for face in (mesh.faces + 1).tolist():
        lines.append("f " + " ".join(corner.format(index) for index in face))
    return "\n".join(lines) + "\n"


def write_obj_zip(mesh: TexturedMesh, path: Path) -> Path:
    """Write an archive of the OBJ, its MTL and its picture."""
    material = "newmtl surface\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if mesh.texture is not None:
            content, mime = encode_texture(mesh.texture)
            picture = f"{mesh.name}{suffix_of(mime)}"
            material += f"map_Kd {picture}\n"
            archive.writestr(picture, content, zipfile.ZIP_STORED)
        archive.writestr(f"{mesh.name}.mtl", material)
        archive.writestr(f"{mesh.name}.obj", _obj_text(mesh, f"{mesh.name}.mtl"))
    return path


def write_ply(mesh: TexturedMesh, path: Path) -> Path:
    """Write binary PLY with normals and a colour for every vertex."""
    mesh = mesh.with_normals()
    assert mesh.normals is not None
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")]
    table = np.empty(len(mesh.vertices), dtype=fields)
    for column, name in enumerate("xyz"):
        table[name] = mesh.vertices[:, column]
        table[f"n{name}"] = mesh.normals[:, column]
    colours = vertex_colours(mesh)
    for column, name in enumerate(("red", "green", "blue")):
        table[name] = colours[:, column]
    triangles = np.empty(len(mesh.faces), dtype=[("count", "u1"), ("at", "<i4", 3)])
    triangles["count"] = 3
    triangles["at"] = mesh.faces
    kinds = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    header += [f"property {kinds[kind]} {name}" for name, kind in fields]
    header += [f"element face {len(triangles)}"]
    header += ["property list uchar int vertex_indices", "end_header", ""]
    path.write_bytes("\n".join(header).encode() + table.tobytes() + triangles.tobytes())
    return path


def write_stl(mesh: TexturedMesh, path: Path) -> Path:
    """Write binary STL in millimetres with Z up, as printers' programs expect."""
    printer = mesh.vertices[:, [0, 2, 1]] * np.array([1000, -1000, 1000], np.float32)
    table = np.zeros(
        len(mesh.faces),
        dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")],
    )
    normals = face_normals(printer, mesh.faces)
    lengths = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    table["normal"] = normals / lengths
    table["corners"] = printer[mesh.faces]
    header = b"MediaForge, millimetres, Z up".ljust(80, b"\0")
    path.write_bytes(header + np.uint32(len(table)).tobytes() + table.tobytes())
    return path


def write_xyz(mesh: TexturedMesh, path: Path) -> Path:
    """Write the vertices as a cloud of points with colours, one a line."""
    rows = np.hstack([mesh.vertices, vertex_colours(mesh).astype(np.float32)])
    np.savetxt(path, rows, fmt="%.6f %.6f %.6f %d %d %d")
    return path
