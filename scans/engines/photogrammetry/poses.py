"""Where each picture was taken from: drives the structure-from-motion program."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.errors import EngineFailedError
from jobs.toolbox.meshes.cameras import Camera
from scans.errors import NoMovementError, TooFewPosesError

WORKER = "scans.engines.photogrammetry.pose_worker"
# The worker's exit codes when no pictures fit together, or fit without depth.
NOTHING_FITS, NO_DEPTH = 3, 4
FEWEST_PLACED = 6
FEWEST_PLACED_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A picture with its camera, free of lens distortion."""

    name: str
    camera: Camera
    # Places in `Poses.points` that this picture saw.
    sees: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Poses:
    """What structure-from-motion found."""

    placed: Sequence[Placed]
    points: NDArray[np.float64]  # (n, 3)
    # SIMPLE_RADIAL's one term, and the camera before the lens was straightened.
    radial: float
    reprojection_px: float
    given: int


@dataclass(frozen=True, kw_only=True)
class PoseOrder:
    """What the worker is asked to do; written to disk as JSON."""

    images: Path
    masks: Path | None
    workdir: Path
    features: int
    # Before a still background: how each picture, by its name, is shifted.
    shifts: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)
    # Pictures of a video lie in order; photos may not.
    ordered: bool
    # Start from the picture itself rather than from a doubled one.
    fine: bool = True
    threads: int = 2


def solve(order: PoseOrder, on_progress: Callable[[float, str], None]) -> Poses:
    """Place the cameras; pycolmap shadows zlib, so a process of its own runs it."""
    order.workdir.mkdir(parents=True, exist_ok=True)
    request = order.workdir / "order.json"
    request.write_text(
        json.dumps({key: _plain(value) for key, value in vars(order).items()})
    )
    returned = _worked(request, order.workdir / "log.txt", on_progress)
    given = len(list(order.images.glob("*.png")))
    if returned == NO_DEPTH:
        raise NoMovementError
    if returned == NOTHING_FITS:
        raise TooFewPosesError(placed=0, given=given)
    if returned:
        log = (order.workdir / "log.txt").read_text(errors="replace")
        raise EngineFailedError("pycolmap", log)
    poses = read_poses(order.workdir / "poses.npz", given)
    if len(poses.placed) < max(FEWEST_PLACED, FEWEST_PLACED_SHARE * given):
        raise TooFewPosesError(placed=len(poses.placed), given=given)
    return poses


def _worked(request: Path, log: Path, on_progress: Callable[[float, str], None]) -> int:
    """The worker's exit code; it is stopped when `on_progress` ends the job."""
    command = [sys.executable, "-m", WORKER, str(request)]
    with (
        log.open("w") as log_file,
        subprocess.Popen(
            command,
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    told = json.loads(line)
                    on_progress(told["done"], told["doing"])
            return process.wait()
        finally:
            # Does nothing to a process that has ended.
            process.terminate()


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def read_poses(path: Path, given: int) -> Poses:
    with np.load(path) as found:
        names = [str(name) for name in found["names"]]
        width, height, focal, x, y, radial = found["camera"].tolist()
        starts, sees = found["starts"], found["sees"]
        placed = [
            Placed(
                name=name,
                camera=Camera(
                    width_px=int(width),
                    height_px=int(height),
                    focal_px=(focal, focal),
                    principal_px=(x, y),
                    rotation=found["rotations"][index],
                    translation=found["translations"][index],
                ),
                sees=sees[starts[index] : starts[index + 1]],
            )
            for index, name in enumerate(names)
        ]
        return Poses(
            placed=placed,
            points=found["points"],
            radial=radial,
            reprojection_px=float(found["error"]),
            given=given,
        )


def straighten(
    picture: NDArray[np.uint8], camera: Camera, radial: float
) -> NDArray[np.uint8]:
    """Take the lens' distortion out of a picture of any size."""
    height, width = picture.shape[:2]
    fitted = camera.resized(width, height)
    matrix = fitted.matrix
    # OpenCV counts from the first pixel's middle, we from its corner.
    matrix[:2, 2] -= 0.5
    bent = np.array([radial, 0.0, 0.0, 0.0])
    return np.asarray(cv2.undistort(picture, matrix, bent), np.uint8)
