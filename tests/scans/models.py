"""Small meshes and pictures that the tests of this room share."""

import io

import numpy as np
from PIL import Image

from jobs.toolbox.meshes import TexturedMesh


def cube(name: str = "cube") -> TexturedMesh:
    """A closed box with a texture, a metre high."""
    corners = np.array(
        [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32
    )
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4)]
    quads.append((1, 5, 7, 3))
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    random = np.random.default_rng(0)
    return TexturedMesh(
        vertices=corners,
        faces=np.array(faces, np.int32),
        uvs=corners[:, :2].copy(),
        texture=random.integers(0, 256, (32, 32, 3)).astype(np.uint8),
        name=name,
    )


def photo_of_a_disc(side_px: int = 160) -> bytes:
    """A patterned round thing before a plain backdrop, as PNG."""
    random = np.random.default_rng(1)
    picture = np.full((side_px, side_px, 3), 236, np.uint8)
    rows, columns = np.mgrid[:side_px, :side_px] - side_px / 2
    inside = rows**2 + columns**2 < (0.33 * side_px) ** 2
    pattern = random.integers(30, 160, (side_px // 8, side_px // 8, 3)).astype(np.uint8)
    picture[inside] = pattern.repeat(8, axis=0).repeat(8, axis=1)[inside]
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def ball(
    *,
    seed: int = 0,
    middle: tuple[float, float, float] = (0, 0, 0),
    radius: float = 1.0,
    steps: int = 48,
) -> TexturedMesh:
    """A closed ball under a pattern of its own."""
    across, up = np.meshgrid(np.linspace(0, 1, 2 * steps + 1), np.linspace(0, 1, steps))
    angle, tilt = 2 * np.pi * across, np.pi * (up - 0.5)
    flat = np.cos(tilt)
    outwards = np.stack([flat * np.sin(angle), np.sin(tilt), flat * np.cos(angle)], -1)
    a = np.arange(steps - 1)[:, None] * (2 * steps + 1) + np.arange(2 * steps)
    b, c, d = a + 1, a + 2 * steps + 1, a + 2 * steps + 2
    faces = [np.stack(t, -1).reshape(-1, 3) for t in ((a, b, d), (a, d, c))]
    random = np.random.default_rng(seed)
    blots = random.integers(0, 256, (64, 128, 3)).astype(np.uint8)
    vertices = outwards.reshape(-1, 3) * radius + np.array(middle)
    return TexturedMesh(
        vertices=vertices.astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
        uvs=np.stack([across, up], -1).reshape(-1, 2).astype(np.float32),
        texture=blots.repeat(4, 0).repeat(4, 1),
        name="ball",
    )
