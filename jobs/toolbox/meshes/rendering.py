"""Pictures of a mesh: thumbnails, turntables, and views from given cameras."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera, look_at
from jobs.toolbox.meshes.mesh import Pixels, TexturedMesh
from jobs.toolbox.meshes.rasteriser import rasterise
from jobs.toolbox.meshes.sampling import sample_picture

# Each pixel is the mean of so many squared.
SUPERSAMPLING = 2
BACKDROP = (238, 240, 243)


def render(
    mesh: TexturedMesh, camera: Camera, *, lit: bool = False
) -> tuple[Pixels, NDArray[np.float32]]:
    """The RGB picture that the camera sees, and how much of each pixel is the mesh."""
    fine = camera.resized(
        camera.width_px * SUPERSAMPLING, camera.height_px * SUPERSAMPLING
    )
    fragments = rasterise(mesh.vertices, mesh.faces, fine)
    inside = fragments.face >= 0
    colours = np.full((*inside.shape, 3), 200, np.float32)
    if mesh.uvs is not None and mesh.texture is not None:
        uvs = fragments.interpolate(mesh.faces, mesh.uvs)[inside]
        colours[inside] = sample_picture(_fitting(mesh.texture, fine), uvs)[:, :3]
    if lit:
        normals = mesh.with_normals().normals
        assert normals is not None
        facing = fragments.interpolate(mesh.faces, normals)[inside]
        colours[inside] *= _headlight(facing, camera)[:, None]
    colours[~inside] = BACKDROP
    size = (camera.width_px, camera.height_px)
    picture = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    pixels = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return pixels, np.asarray(cover, np.float32)


def _fitting(texture: Pixels, camera: Camera) -> Pixels:
    """A texture about as fine as the picture, so that it does not glitter."""
    scale = 2 * max(camera.width_px, camera.height_px) / max(texture.shape[:2])
    if scale >= 1:
        return texture
    small = cv2.resize(texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _headlight(normals: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Soft light from above the camera's left shoulder."""
    light = camera.rotation.T @ np.array([-0.35, -0.55, -0.75])
    light /= np.linalg.norm(light)
    return np.asarray(0.72 + 0.33 * np.clip(normals @ light, -0.4, 1), np.float32)


def orbit(
    meshes: Sequence[TexturedMesh],
    *,
    views: int,
    size_px: int,
    elevation_deg: float = 20.0,
    start_deg: float = 0.0,
) -> list[Camera]:
    """Cameras on a circle around the meshes that keep them whole in the picture."""
    points = np.concatenate([mesh.vertices for mesh in meshes])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    radius = float(np.linalg.norm(points - middle, axis=1).max()) or 1.0
    view_deg = 32.0
    distance = 1.06 * radius / np.sin(np.radians(view_deg / 2))
    cameras = []
    for turn in np.radians(start_deg) + np.arange(views) * 2 * np.pi / views:
        tilt = np.radians(elevation_deg)
        offset = (
            np.sin(turn) * np.cos(tilt),
            np.sin(tilt),
            np.cos(turn) * np.cos(tilt),
        )
        cameras.append(
            look_at(
                middle + distance * np.array(offset),
                middle,
                size_px=(size_px, size_px),
                field_of_view_deg=view_deg,
            )
        )
    return cameras


def write_thumbnail(mesh: TexturedMesh, path: Path, *, size_px: int = 512) -> Path:
    """A still of the mesh as WebP."""
    from PIL import Image

    [camera] = orbit([mesh], views=1, size_px=size_px, start_deg=28.0)
    picture, _ = render(mesh, camera, lit=True)
    Image.fromarray(picture).save(path, "WEBP", quality=88)
    return path


def turntable_frames(
    mesh: TexturedMesh, *, views: int = 48, size_px: int = 480
) -> Iterator[Pixels]:
    """One turn around the mesh."""
    for camera in orbit([mesh], views=views, size_px=size_px):
        yield render(mesh, camera, lit=True)[0]


def write_turntable(
    mesh: TexturedMesh,
    mp4_path: Path,
    webp_path: Path | None = None,
    *,
    views: int = 48,
    size_px: int = 480,
    on_progress: Callable[[float], None] = lambda done: None,
) -> None:
    """One turn as MP4 and, half as large and with half the frames, as animated WebP."""
    frames = []
    for index, frame in enumerate(turntable_frames(mesh, views=views, size_px=size_px)):
        frames.append(frame)
        on_progress(0.8 * (index + 1) / views)
    # Two rounds: players that do not loop still show a while of it.
    write_mp4([*frames, *frames], mp4_path, frames_per_second=16)
    if webp_path is not None:
        half = size_px // 2
        small = [
            cv2.resize(f, (half, half), interpolation=cv2.INTER_AREA) for f in frames
        ]
        _write_webp(
            [np.asarray(f, np.uint8) for f in small[::2]], webp_path, frame_ms=125
        )
    on_progress(1.0)


def write_mp4(frames: Iterable[Pixels], path: Path, *, frames_per_second: int) -> Path:
    """H.264 that browsers and phones play."""
    import av

    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=frames_per_second)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "fast"}
        for index, pixels in enumerate(frames):
            if index == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _write_webp(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, frame_ms: int
) -> None:
    from PIL import Image

    first, *others = [Image.fromarray(np.asarray(frame)) for frame in frames]
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=frame_ms,
        loop=0,
        quality=70,
        method=2,
    )
