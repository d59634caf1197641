"""A surface with a picture on it: the one shape that meshes travel in."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class TexturedMesh:
    """Triangles in metres, Y up; `uvs` count from the picture's lower left corner."""

    vertices: Floats  # (n, 3)
    faces: Ints  # (m, 3), counter-clockwise seen from outside
    uvs: Floats | None = None  # (n, 2)
    texture: Pixels | None = None  # (height, width, 3 or 4), RGB or RGBA
    normals: Floats | None = None  # (n, 3)
    normal_map: Pixels | None = None  # (height, width, 3), tangent space, Y up
    name: str = "model"
    # Seen from behind, too; wanted for cards and layers, not for closed objects.
    double_sided: bool = False
    # Shown as it is, without light: a painting's layers.
    unlit: bool = False
    roughness: float = 0.9

    @property
    def has_alpha(self) -> bool:
        return self.texture is not None and self.texture.shape[2] == 4

    def with_normals(self) -> "TexturedMesh":
        if self.normals is not None:
            return self
        return replace(self, normals=vertex_normals(self.vertices, self.faces))

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        return self.vertices.min(axis=0), self.vertices.max(axis=0)


def face_normals(vertices: Floats, faces: Ints) -> NDArray[np.float64]:
    """One vector a triangle, as long as twice its area."""
    corners = vertices[faces].astype(np.float64)
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """Area-weighted; vertices that lie in one place share one normal across UV seams."""
    _, owner = np.unique(vertices, axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    sums = np.zeros((int(owner.max()) + 1, 3))
    per_face = face_normals(vertices, faces)
    for corner in range(3):
        np.add.at(sums, owner[faces[:, corner]], per_face)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A vertex of no area, or of no face, still needs a unit vector in every format.
    lost = lengths[:, 0] < 1e-20
    sums[lost] = (0.0, 1.0, 0.0)
    lengths[lost] = 1.0
    return np.asarray((sums / lengths)[owner], np.float32)


def vertex_tangents(mesh: TexturedMesh) -> Floats:
    """The way that u grows at each vertex, and 1 or, in mirrored charts, -1: (n, 4).

    Normal, tangent and their product times that number point towards the viewer, to the
    right and upwards in the picture.
    """
    assert mesh.uvs is not None
    normals = mesh.with_normals().normals
    assert normals is not None
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    spots = mesh.uvs[mesh.faces].astype(np.float64)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = (spots[:, 1] - spots[:, 0]).T, (spots[:, 2] - spots[:, 0]).T
    hand = np.where(u1 * v2 - u2 * v1 < 0, -1.0, 1.0)
    ways = (one * v2[:, None] - two * v1[:, None]) * hand[:, None]
    # Each triangle counts by its size, whatever its scale in the picture is.
    size = np.linalg.norm(np.cross(one, two), axis=1)
    ways = _unit(ways) * size[:, None]
    sums, hands = np.zeros((len(mesh.vertices), 3)), np.zeros(len(mesh.vertices))
    for corner in range(3):
        np.add.at(sums, mesh.faces[:, corner], ways)
        np.add.at(hands, mesh.faces[:, corner], hand * size)
    upright = normals.astype(np.float64)
    flat = sums - (sums * upright).sum(axis=1, keepdims=True) * upright
    # A vertex without a way of its own takes any that lies on the surface.
    lost = np.linalg.norm(flat, axis=1) < 1e-9 * max(float(np.abs(sums).max()), 1e-20)
    steady = np.eye(3)[np.abs(upright[lost]).argmin(axis=1)]
    flat[lost] = np.cross(upright[lost], steady)
    signs = np.where(hands < 0, -1.0, 1.0)[:, None]
    return np.concatenate([_unit(flat), signs], axis=1).astype(np.float32)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-20))
