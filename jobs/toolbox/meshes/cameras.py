"""Pinhole cameras: x to the right, y down, z into the picture."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a picture was taken from, and how wide it sees."""

    width_px: int
    height_px: int
    focal_px: tuple[float, float]
    principal_px: tuple[float, float]
    rotation: Doubles  # (3, 3), camera from world
    translation: Doubles  # (3,), camera from world

    @property
    def centre(self) -> Doubles:
        return np.asarray(-self.rotation.T @ self.translation)

    @property
    def forward(self) -> Doubles:
        return np.asarray(self.rotation[2])

    @property
    def matrix(self) -> Doubles:
        """The 3 x 3 calibration matrix."""
        return np.array(
            [
                [self.focal_px[0], 0.0, self.principal_px[0]],
                [0.0, self.focal_px[1], self.principal_px[1]],
                [0.0, 0.0, 1.0],
            ]
        )

    def resized(self, width_px: int, height_px: int) -> "Camera":
        """The same view in a picture of another size; pixel centres lie at .5."""
        x, y = width_px / self.width_px, height_px / self.height_px
        return replace(
            self,
            width_px=width_px,
            height_px=height_px,
            focal_px=(self.focal_px[0] * x, self.focal_px[1] * y),
            principal_px=(self.principal_px[0] * x, self.principal_px[1] * y),
        )

    def project(self, points: NDArray[np.floating]) -> tuple[Doubles, Doubles]:
        """Pixel positions (n, 2) and depths (n,) of points of the world."""
        seen = points @ self.rotation.T + self.translation
        depth = np.asarray(seen[:, 2], np.float64)
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        xy = seen[:, :2] / safe[:, None] * self.focal_px + self.principal_px
        return np.asarray(xy), depth


def look_at(
    eye: Doubles,
    target: Doubles,
    *,
    size_px: tuple[int, int],
    field_of_view_deg: float = 40.0,
    up: tuple[float, float, float] = (0.0, 1.0, 0.0),
) -> Camera:
    """A camera at `eye` that has `target` in the middle and `up` upwards."""
    forward = np.asarray(target, float) - np.asarray(eye, float)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    width_px, height_px = size_px
    focal = 0.5 * height_px / np.tan(np.radians(field_of_view_deg) / 2)
    return Camera(
        width_px=width_px,
        height_px=height_px,
        focal_px=(float(focal), float(focal)),
        principal_px=(width_px / 2, height_px / 2),
        rotation=rotation,
        translation=-rotation @ np.asarray(eye, float),
    )
