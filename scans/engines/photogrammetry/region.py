"""Where in space the thing stands: which way is up, the ground, a box around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera

Doubles = NDArray[np.float64]
# A plane is the ground when it leans so little against the way that is up.
LEAN_COS = np.cos(np.radians(25))
FEW_POINTS = 250


@dataclass(frozen=True, kw_only=True)
class Region:
    """A box that stands upright around the thing."""

    # Rows: right, up, and towards the viewer; turns world into upright.
    upright: Doubles  # (3, 3)
    low: Doubles  # (3,), in upright coordinates
    high: Doubles
    # Height of the ground in upright coordinates, when it was seen.
    floor: float | None

    @property
    def size(self) -> float:
        return float((self.high - self.low).max())

    def corners(self) -> Doubles:
        """The box's corners in the world."""
        picks = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        return np.asarray(np.where(picks, self.high, self.low) @ self.upright)

    def to_upright(self, points: NDArray[np.floating]) -> Doubles:
        return np.asarray(points @ self.upright.T)

    def holds(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        places = self.to_upright(points)
        return np.asarray(((places >= self.low) & (places <= self.high)).all(axis=1))


def find_region(points: Doubles, cameras: Sequence[Camera]) -> Region:
    """Look where the cameras look, and take what stands there on the ground."""
    middle = meeting_point(cameras)
    centres = np.array([camera.centre for camera in cameras])
    away = float(np.median(np.linalg.norm(centres - middle, axis=1)))
    upright = upright_frame(cameras, centres)
    near = points[np.linalg.norm(points - middle, axis=1) < 1.1 * away]
    floor = None
    found = find_floor(near @ upright.T, away)
    if found is not None:
        tilt, floor = found
        upright = tilt @ upright
    places = near @ upright.T
    at = upright @ middle
    camera = cameras[0]
    # What the pictures hold around their middle, at the thing's distance.
    half = min(
        camera.width_px / camera.focal_px[0], camera.height_px / camera.focal_px[1]
    )
    reach = 0.5 * half * away
    above = places if floor is None else places[places[:, 1] > floor + 0.02 * reach]
    above = above[np.linalg.norm(above - at, axis=1) < 1.3 * reach]
    cluster = central_cluster(above, at, cell=0.09 * reach)
    if len(cluster) >= FEW_POINTS:
        low, high = np.percentile(cluster, [0.3, 99.7], axis=0)
        margin = 0.1 * float((high - low).max())
        low, high = low - margin, high + margin
    else:
        low, high = at - 0.9 * reach, at + 0.9 * reach
    if floor is not None:
        # A little of the ground stays in sight, to tell it from the thing.
        low[1] = floor - 0.03 * float((high - low).max())
    return Region(upright=upright, low=low, high=high, floor=floor)


def meeting_point(cameras: Sequence[Camera]) -> Doubles:
    """The point that the optical axes pass nearest to."""
    centres = np.array([camera.centre for camera in cameras])
    axes = np.array([camera.forward for camera in cameras])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    weights = np.ones(len(cameras))
    point = centres.mean(axis=0)
    for _ in range(10):
        left = (weights[:, None, None] * across).sum(axis=0)
        right = (weights[:, None, None] * (across @ centres[:, :, None])).sum(axis=0)
        point = np.linalg.solve(left + 1e-9 * np.eye(3), right[:, 0])
        misses = np.linalg.norm(
            (across @ (point - centres)[:, :, None])[:, :, 0], axis=1
        )
        weights = 1 / np.maximum(misses, 0.1 * float(np.median(misses)) + 1e-9)
    return np.asarray(point)


def upright_frame(cameras: Sequence[Camera], centres: Doubles) -> Doubles:
    """The axis that the cameras went around, or else what they hold upwards."""
    held = -np.mean([camera.rotation[1] for camera in cameras], axis=0)
    _, spread, axes = np.linalg.svd(centres - centres.mean(axis=0))
    up = held
    if spread[2] < 0.45 * spread[1] and abs(axes[2] @ held) > 0.4 * np.linalg.norm(
        held
    ):
        up = axes[2] * np.sign(axes[2] @ held)
    return frame_with_up(up, cameras[0].rotation[0])


def frame_with_up(up: Doubles, right: Doubles) -> Doubles:
    up = up / np.linalg.norm(up)
    right = right - (right @ up) * up
    if np.linalg.norm(right) < 1e-6:
        right = np.cross(up, [0.3, 0.5, 0.8])
    right = right / np.linalg.norm(right)
    return np.stack([right, up, np.cross(right, up)])


def find_floor(places: Doubles, away: float) -> tuple[Doubles, float] | None:
    """The plane that much lies on and little lies under: a tilt, and its height."""
    if len(places) < FEW_POINTS:
        return None
    random = np.random.default_rng(0)
    thick = 0.006 * away
    best: tuple[float, Doubles, float] | None = None
    for _ in range(600):
        a, b, c = places[random.choice(len(places), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal)
        if length < 1e-12:
            continue
        normal *= np.sign(normal[1]) / length
        if normal[1] < LEAN_COS:
            continue
        heights = places @ normal - a @ normal
        score = float(
            np.sum(np.abs(heights) < thick) - 2.5 * np.sum(heights < -3 * thick)
        )
        if best is None or score > best[0]:
            best = (score, normal, float(a @ normal))
    if best is None or best[0] < 0.08 * len(places):
        return None
    _, normal, height = best
    for _ in range(3):
        flat = places[np.abs(places @ normal - height) < thick]
        middle = flat.mean(axis=0)
        normal = np.linalg.svd(flat - middle, full_matrices=False)[2][2]
        normal = normal * np.sign(normal[1])
        height = float(middle @ normal)
    return frame_with_up(normal, np.array([1.0, 0, 0])), height


def central_cluster(places: Doubles, at: Doubles, *, cell: float) -> Doubles:
    """The connected heap of points that weighs most near the middle."""
    if len(places) == 0:
        return places
    labels = cluster_labels(places, cell)
    nearness = np.exp(-((np.linalg.norm(places - at, axis=1) / (6 * cell)) ** 2))
    weight = np.bincount(labels, nearness)
    return np.asarray(places[labels == int(weight.argmax())])


def cluster_labels(places: NDArray[np.floating], cell: float) -> NDArray[np.int64]:
    """Which heap each point belongs to; heaps are a cell or more apart."""
    from scipy.ndimage import label

    cells = np.floor((places - places.min(axis=0)) / cell).astype(np.int64)
    grid = np.zeros(cells.max(axis=0) + 1, np.bool_)
    grid[tuple(cells.T)] = True
    labels, _ = label(grid, np.ones((3, 3, 3)))
    return np.asarray(labels[tuple(cells.T)] - 1, np.int64)
