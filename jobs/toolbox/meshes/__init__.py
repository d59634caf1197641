"""Meshes: writing GLB, USDZ, OBJ, PLY, STL; checking USDZ; drawing without a screen."""

from jobs.toolbox.meshes.cameras import Camera, look_at
from jobs.toolbox.meshes.glb import write_glb
from jobs.toolbox.meshes.mesh import TexturedMesh, vertex_normals
from jobs.toolbox.meshes.plain import write_obj_zip, write_ply, write_stl, write_xyz
from jobs.toolbox.meshes.usdz import UsdzWriteError, check_usdz, write_usdz

__all__ = [
    "Camera",
    "TexturedMesh",
    "UsdzWriteError",
    "check_usdz",
    "look_at",
    "vertex_normals",
    "write_glb",
    "write_obj_zip",
    "write_ply",
    "write_stl",
    "write_usdz",
    "write_xyz",
]
