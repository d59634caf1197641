"""Drawing triangles without a screen or a graphics card."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from jobs.toolbox.meshes.mesh import Floats, Ints

NEAR = 1e-4


@dataclass(frozen=True, kw_only=True)
class Fragments:
    """What each pixel sees: depth (0: nothing), triangle (-1: nothing), weights."""

    depth: NDArray[np.float32]  # (height, width)
    face: NDArray[np.int32]  # (height, width)
    weights: NDArray[np.float32]  # (height, width, 2), of the corners 1 and 2

    def interpolate(self, faces: Ints, values: NDArray[np.floating]) -> Floats:
        """Values of the corners (n, k), spread over the pixels (height, width, k)."""
        out = np.zeros((*self.face.shape, values.shape[1]), np.float32)
        corners = np.ascontiguousarray(values, np.float32)
        _spread(self.face, self.weights, faces, corners, out)
        return out


@njit(cache=True, nogil=True)
def _spread(owner, weights, faces, values, out):  # type: ignore[no-untyped-def]
    height, width = owner.shape
    for row in range(height):
        for column in range(width):
            face = owner[row, column]
            if face < 0:
                continue
            second, third = weights[row, column, 0], weights[row, column, 1]
            a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
            for k in range(values.shape[1]):
                mixed = values[a, k] * (1 - second - third)
                out[row, column, k] = (
                    mixed + values[b, k] * second + values[c, k] * third
                )


@njit(cache=True, nogil=True)
def _draw(screen, inverse_depth, faces, depth, owner, weights):  # type: ignore[no-untyped-def]
    """Nearest triangle per pixel; screen (n, 2), inverse_depth (n,), 0 when behind."""
    height, width = depth.shape
    for index in range(faces.shape[0]):
        a, b, c = faces[index, 0], faces[index, 1], faces[index, 2]
        za, zb, zc = inverse_depth[a], inverse_depth[b], inverse_depth[c]
        if za <= 0.0 or zb <= 0.0 or zc <= 0.0:
            continue
        ax, ay = screen[a, 0], screen[a, 1]
        bx, by = screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-12:
            continue
        # Pixel centres lie at .5.
        left = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        right = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        top = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for row in range(top, bottom + 1):
            y = row + 0.5
            for column in range(left, right + 1):
                x = column + 0.5
                wb = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                wc = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                wa = 1.0 - wb - wc
                if wa < -1e-9 or wb < -1e-9 or wc < -1e-9:
                    continue
                inverse = wa * za + wb * zb + wc * zc
                found = 1.0 / inverse
                if depth[row, column] == 0.0 or found < depth[row, column]:
                    depth[row, column] = found
                    owner[row, column] = index
                    # Weights in space, not on the screen.
                    weights[row, column, 0] = wb * zb * found
                    weights[row, column, 1] = wc * zc * found


def rasterise(vertices: Floats, faces: Ints, camera: Camera) -> Fragments:
    """See the triangles through the camera; both sides of each are drawn."""
    xy, z = camera.project(np.asarray(vertices, np.float64))
    inverse = np.where(z > NEAR, 1.0 / np.maximum(z, NEAR), 0.0)
    return _fragments(xy, inverse, faces, camera.height_px, camera.width_px)


def rasterise_flat(
    points_px: NDArray[np.floating], faces: Ints, size_px: int
) -> Fragments:
    """Draw triangles that already lie in the plane, such as a UV atlas."""
    flat = np.asarray(points_px, np.float64)
    return _fragments(flat, np.ones(len(flat)), faces, size_px, size_px)


def _fragments(
    screen: NDArray[np.float64],
    inverse_depth: NDArray[np.float64],
    faces: Ints,
    height_px: int,
    width_px: int,
) -> Fragments:
    depth = np.zeros((height_px, width_px), np.float32)
    owner = np.full((height_px, width_px), -1, np.int32)
    weights = np.zeros((height_px, width_px, 2), np.float32)
    faces = np.ascontiguousarray(faces, np.int32)
    _draw(np.ascontiguousarray(screen), inverse_depth, faces, depth, owner, weights)
    return Fragments(depth=depth, face=owner, weights=weights)
