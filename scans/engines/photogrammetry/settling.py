"""The last adjustment of all cameras: marks made sharp first, the simpler lens preferred.

A thing in the middle of the picture, as on a turntable, hardly tells how long the lens
is, and a bent lens from a longer one: marks that are off by a third of a pixel on its
curved sides make it wrong by a per cent, and with it the depth of the whole thing.
"""

from pathlib import Path

import cv2
import numpy as np
import pycolmap

from scans.engines.photogrammetry import marks

# A lens that bends less than this is as good as straight.
STRAIGHT_ENOUGH = 0.001
# A bent lens has to explain the pictures better than a straight one by this much.
BENT_GAIN = 0.01
# Marks that are farther from where they should be count ever less: at first those that
# are so far off, then those that are farther off than most, as far as that is stricter.
FAR_OFF_PX, NOT_FAR_OFF_PX = 0.5, 0.2
# Each of the two starts next to where it ends: more changes nothing that can be measured.
MOST_ROUNDS = 6


def settled(model: pycolmap.Reconstruction) -> pycolmap.Reconstruction:
    """The same cameras, marks that are far off counting less, with the simpler lens."""
    straight = pycolmap.Reconstruction(model)
    for camera in straight.cameras.values():
        camera.params = np.array([*camera.params[:-1], 0.0])
    adjust(straight, bends=False)
    bends = max(abs(camera.params[-1]) for camera in model.cameras.values())
    if bends < STRAIGHT_ENOUGH:
        return straight
    adjust(model, bends=True)
    most = model.compute_mean_reprojection_error() * (1 + BENT_GAIN)
    return straight if straight.compute_mean_reprojection_error() <= most else model


def sharpen(model: pycolmap.Reconstruction, pictures: Path) -> None:
    """Move every mark that a camera was placed by to where it truly lies."""
    images = [model.images[number] for number in model.reg_image_ids()]
    place_of = {image.image_id: place for place, image in enumerate(images)}
    poses = [image.cam_from_world() for image in images]
    points = list(model.points3D.values())
    found = [sighting for point in points for sighting in point.track.elements]
    spots = [model.images[s.image_id].points2D[s.point2D_idx] for s in found]
    places = marks.sharpened(
        marks.Views(
            pictures=np.stack([_grey(pictures / image.name) for image in images]),
            rotations=np.array([pose.rotation.matrix() for pose in poses]),
            translations=np.array([pose.translation for pose in poses]),
            lens=next(iter(model.cameras.values())).params.copy(),
        ),
        np.array([point.xyz for point in points]),
        marks.Sightings(
            places=np.array([spot.xy for spot in spots]),
            picture=np.array([place_of[s.image_id] for s in found]),
            starts=np.cumsum([0, *(len(point.track.elements) for point in points)]),
        ),
    )
    for spot, place in zip(spots, places, strict=True):
        spot.xy = place


def _grey(path: Path) -> marks.Pixels:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def adjust(model: pycolmap.Reconstruction, *, bends: bool) -> None:
    """Marks that slide along an outline, or were taken for others, pull at all the rest."""
    _adjusted(model, FAR_OFF_PX, bends=bends)
    usual = model.compute_mean_reprojection_error()
    _adjusted(model, max(NOT_FAR_OFF_PX, 1.5 * usual), bends=bends)


def _adjusted(
    model: pycolmap.Reconstruction, far_off_px: float, *, bends: bool
) -> None:
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_extra_params = bends
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.loss_function_scale = far_off_px
    options.ceres.solver_options.max_num_iterations = MOST_ROUNDS
    pycolmap.bundle_adjustment(model, options)
