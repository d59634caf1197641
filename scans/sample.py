"""Something to try the pipelines with, made on the spot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox import images
from jobs.toolbox.meshes import TexturedMesh, look_at
from jobs.toolbox.meshes.rendering import render, write_mp4

SIDE_PX = (640, 480)
FRAMES, FRAMES_PER_SECOND = 96, 12


def walk_around(
    folder: Path, *, pictures: int = FRAMES, size_px: tuple[int, int] = SIDE_PX
) -> list[Path]:
    """A short film of a painted vase on a printed cloth."""
    scene = _merged([_vase(), _cloth()])
    frames = []
    for turn in np.linspace(0, 2 * np.pi, pictures, endpoint=False):
        tilt = np.radians(30 + 8 * np.sin(2 * turn))
        eye = 2.4 * np.array(
            [np.sin(turn) * np.cos(tilt), np.sin(tilt), np.cos(turn) * np.cos(tilt)]
        )
        camera = look_at(
            eye + np.array([0, 0.45, 0]), np.array([0, 0.45, 0]), size_px=size_px
        )
        frames.append(render(scene, camera, lit=False)[0])
    return [
        write_mp4(
            frames, folder / "walk-around.mp4", frames_per_second=FRAMES_PER_SECOND
        )
    ]


def photos(folder: Path) -> list[Path]:
    """Two photos of the vase: from the side, and from above."""
    vase = _vase()
    paths = []
    for name, eye in (("vase", (0.0, 0.6, 2.6)), ("vase-from-above", (0.9, 1.9, 1.9))):
        camera = look_at(np.array(eye), np.array([0, 0.5, 0]), size_px=SIDE_PX)
        pixels = render(vase, camera, lit=True)[0]
        paths.append(images.save_png(folder / f"{name}.png", pixels))
    return paths


# Dark to bright: a blue glaze on porcelain, and threads of linen.
GLAZE = ((18, 28, 66), (38, 72, 138), (112, 152, 196), (226, 230, 224), (252, 250, 242))
LINEN = ((54, 44, 34), (112, 92, 70), (160, 140, 112), (204, 188, 160), (238, 228, 208))


def _grain(seed: int, side: int, ramp: Sequence[Sequence[int]]) -> NDArray[np.uint8]:
    """Blots of many sizes, much to recognise at any distance; without a seam across."""
    random = np.random.default_rng(seed)
    grey = np.zeros((side, side), np.float32)
    for cells, strength in ((12, 0.5), (40, 0.55), (110, 0.6), (260, 0.45)):
        grey += strength * _blots(random, cells, side)
    levels = np.linspace(-1.5, 1.5, len(ramp))
    channels = [np.interp(grey, levels, [step[k] for step in ramp]) for k in range(3)]
    return np.asarray(np.stack(channels, axis=-1).round(), np.uint8)


def _blots(random: np.random.Generator, cells: int, side: int) -> NDArray[np.float32]:
    import cv2

    blots = random.normal(0, 1, (cells, cells)).astype(np.float32)
    # Two cells of the other end on both sides, so that the ends meet.
    around = np.pad(blots, ((0, 0), (2, 2)), "wrap")
    wide = round(side * (cells + 4) / cells)
    grown = cv2.resize(around, (wide, side), interpolation=cv2.INTER_CUBIC)
    left = (wide - side) // 2
    return np.asarray(grown[:, left : left + side], np.float32)


def _vase() -> TexturedMesh:
    heights = np.linspace(0, 1, 80)
    outline = 0.24 + 0.12 * np.sin(heights * 4.2 + 0.3) - 0.06 * heights
    outline[0] = outline[-1] = 0.0
    return _turned(heights, outline, "vase", _grain(1, 1024, GLAZE))


def _turned(
    heights: NDArray[np.float64],
    radii: NDArray[np.float64],
    name: str,
    texture: NDArray[np.uint8],
    turns: int = 96,
) -> TexturedMesh:
    across, up = np.meshgrid(np.linspace(0, 1, turns + 1), np.arange(len(heights)))
    radius, height = radii[up], heights[up]
    angle = 2 * np.pi * across
    vertices = np.stack(
        [radius * np.sin(angle), height, radius * np.cos(angle)], axis=-1
    )
    uvs = np.stack([across, up / (len(heights) - 1)], axis=-1)
    a = (up[:-1, :-1] * (turns + 1) + np.arange(turns)).reshape(-1)
    b, c = a + 1, a + turns + 1
    d = c + 1
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    return TexturedMesh(
        vertices=vertices.reshape(-1, 3).astype(np.float32),
        faces=faces.astype(np.int32),
        uvs=uvs.reshape(-1, 2).astype(np.float32),
        texture=texture,
        name=name,
    )


def _cloth() -> TexturedMesh:
    spots = np.array([[x, 0, z] for z in (-1.5, 1.5) for x in (-1.5, 1.5)], np.float32)
    return TexturedMesh(
        vertices=spots,
        faces=np.array([[0, 2, 1], [1, 2, 3]], np.int32),
        uvs=np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32),
        texture=_grain(0, 1024, LINEN),
        name="cloth",
    )


def _merged(scene: list[TexturedMesh]) -> TexturedMesh:
    """Two meshes of one texture size as one, their pictures side by side."""
    first, second = scene
    assert first.uvs is not None
    assert second.uvs is not None
    assert first.texture is not None
    assert second.texture is not None
    left, right = first.uvs * [0.5, 1], second.uvs * [0.5, 1] + [0.5, 0]
    return TexturedMesh(
        vertices=np.concatenate([first.vertices, second.vertices]),
        faces=np.concatenate([first.faces, second.faces + len(first.vertices)]),
        uvs=np.concatenate([left, right]).astype(np.float32),
        texture=np.concatenate([first.texture, second.texture], axis=1),
        name="sample",
    )
