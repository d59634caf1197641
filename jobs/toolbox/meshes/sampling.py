"""Reading a texture where the surface is."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.meshes.mesh import Floats, Pixels, TexturedMesh


@njit(cache=True, nogil=True)
def _sample(picture, uvs, out):  # type: ignore[no-untyped-def]
    height, width, channels = picture.shape
    for index in range(uvs.shape[0]):
        x = min(max(uvs[index, 0] * width - 0.5, 0.0), width - 1.0)
        y = min(max((1.0 - uvs[index, 1]) * height - 0.5, 0.0), height - 1.0)
        left, top = int(x), int(y)
        right, below = min(left + 1, width - 1), min(top + 1, height - 1)
        across, down = x - left, y - top
        for channel in range(channels):
            upper = picture[top, left, channel] * (1 - across)
            upper += picture[top, right, channel] * across
            lower = picture[below, left, channel] * (1 - across)
            lower += picture[below, right, channel] * across
            out[index, channel] = upper * (1 - down) + lower * down


def sample_picture(picture: Pixels, uvs: Floats) -> NDArray[np.float32]:
    """Bilinear colours at UVs that count from the lower left corner."""
    out = np.empty((len(uvs), picture.shape[2]), np.float32)
    _sample(np.ascontiguousarray(picture), np.ascontiguousarray(uvs), out)
    return out


def vertex_colours(mesh: TexturedMesh) -> Pixels:
    """One RGB colour a vertex; light grey where there is no picture."""
    if mesh.texture is None or mesh.uvs is None:
        return np.full((len(mesh.vertices), 3), 200, np.uint8)
    colours = sample_picture(mesh.texture[:, :, :3], mesh.uvs)
    return np.asarray(np.round(colours), np.uint8)
