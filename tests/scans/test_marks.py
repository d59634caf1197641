"""Marks are moved to where a thing's surface shows the same, however it turns away."""

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes import Camera, look_at
from jobs.toolbox.meshes.rendering import render
from scans.engines.photogrammetry.marks import Sightings, Views, sharpened
from tests.scans.models import ball

SIZE_PX = (320, 320)
ANGLES = (0.0, -0.25, 0.25, -0.45, 0.45)


def _cameras() -> list[Camera]:
    return [
        look_at(
            np.array([3.2 * np.sin(angle), 0.4, 3.2 * np.cos(angle)]),
            np.zeros(3),
            size_px=SIZE_PX,
        )
        for angle in ANGLES
    ]


def _points() -> NDArray[np.float64]:
    """On the side of the ball that all of the cameras see."""
    random = np.random.default_rng(2)
    points = random.normal(size=(400, 3)) * [0.5, 0.5, 0.1] + [0, 0, 1]
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _moved(
    greys: NDArray[np.uint8], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    cameras, points = _cameras(), _points()
    found = sharpened(
        Views(
            pictures=greys,
            rotations=np.stack([camera.rotation for camera in cameras]),
            translations=np.stack([camera.translation for camera in cameras]),
            lens=np.array([cameras[0].focal_px[0], *cameras[0].principal_px, 0.0]),
        ),
        points,
        Sightings(
            places=places.reshape(-1, 2),
            picture=np.tile(np.arange(len(cameras)), len(points)),
            starts=np.arange(len(points) + 1) * len(cameras),
        ),
    )
    return found.reshape(places.shape)


def test_marks_that_are_off_are_moved_to_their_places() -> None:
    cameras, points = _cameras(), _points()
    truth = np.stack([camera.project(points)[0] for camera in cameras], axis=1)
    off = np.random.default_rng(3).normal(0, 0.35, truth.shape)
    # The most frontal view says which point is meant: it is not moved.
    centres = np.array([camera.centre for camera in cameras])
    towards = centres[None] - points[:, None]
    towards /= np.linalg.norm(towards, axis=2, keepdims=True)
    frontal = (towards * points[:, None]).sum(axis=2).argmax(axis=1)
    off[np.arange(len(points)), frontal] = 0
    pictures = [render(ball(steps=96), camera, lit=False)[0] for camera in cameras]
    # Another light in every picture, as with a turntable's or a camera's own.
    lights = [1.0, 0.7, 0.9, 0.8, 0.6]
    greys = [
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) * light
        for picture, light in zip(pictures, lights, strict=True)
    ]

    found = _moved(np.stack(greys).astype(np.uint8), truth + off)

    others = np.linalg.norm(off, axis=2) > 0
    before = np.linalg.norm(off, axis=2)[others]
    after = np.linalg.norm(found - truth, axis=2)[others]
    assert np.median(before) > 0.35
    assert np.median(after) < 0.12
    assert (after <= before + 0.02).mean() > 0.9


def test_marks_on_an_even_slope_of_light_stay_where_they_are() -> None:
    cameras, points = _cameras(), _points()
    places = np.stack([camera.project(points)[0] for camera in cameras], axis=1)
    slope = np.clip(np.arange(SIZE_PX[0]), 0, 255).astype(np.uint8)

    found = _moved(np.tile(slope, (len(cameras), SIZE_PX[1], 1)), places)

    assert np.array_equal(found, places)
