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
