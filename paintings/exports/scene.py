"""The painting in space: each layer a plane at its depth, life-size for a wall."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jobs.toolbox.meshes import TexturedMesh, write_glb, write_usdz
from paintings.exports.sheets import FlatSheet

# The longer side of the picture, the depth of the box, and where one stands.
_SIDE_M = 0.8
_BOX_M = 0.32
_VIEWER_M = 1.6


def write_scene(sheets: Sequence[FlatSheet], glb: Path, usdz: Path) -> None:
    """Write the same scene for the web (GLB) and for phones (USDZ)."""
    meshes = [_plane(sheet) for sheet in sheets]
    write_glb(meshes, glb)
    write_usdz(meshes, usdz)


def _plane(sheet: FlatSheet) -> TexturedMesh:
    """Farther planes are larger, so that from the front they fit together as the photo."""
    height_px, width_px = sheet.alpha.shape
    back = _BOX_M * (1 - sheet.near)
    grown = (_VIEWER_M + back) / _VIEWER_M
    half_w = _SIDE_M / 2 * width_px / max(width_px, height_px) * grown
    half_h = _SIDE_M / 2 * height_px / max(width_px, height_px) * grown
    corners = [
        (-half_w, -half_h),
        (half_w, -half_h),
        (half_w, half_h),
        (-half_w, half_h),
    ]
    solid = int(sheet.alpha.min()) == 255
    return TexturedMesh(
        vertices=np.array([(x, y, -back) for x, y in corners], np.float32),
        faces=np.array([(0, 1, 2), (0, 2, 3)], np.int32),
        uvs=np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32),
        texture=sheet.rgb if solid else sheet.rgba,
        name=sheet.name,
        double_sided=True,
        unlit=True,
    )
