"""Bumps that triangles were saved on come back in the picture of normals."""

import numpy as np
import trimesh
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import TexturedMesh, vertex_normals, vertex_tangents
from jobs.toolbox.meshes.rasteriser import rasterise_flat
from scans.engines.photogrammetry.bumps import Fine, bake_bumps
from scans.engines.photogrammetry.cleanup import Surface
from scans.engines.photogrammetry.simplify import simplified
from scans.engines.photogrammetry.texturing import Unwrapped, on_atlas, unwrap

SIDE_PX = 256
Doubles = NDArray[np.float64]


def _bumpy_ball() -> Surface:
    ball = trimesh.creation.icosphere(5)
    x, y, z = ball.vertices.T
    bumps = 1 + 0.02 * np.sin(14 * x) * np.sin(14 * y) * np.sin(14 * z)
    return Surface(
        vertices=(ball.vertices * bumps[:, None]).astype(np.float32),
        faces=ball.faces.astype(np.int32),
    )


def _mirrored(laid: Unwrapped) -> Unwrapped:
    uvs = laid.uvs * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
    return Unwrapped(vertices=laid.vertices, faces=laid.faces, uvs=uvs)


def _missed_deg(laid: Unwrapped, fine: Surface, picture: NDArray[np.uint8]) -> float:
    """How far the shown normals are from the fine surface's, as a viewer shows them."""
    fragments = rasterise_flat(on_atlas(laid, SIDE_PX), laid.faces, SIDE_PX)
    inside = fragments.face >= 0

    def spread(values: NDArray[np.floating]) -> Doubles:
        return fragments.interpolate(laid.faces, values)[inside].astype(np.float64)

    normal = spread(vertex_normals(laid.vertices, laid.faces))
    mesh = TexturedMesh(vertices=laid.vertices, faces=laid.faces, uvs=laid.uvs)
    ways = spread(vertex_tangents(mesh))
    tangent, hand = ways[:, :3], ways[:, 3:]
    told = picture[inside] / 127.5 - 1
    shown = told[:, :1] * tangent + told[:, 2:] * normal
    shown += told[:, 1:2] * np.cross(normal, tangent) * hand
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    points = spread(laid.vertices)
    near = trimesh.proximity.ProximityQuery(trimesh.Trimesh(fine.vertices, fine.faces))
    true = vertex_normals(fine.vertices, fine.faces)[near.vertex(points)[1]]
    cosines = np.clip((shown * true).sum(axis=1), -1, 1)
    return float(np.degrees(np.arccos(cosines)).mean())


def test_a_picture_of_normals_brings_saved_bumps_back() -> None:
    fine = _bumpy_ball()
    flat = np.full((SIDE_PX, SIDE_PX, 3), (128, 128, 255), np.uint8)
    laid = unwrap(simplified(fine, 1200), texture_px=SIDE_PX)

    for one in (laid, _mirrored(laid)):
        picture = bake_bumps(one, Fine.of(fine), side_px=SIDE_PX)

        assert picture.shape == flat.shape
        with_bumps, without = (_missed_deg(one, fine, p) for p in (picture, flat))
        assert with_bumps < 0.4 * without
