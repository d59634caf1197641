"""What fewer triangles leave out of a surface, kept as a picture of its normals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import (
    Floats,
    Pixels,
    TexturedMesh,
    vertex_normals,
    vertex_tangents,
)
from jobs.toolbox.meshes.rasteriser import rasterise_flat
from scans.engines.photogrammetry.cleanup import Surface
from scans.engines.photogrammetry.texturing import Unwrapped, on_atlas, padded

Doubles = NDArray[np.float64]
MOST_PX = 1024
# Points of the fine surface that a spot's normal is mixed of.
MIXED = 4
# A normal that differs more belongs to the other side of a thin wall.
SAME_SIDE_COS = 0.3
STEEPEST = 0.25


@dataclass(frozen=True, kw_only=True)
class Fine:
    """The surface before triangles were saved."""

    vertices: Floats  # (n, 3)
    normals: Floats  # (n, 3)

    @classmethod
    def of(cls, surface: Surface) -> "Fine":
        return cls(
            vertices=surface.vertices,
            normals=vertex_normals(surface.vertices, surface.faces),
        )


def bake_bumps(laid: Unwrapped, fine: Fine, *, side_px: int) -> Pixels:
    """The fine surface's normals in the tangent space of the coarse one's atlas."""
    side_px = min(side_px, MOST_PX)
    fragments = rasterise_flat(on_atlas(laid, side_px), laid.faces, side_px)
    inside = fragments.face >= 0
    mesh = TexturedMesh(
        vertices=laid.vertices, faces=laid.faces, uvs=laid.uvs
    ).with_normals()
    assert mesh.normals is not None

    def spread(values: NDArray[np.floating]) -> Doubles:
        return fragments.interpolate(laid.faces, values)[inside].astype(np.float64)

    normal = _unit(spread(mesh.normals))
    found = _fine_normals(spread(laid.vertices), normal, fine)
    along = spread(vertex_tangents(mesh))
    hand = np.sign(along[:, 3:])
    tangent = along[:, :3]
    tangent = _unit(tangent - (tangent * normal).sum(axis=1, keepdims=True) * normal)
    bitangent = np.cross(normal, tangent) * hand
    told = np.stack(
        [(found * axis).sum(axis=1) for axis in (tangent, bitangent, normal)], axis=1
    )
    told[:, 2] = np.maximum(told[:, 2], STEEPEST)
    picture = np.full((side_px, side_px, 3), (128, 128, 255), np.uint8)
    picture[inside] = np.round(127.5 + 127.5 * _unit(told))
    return padded(picture, inside)


def _fine_normals(points: Doubles, normals: Doubles, fine: Fine) -> Doubles:
    from scipy.spatial import cKDTree

    gaps, near = cKDTree(fine.vertices).query(points, k=MIXED, workers=2)
    told = fine.normals[near].astype(np.float64)
    weights = 1 / np.maximum(gaps, 1e-9)
    weights *= (told * normals[:, None, :]).sum(axis=2) > SAME_SIDE_COS
    mixed = (told * weights[:, :, None]).sum(axis=1)
    # Where nothing near faces the same way the coarse surface is all that is known.
    lost = weights.sum(axis=1) == 0
    mixed[lost] = normals[lost]
    return _unit(mixed)


def _unit(vectors: Doubles) -> Doubles:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))
