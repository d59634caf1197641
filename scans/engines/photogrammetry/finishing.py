"""The model as its user gets it: standing upright on the ground, in metres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from jobs.toolbox.meshes.mesh import Pixels, TexturedMesh
from scans.engines.photogrammetry.texturing import Unwrapped


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Carries upright coordinates into the model's: metres, y = 0 the ground."""

    scale: float
    shift: NDArray[np.float64]  # (3,), before scaling

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray((points - self.shift) * self.scale, np.float32)


def placement(vertices: NDArray[np.floating], longest_side_m: float) -> Placement:
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = (low + high) / 2
    return Placement(
        scale=longest_side_m / float((high - low).max()),
        shift=np.array([middle[0], low[1], middle[2]]),
    )


def finished(
    laid: Unwrapped, texture: Pixels, bumps: Pixels, place: Placement, name: str
) -> TexturedMesh:
    return TexturedMesh(
        vertices=place.apply(laid.vertices),
        faces=laid.faces,
        uvs=laid.uvs,
        texture=texture,
        normal_map=bumps,
        name=name,
    ).with_normals()


def upright_camera(camera: Camera, upright: NDArray[np.float64]) -> Camera:
    """The same camera, told in upright coordinates."""
    return Camera(
        width_px=camera.width_px,
        height_px=camera.height_px,
        focal_px=camera.focal_px,
        principal_px=camera.principal_px,
        rotation=camera.rotation @ upright.T,
        translation=camera.translation,
    )
