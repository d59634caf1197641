"""Pictures become one texture: evened out where they differ in light, sharp or smooth."""

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes import look_at
from jobs.toolbox.meshes.rendering import render
from scans.engines.photogrammetry.cleanup import Surface
from scans.engines.photogrammetry.texturing import Photo, Unwrapped, bake, unwrap
from tests.scans.models import ball

SIDE_PX = 256


def _surface() -> Surface:
    import trimesh

    sphere = trimesh.creation.icosphere(4)
    return Surface(
        vertices=sphere.vertices.astype(np.float32), faces=sphere.faces.astype(np.int32)
    )


def _photos(*, gains: tuple[float, ...] = (1.0,), grain: float = 0.0) -> list[Photo]:
    """Eight looks at a ball from around; each may be lighter, and grainy by itself."""
    random = np.random.default_rng(0)
    photos = []
    for number in range(8):
        angle = np.pi / 4 * number
        eye = np.array([3.0 * np.sin(angle), 0.6, 3.0 * np.cos(angle)])
        camera = look_at(eye, np.zeros(3), size_px=(200, 160))
        drawn, _ = render(ball(), camera)
        pixels = 0.5 * drawn.astype(np.float32) * gains[number % len(gains)]
        pixels += random.normal(0, 1, pixels.shape) * grain
        photos.append(
            Photo(pixels=np.clip(pixels, 0, 255).astype(np.uint8), camera=camera)
        )
    return photos


def _baked(photos: list[Photo], *, smooth: bool) -> NDArray[np.float64]:
    surface = _surface()
    laid: Unwrapped = unwrap(surface, texture_px=SIDE_PX)
    baked = bake(
        surface, laid, photos, side_px=SIDE_PX, smooth=smooth,
        on_progress=lambda done: None,
    )  # fmt: skip
    return baked.texture.astype(np.float64)


def test_smoothing_takes_grain_away() -> None:
    grainy, calm = _photos(grain=20), _photos()

    sharp, smooth = (
        float(np.std(_baked(grainy, smooth=way) - _baked(calm, smooth=way)))
        for way in (False, True)
    )

    assert smooth < 0.85 * sharp


def test_photos_of_different_exposure_leave_no_patches() -> None:
    even = _baked(_photos(), smooth=False)
    mixed = _baked(_photos(gains=(0.75, 1.3)), smooth=False)

    # One level for the whole picture is free; patches are not.
    level = float(np.median(mixed) / np.median(even))
    assert np.mean(np.abs(mixed / level - even)) < 0.06 * even.mean()
