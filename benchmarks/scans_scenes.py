"""Things of known shape, filmed by a walk around them: made here, frame by frame."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera, look_at
from jobs.toolbox.meshes.mesh import face_normals
from jobs.toolbox.meshes.rasteriser import rasterise

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Pixels = NDArray[np.uint8]


class Texture(StrEnum):
    RICH = "rich"
    WEAK = "weak"
    # Contrast as good as none: nothing to match at all.
    NONE = "none"


class Setting(StrEnum):
    WALK = "walk"
    TURNTABLE = "turntable"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Closed parts, standing on y = 0; where parts overlap only the outside counts."""

    vertices: Floats
    faces: Ints
    name: str

    @property
    def longest_side(self) -> float:
        return float((self.vertices.max(axis=0) - self.vertices.min(axis=0)).max())


@dataclass(frozen=True, kw_only=True)
class Filming:
    """How the video is taken."""

    width_px: int = 960
    height_px: int = 720
    seconds: float = 12.0
    frames_per_second: int = 15
    setting: Setting = Setting.WALK
    texture: Texture = Texture.RICH
    noise: float = 2.5
    shake_deg: float = 0.4
    exposure_drift: float = 0.08
    turn_deg: float = 360.0
    brightness: float = 1.0
    blur_px: float = 0.0
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Film:
    """A video, and the truth about it: cameras in the frame of the shape."""

    path: Path
    shape: Shape
    cameras: Sequence[Camera]
    filming: Filming


# --- shapes -----------------------------------------------------------------


def _joined(name: str, parts: Sequence[tuple[Floats, Ints]]) -> Shape:
    vertices = np.concatenate([part[0] for part in parts])
    offsets = np.cumsum([0, *[len(part[0]) for part in parts[:-1]]])
    faces = np.concatenate(
        [part[1] + at for part, at in zip(parts, offsets, strict=True)]
    )
    vertices = vertices - [
        (vertices[:, 0].min() + vertices[:, 0].max()) / 2,
        vertices[:, 1].min(),
        (vertices[:, 2].min() + vertices[:, 2].max()) / 2,
    ]
    scale = 1.0 / float((vertices.max(axis=0) - vertices.min(axis=0)).max())
    return Shape(
        vertices=np.asarray(vertices * scale, np.float32),
        faces=np.asarray(faces, np.int32),
        name=name,
    )


def _lathe(profile: NDArray[np.floating], turns: int = 96) -> tuple[Floats, Ints]:
    """Turn a profile (radius, height) that starts and ends on the axis."""
    angles = np.arange(turns) * 2 * np.pi / turns
    rings = [
        np.stack([r * np.cos(angles), np.full(turns, y), r * np.sin(angles)], axis=1)
        for r, y in profile
    ]
    faces = []
    for ring in range(len(profile) - 1):
        for turn in range(turns):
            a, b = ring * turns + turn, ring * turns + (turn + 1) % turns
            c, d = a + turns, b + turns
            faces += [(a, c, b), (b, c, d)]
    return np.concatenate(rings).astype(np.float32), np.array(faces, np.int32)


def _box(low: Sequence[float], high: Sequence[float]) -> tuple[Floats, Ints]:
    corners = np.array(
        [
            [(low, high)[x][0], (low, high)[y][1], (low, high)[z][2]]
            for x in (0, 1)
            for y in (0, 1)
            for z in (0, 1)
        ],
        np.float32,
    )
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4)]
    quads.append((1, 5, 7, 3))
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return corners, np.array(faces, np.int32)


def _limb(
    start: Sequence[float], end: Sequence[float], radius: float
) -> tuple[Floats, Ints]:
    """A round rod with rounded ends."""
    a, b = np.array(start, float), np.array(end, float)
    length = float(np.linalg.norm(b - a))
    bend = np.linspace(-np.pi / 2, np.pi / 2, 13)
    profile = [(radius * np.cos(t), radius * np.sin(t)) for t in bend[:6]]
    profile += [(radius, 0.0), (radius, length)]
    profile += [(radius * np.cos(t), length + radius * np.sin(t)) for t in bend[7:]]
    vertices, faces = _lathe(np.array(profile), turns=32)
    axis = (b - a) / length
    helper = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.9 else np.array([0, 0, 1.0])
    side = np.cross(axis, helper)
    side /= np.linalg.norm(side)
    frame = np.stack([np.cross(axis, side), axis, side], axis=1)
    return np.asarray(vertices @ frame.T + a, np.float32), faces


def smooth() -> Shape:
    """A pebble with dents."""
    steps = np.linspace(0, np.pi, 97)
    vertices, faces = _lathe(
        np.stack([np.sin(steps), -np.cos(steps)], axis=1), turns=192
    )
    x, y, z = vertices.T
    bumps = (
        1 + 0.12 * np.sin(3 * x + 1) * np.cos(2.5 * z) + 0.08 * np.sin(4 * y + 2 * x)
    )
    return _joined("smooth", [(vertices * bumps[:, None] * [1, 0.8, 0.9], faces)])


def boxy() -> Shape:
    """A tower of blocks with sharp edges."""
    return _joined(
        "boxy",
        [
            _box((-0.5, 0.0, -0.4), (0.5, 0.45, 0.4)),
            _box((-0.3, 0.4, -0.35), (0.35, 0.8, 0.2)),
            _box((-0.2, 0.75, -0.2), (0.1, 1.0, 0.1)),
        ],
    )


def holed() -> Shape:
    """A ring that stands on a foot."""
    around, through = np.meshgrid(
        np.arange(128) * 2 * np.pi / 128, np.arange(64) * 2 * np.pi / 64, indexing="ij"
    )
    radius = 0.36 + 0.13 * np.cos(through)
    points = np.stack(
        [
            radius * np.cos(around),
            0.55 + radius * np.sin(around),
            0.13 * np.sin(through),
        ],
        axis=-1,
    ).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(128), np.arange(64), indexing="ij")
    a, b = i * 64 + j, ((i + 1) % 128) * 64 + j
    c, d = i * 64 + (j + 1) % 64, ((i + 1) % 128) * 64 + (j + 1) % 64
    faces = np.concatenate(
        [np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, b, c), (b, d, c))]
    )
    ring = (points.astype(np.float32), faces.astype(np.int32))
    return _joined("holed", [ring, _box((-0.3, 0.0, -0.25), (0.3, 0.14, 0.25))])


def limbed() -> Shape:
    """A stool: a thick seat on four thin legs, with a back."""
    seat = _box((-0.34, 0.5, -0.34), (0.34, 0.62, 0.34))
    legs = [
        _limb((x * 0.36, 0.045, z * 0.36), (x * 0.27, 0.55, z * 0.27), 0.045)
        for x in (-1, 1)
        for z in (-1, 1)
    ]
    back = [
        _limb((x * 0.26, 0.55, -0.28), (x * 0.26, 0.98, -0.3), 0.04) for x in (-1, 1)
    ]
    rail = _limb((-0.26, 0.95, -0.3), (0.26, 0.95, -0.3), 0.045)
    return _joined("limbed", [seat, *legs, *back, rail])


def bottle() -> Shape:
    """A bottle with a neck and a cap."""
    outline = [(0, 0), (0.2, 0), (0.23, 0.02), (0.235, 0.06), (0.235, 0.55)]
    outline += [(0.225, 0.62), (0.19, 0.69), (0.13, 0.75), (0.095, 0.8), (0.085, 0.88)]
    outline += [(0.105, 0.885), (0.105, 0.99), (0.095, 1.0), (0, 1.0)]
    return _joined("bottle", [_lathe(np.array(outline))])


def crate() -> Shape:
    """A plain box, as shops show many."""
    return _joined("crate", [_box((-0.5, 0.0, -0.3), (0.5, 0.7, 0.3))])


SHAPES: dict[str, Callable[[], Shape]] = {
    shape.__name__: shape for shape in (smooth, boxy, holed, limbed, bottle)
}

# --- filming ----------------------------------------------------------------

# Cells of noise per unit of length, and how strong each octave is.
FREQUENCIES = np.array([5.0, 14.0, 38.0, 85.0], np.float32)
STRENGTHS = np.array([0.5, 0.75, 0.8, 0.5], np.float32)
TINT_FREQUENCY = np.float32(9.0)
# A power of two, so that wrapping around is one bitwise and.
NOISE_CELLS = 64


@njit(cache=True, nogil=True, fastmath=True)
def _paint(points, volume, tint, frequencies, strengths, tint_frequency, out):  # type: ignore[no-untyped-def]
    """Colours (n, 3) about 0 of a solid texture at points (n, 3)."""
    wrap = volume.shape[0] - 1
    octaves = frequencies.shape[0]
    for n in range(points.shape[0]):
        grey = np.float32(0.0)
        for octave in range(octaves + 1):
            last = octave == octaves
            frequency = tint_frequency if last else frequencies[octave]
            x = points[n, 0] * frequency + np.float32(517.3)
            y = points[n, 1] * frequency + np.float32(505.1)
            z = points[n, 2] * frequency + np.float32(509.7)
            ix, iy, iz = int(x), int(y), int(z)
            fx, fy, fz = x - ix, y - iy, z - iz
            x0, y0, z0 = ix & wrap, iy & wrap, iz & wrap
            x1, y1, z1 = (ix + 1) & wrap, (iy + 1) & wrap, (iz + 1) & wrap
            if not last:
                a = volume[x0, y0, z0] * (1 - fx) + volume[x1, y0, z0] * fx
                b = volume[x0, y1, z0] * (1 - fx) + volume[x1, y1, z0] * fx
                c = volume[x0, y0, z1] * (1 - fx) + volume[x1, y0, z1] * fx
                d = volume[x0, y1, z1] * (1 - fx) + volume[x1, y1, z1] * fx
                low, high = a * (1 - fy) + b * fy, c * (1 - fy) + d * fy
                grey += strengths[octave] * (low * (1 - fz) + high * fz)
                continue
            for k in range(3):
                a = tint[x0, y0, z0, k] * (1 - fx) + tint[x1, y0, z0, k] * fx
                b = tint[x0, y1, z0, k] * (1 - fx) + tint[x1, y1, z0, k] * fx
                c = tint[x0, y0, z1, k] * (1 - fx) + tint[x1, y0, z1, k] * fx
                d = tint[x0, y1, z1, k] * (1 - fx) + tint[x1, y1, z1, k] * fx
                low, high = a * (1 - fy) + b * fy, c * (1 - fy) + d * fy
                out[n, k] = grey + np.float32(0.45) * (low * (1 - fz) + high * fz)


@lru_cache(maxsize=4)
def _noise(seed: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    shape = (NOISE_CELLS,) * 3
    grey = random.integers(-100, 101, shape).astype(np.float32)
    return grey, random.integers(-100, 101, (*shape, 3)).astype(np.float32)


def solid_colours(
    points: NDArray[np.floating], *, seed: int, contrast: float
) -> Floats:
    """The colours that a thing's surface has at these points."""
    out = np.empty((len(points), 3), np.float32)
    points = np.ascontiguousarray(points, np.float32)
    _paint(points, *_noise(seed), FREQUENCIES, STRENGTHS, TINT_FREQUENCY, out)
    base = np.array([140, 132, 122], np.float32)
    return np.asarray(base + contrast * out, np.float32)


CONTRAST = {Texture.RICH: 1.0, Texture.WEAK: 1 / 8, Texture.NONE: 0.0}
LIGHT = np.array([0.4, 0.8, 0.45]) / np.linalg.norm([0.4, 0.8, 0.45])
FLOOR_RADIUS = 4.0


def _floor() -> tuple[Floats, Ints]:
    angles = np.arange(64) * 2 * np.pi / 64
    rim = np.stack([np.cos(angles), 0 * angles, np.sin(angles)], axis=1) * FLOOR_RADIUS
    ring = np.concatenate([np.zeros((1, 3)), rim * 0.25, rim])
    a = np.arange(64)
    b = (a + 1) % 64
    faces = [np.stack([0 * a, 1 + b, 1 + a], axis=1)]
    faces += [np.stack([1 + a, 1 + b, 65 + a], axis=1)]
    faces += [np.stack([1 + b, 65 + b, 65 + a], axis=1)]
    return ring.astype(np.float32), np.concatenate(faces).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class _Pose:
    """One frame: the camera in the room, and how far the shape is turned."""

    camera: Camera
    turned_rad: float

    @property
    def spin(self) -> NDArray[np.float64]:
        c, s = np.cos(self.turned_rad), np.sin(self.turned_rad)
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])

    @property
    def in_shape(self) -> Camera:
        """The camera as the shape sees it."""
        return Camera(
            width_px=self.camera.width_px,
            height_px=self.camera.height_px,
            focal_px=self.camera.focal_px,
            principal_px=self.camera.principal_px,
            rotation=self.camera.rotation @ self.spin,
            translation=self.camera.translation,
        )


def _poses(shape: Shape, filming: Filming) -> list[_Pose]:
    count = round(filming.seconds * filming.frames_per_second)
    random = np.random.default_rng(filming.seed)
    time = np.linspace(0, 1, count, endpoint=False)
    # A hand's tremor: a few slow waves of chance phases.
    shake = sum(
        np.sin(2 * np.pi * (wave * time[:, None] + random.random(5))) / wave**0.5
        for wave in (3.1, 7.3, 13.7)
    ) * np.radians(filming.shake_deg)
    middle = np.array([0, shape.vertices[:, 1].max() * 0.48, 0])
    still = filming.setting is Setting.TURNTABLE
    poses = []
    for at, wobble in zip(time, shake, strict=True):
        turn = np.radians(filming.turn_deg) * at
        around = 0.3 if still else turn
        tilt = (
            np.radians(26.0) if still else np.radians(28 + 13 * np.sin(turn * 2 + 0.5))
        )
        away = 2.3 * (1 + 0.4 * wobble[0])
        eye = middle + away * np.array(
            [np.sin(around) * np.cos(tilt), np.sin(tilt), np.cos(around) * np.cos(tilt)]
        )
        if not still:
            eye = eye + wobble[1:4] * 0.8
        camera = look_at(
            eye,
            middle + np.array([wobble[3], wobble[4], wobble[2]]),
            size_px=(filming.width_px, filming.height_px),
            field_of_view_deg=40.0,
        )
        poses.append(_Pose(camera=camera, turned_rad=turn if still else 0.0))
    return poses


def _backdrop(
    camera: Camera, filming: Filming, shows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What lies behind everything: a far wall all around, with pictures on it."""
    rows, columns = (place + 0.5 for place in np.nonzero(shows))
    rays = np.stack(
        [
            (columns - camera.principal_px[0]) / camera.focal_px[0],
            (rows - camera.principal_px[1]) / camera.focal_px[1],
            np.ones_like(columns),
        ],
        axis=-1,
    )
    directions = rays @ camera.rotation
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # Points on a sphere in the room, so that the pictures turn with the camera.
    contrast = 0.0 if filming.texture is Texture.NONE else 0.5
    colours = solid_colours(
        directions * 1.5 + 11, seed=filming.seed + 2, contrast=contrast
    )
    wall = np.zeros((*shows.shape, 3))
    wall[shows] = colours * 0.8 + 20
    return wall


def draw(shape: Shape, pose: _Pose, filming: Filming) -> Floats:
    """One clean frame, twice as large as wanted, as floats."""
    fine = pose.camera.resized(filming.width_px * 2, filming.height_px * 2)
    room = np.asarray(shape.vertices @ pose.spin.T, np.float32)
    floor_vertices, floor_faces = _floor()
    vertices = np.concatenate([room, floor_vertices])
    faces = np.concatenate([shape.faces, floor_faces + len(room)])
    fragments = rasterise(vertices, faces, fine)
    own = np.concatenate([shape.vertices, floor_vertices])
    places = fragments.interpolate(faces, own)
    thing = (fragments.face >= 0) & (fragments.face < len(shape.faces))
    ground = fragments.face >= len(shape.faces)
    uncovered = fragments.face.reshape(filming.height_px, 2, filming.width_px, 2) < 0
    wall = _backdrop(pose.camera, filming, uncovered.any(axis=(1, 3)))
    picture = wall.repeat(2, axis=0).repeat(2, axis=1)
    normals = face_normals(vertices, faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    light = 0.62 + 0.4 * np.clip(normals @ LIGHT, 0, 1)
    contrast = CONTRAST[filming.texture]
    surface = solid_colours(places[thing], seed=filming.seed, contrast=contrast)
    picture[thing] = surface * light[fragments.face[thing], None]
    earth = 0.0 if filming.texture is Texture.NONE else 0.6
    picture[ground] = 0.85 * solid_colours(
        places[ground] + 50, seed=filming.seed + 1, contrast=earth
    )
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _clean_frames(
    shape: Shape, poses: Sequence[_Pose], filming: Filming
) -> Iterator[Floats]:
    """The frames as a perfect camera takes them, some at a time on all cores."""
    import cv2

    def taken(pose: _Pose) -> Floats:
        size = (filming.width_px, filming.height_px)
        drawn = draw(shape, pose, filming)
        clean = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
        if filming.blur_px:
            clean = cv2.GaussianBlur(clean, (0, 0), filming.blur_px)
        return np.asarray(clean, np.float32)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # A handful at once: a frame is 8 MB.
        for first in range(0, len(poses), 4):
            yield from pool.map(taken, poses[first : first + 4])


def clean_frame(scene: Film, index: int) -> Floats:
    """A frame as a camera without noise, and a file without loss, would show it."""
    pose = _poses(scene.shape, scene.filming)[index]
    return next(_clean_frames(scene.shape, [pose], scene.filming))


def film(
    shape: Shape,
    filming: Filming,
    path: Path,
    *,
    on_progress: Callable[[float], None] = lambda done: None,
) -> Film:
    """Film the shape into an MP4 and keep the truth beside it."""
    import av

    random = np.random.default_rng(filming.seed + 3)
    poses = _poses(shape, filming)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=filming.frames_per_second)
        stream.width, stream.height = filming.width_px, filming.height_px
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "17", "preset": "fast"}
        for index, clean in enumerate(_clean_frames(shape, poses, filming)):
            phase = 2 * np.pi * index / len(poses)
            gain = filming.brightness * (1 + filming.exposure_drift * np.sin(phase))
            noisy = clean * gain + random.normal(0, filming.noise, clean.shape)
            pixels = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            container.mux(stream.encode(frame))
            on_progress((index + 1) / len(poses))
        container.mux(stream.encode())
    cameras = [pose.in_shape for pose in poses]
    return Film(path=path, shape=shape, cameras=cameras, filming=filming)


def film_once(shape: Shape, filming: Filming, path: Path) -> Film:
    """As `film`, but a film that is there already is not taken again."""
    if path.exists():
        cameras = [pose.in_shape for pose in _poses(shape, filming)]
        return Film(path=path, shape=shape, cameras=cameras, filming=filming)
    taken = film(shape, filming, path.with_suffix(".part.mp4"))
    return replace(taken, path=taken.path.rename(path))
