"""How things move: easing curves, and the camera's path over the product."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ads.script import Camera

Matrix = NDArray[np.float64]  # (3, 3)


def ease_out(t: float) -> float:
    """Fast, then slower and slower."""
    return 1 - (1 - _unit(t)) ** 3


def ease_in(t: float) -> float:
    return _unit(t) ** 3


def ease_both(t: float) -> float:
    """Slow at both ends."""
    t = _unit(t)
    return t * t * t * (t * (6 * t - 15) + 10)


def overshoot(t: float) -> float:
    """A little too far, and back."""
    t = _unit(t) - 1
    return 1 + 2.4 * t**3 + 1.4 * t**2


def _unit(t: float) -> float:
    return min(max(t, 0.0), 1.0)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where the product stands: its middle in the frame, its height, its turn."""

    x: float
    y: float
    height: float
    roll_deg: float = 0.0
    yaw_deg: float = 0.0

    def matrix(self, width_px: int, height_px: int) -> Matrix:
        """From the pixels of the product's picture to those of the frame."""
        scale = self.height / height_px
        yaw, roll = math.radians(self.yaw_deg), math.radians(self.roll_deg)
        centre = np.array([[1, 0, -width_px / 2], [0, 1, -height_px / 2], [0, 0, 1.0]])
        # A turn about the upright axis, seen from three picture heights away.
        depth = math.sin(yaw) / (3.0 * height_px)
        turn = np.array([[math.cos(yaw), 0, 0], [0, 1, 0], [depth, 0, 1.0]])
        lean = np.array(
            [
                [scale * math.cos(roll), -scale * math.sin(roll), self.x],
                [scale * math.sin(roll), scale * math.cos(roll), self.y],
                [0, 0, 1.0],
            ]
        )
        return np.asarray(lean @ turn @ centre)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """The camera's path: how far it goes is told by the style's energy."""

    camera: Camera
    energy: float
    x: float
    y: float
    height: float
    still_after: float | None = None

    def pose(self, t: float) -> Pose:
        """The product's pose at a share of the scene, 0 to 1."""
        if self.still_after is not None:
            t = min(t, self.still_after) / self.still_after
        s = ease_both(t) * 0.6 + t * 0.4
        far = 0.5 + self.energy * 0.5
        zoom, dx, dy, roll, yaw = 1.0, 0.0, 0.0, 0.0, 0.0
        if self.camera is Camera.PUSH_IN:
            zoom, yaw = 0.9 + 0.16 * far * s, 5 * far * (s - 0.5)
        elif self.camera is Camera.PULL_BACK:
            zoom, roll = 1.0 + 0.16 * far * (1 - s), 2.4 * far * (0.5 - s)
        elif self.camera in (Camera.DRIFT_LEFT, Camera.DRIFT_RIGHT):
            way = -1 if self.camera is Camera.DRIFT_LEFT else 1
            dx, yaw = way * 0.12 * far * (s - 0.5), way * 8 * far * (s - 0.5)
            zoom = 0.96 + 0.05 * s
        elif self.camera is Camera.RISE:
            dy, zoom = 0.09 * far * (1 - s), 0.94 + 0.07 * s
        elif self.camera is Camera.ORBIT:
            yaw, dx = 18 * far * (s - 0.5), 0.05 * far * (s - 0.5)
            zoom = 0.97 + 0.04 * math.sin(math.pi * s)
        elif self.camera is Camera.CLOSE_UP:
            zoom, dy = 1.22 + 0.16 * far * s, 0.06 * far * (s - 0.5)
            roll = 2 * far * (s - 0.5)
        elif self.still_after is not None:
            zoom = 0.92 + 0.08 * ease_out(t)
        return Pose(
            x=self.x + dx * self.height,
            y=self.y + dy * self.height,
            height=self.height * zoom,
            roll_deg=roll,
            yaw_deg=yaw,
        )
