"""What fewer triangles leave out of a surface, kept as a picture of its normals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import Floats, Pixels, vertex_normals
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
    normals = vertex_normals(laid.vertices, laid.faces)
    along, turned = tangents(laid)

    def spread(values: NDArray[np.floating]) -> Doubles:
        return fragments.interpolate(laid.faces, values)[inside].astype(np.float64)

    normal = _unit(spread(normals))
    found = _fine_normals(spread(laid.vertices), normal, fine)
    tangent = spread(along)
    tangent = _unit(tangent - (tangent * normal).sum(axis=1, keepdims=True) * normal)
    side = np.where(turned[fragments.face[inside]], -1.0, 1.0)[:, None]
    bitangent = np.cross(normal, tangent) * side
    told = np.stack(
        [(found * axis).sum(axis=1) for axis in (tangent, bitangent, normal)], axis=1
    )
    told[:, 2] = np.maximum(told[:, 2], STEEPEST)
    picture = np.full((side_px, side_px, 3), (128, 128, 255), np.uint8)
    picture[inside] = np.round(127.5 + 127.5 * _unit(told))
    return padded(picture, inside)


def tangents(laid: Unwrapped) -> tuple[Doubles, NDArray[np.bool_]]:
    """The way that u grows at each vertex, and which triangles lie mirrored."""
    corners = laid.vertices[laid.faces].astype(np.float64)
    spots = laid.uvs[laid.faces].astype(np.float64)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = (spots[:, 1] - spots[:, 0]).T, (spots[:, 2] - spots[:, 0]).T
    area = u1 * v2 - u2 * v1
    mirrored = area < 0
    ways = (one * v2[:, None] - two * v1[:, None]) * np.where(mirrored, -1, 1)[:, None]
    # Each triangle counts by its size, whatever its scale in the atlas is.
    weights = np.linalg.norm(np.cross(one, two), axis=1, keepdims=True)
    ways = _unit(ways) * weights
    sums = np.zeros((len(laid.vertices), 3))
    for corner in range(3):
        np.add.at(sums, laid.faces[:, corner], ways)
    return _unit(sums), mirrored


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
