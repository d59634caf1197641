"""The pictures' colours onto the surface: unwrapped, blended, exposure evened out.

Two bands: what is coarse is the mean of all views that see a spot, so that no seam
shows; what is fine comes mostly from the best views, so that nothing blurs, and grain
evens out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.meshes.cameras import Camera
from jobs.toolbox.meshes.mesh import face_normals, vertex_normals
from jobs.toolbox.meshes.rasteriser import rasterise, rasterise_flat
from scans.engines.photogrammetry.cleanup import Surface

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Pixels = NDArray[np.uint8]

# The fine band follows the best view with this power of its weight.
SHARPNESS = 3.0
SMOOTH_SHARPNESS = 1.0
COARSE_BLUR_SHARE = 0.006
SMALLEST_PX = 512


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A straightened colour picture and its camera, upright like the surface."""

    pixels: Pixels  # (height, width, 3), RGB
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class Unwrapped:
    """A surface cut open: vertices along the cuts are doubled."""

    vertices: Floats  # (n, 3)
    faces: Ints  # (m, 3)
    uvs: Floats  # (n, 2)


@dataclass(frozen=True, kw_only=True)
class Baked:
    """The picture, and the share of the surface that some view saw."""

    texture: Pixels
    seen_share: float


def unwrap(surface: Surface, *, texture_px: int) -> Unwrapped:
    """Lay the surface flat with xatlas."""
    import xatlas

    atlas = xatlas.Atlas()
    atlas.add_mesh(surface.vertices, surface.faces.astype(np.uint32))
    charts = xatlas.ChartOptions()
    charts.max_iterations = 1
    packing = xatlas.PackOptions()
    packing.resolution = texture_px
    packing.padding = max(2, texture_px // 512)
    packing.bilinear = True
    atlas.generate(chart_options=charts, pack_options=packing)
    origin, faces, uvs = atlas[0]
    return Unwrapped(
        vertices=surface.vertices[origin],
        faces=faces.astype(np.int32),
        uvs=uvs.astype(np.float32),
    )


def on_atlas(laid: Unwrapped, side_px: int) -> Floats:
    """Where each vertex lies in a picture of the atlas, in pixels from the top left."""
    return np.stack([laid.uvs[:, 0], 1 - laid.uvs[:, 1]], axis=1) * side_px


def fitting_side(surface: Surface, photos: Sequence[Photo], most_px: int) -> int:
    """A power of two about as fine as the best views, no finer."""
    best = np.zeros(len(surface.faces))
    for photo in photos[:: max(1, len(photos) // 16)]:
        spots, depth = photo.camera.project(surface.vertices)
        corners = spots[surface.faces]
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = -0.5 * (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
        best = np.maximum(best, np.where(depth[surface.faces].min(axis=1) > 0, area, 0))
    # Charts cover about 60 % of an atlas.
    wanted = np.sqrt(best.sum() / 0.6) * 1.05
    side = SMALLEST_PX
    while side < wanted and side < most_px:
        side *= 2
    return min(side, most_px)


@njit(cache=True, nogil=True)
def _bilinear(picture, x, y, channel):  # type: ignore[no-untyped-def]
    left, top = int(x), int(y)
    across, down = x - left, y - top
    upper = picture[top, left, channel] * (1 - across)
    upper += picture[top, left + 1, channel] * across
    lower = picture[top + 1, left, channel] * (1 - across)
    lower += picture[top + 1, left + 1, channel] * across
    return upper * (1 - down) + lower * down


@njit(cache=True, nogil=True)
def _gather(  # type: ignore[no-untyped-def]
    points, normals, coarse, fine, depth, trust, rotation, translation, focal, principal,
    centre, usual, slack, sharpness, gain, coarse_sum, coarse_weight, fine_sum, fine_weight,
):  # fmt: skip
    """Add one view's colours to every spot that it sees."""
    height, width = depth.shape
    for n in range(points.shape[0]):
        x = translation[0]
        y = translation[1]
        z = translation[2]
        for k in range(3):
            x += rotation[0, k] * points[n, k]
            y += rotation[1, k] * points[n, k]
            z += rotation[2, k] * points[n, k]
        if z <= 0:
            continue
        u = x / z * focal[0] + principal[0] - 0.5
        v = y / z * focal[1] + principal[1] - 0.5
        if u < 1 or v < 1 or u >= width - 2 or v >= height - 2:
            continue
        column, row = int(u + 0.5), int(v + 0.5)
        if depth[row, column] <= 0 or z > depth[row, column] + slack:
            continue
        away = 0.0
        facing = 0.0
        for k in range(3):
            step = centre[k] - points[n, k]
            away += step * step
            facing += step * normals[n, k]
        cosine = facing / np.sqrt(away)
        if cosine < 0.12:
            continue
        # How much detail arrives: facing, near, and away from outlines.
        weight = cosine * cosine * trust[row, column] * usual / away
        coarse_weight[n] += weight
        sharp = weight**sharpness
        fine_weight[n] += sharp
        for c in range(3):
            low = _bilinear(coarse, u, v, c)
            coarse_sum[n, c] += weight * low * gain[c]
            fine_sum[n, c] += sharp * (_bilinear(fine, u, v, c) - low) * gain[c]


def _trust(depth: Floats, slack: float) -> Floats:
    """Small near outlines, where a little error shows another surface."""
    near = cv2.erode(np.where(depth > 0, depth, 0), np.ones((7, 7), np.uint8))
    far = cv2.dilate(depth, np.ones((7, 7), np.uint8))
    steady = (near > 0) & (far - near < 12 * slack)
    edge = cv2.distanceTransform(steady.astype(np.uint8), cv2.DIST_L2, 3)
    return np.clip(edge / 6, 0.02, 1).astype(np.float32)


def even_exposure(surface: Surface, photos: Sequence[Photo], slack: float) -> Floats:
    """Gains (photos, 3) that make the same spots look the same in all photos."""
    random = np.random.default_rng(0)
    count = min(4000, len(surface.vertices))
    chosen = random.choice(len(surface.vertices), count, replace=False)
    points = surface.vertices[chosen].astype(np.float64)
    colours = np.full((len(photos), count, 3), np.nan, np.float32)
    for index, photo in enumerate(photos):
        depth = rasterise(surface.vertices, surface.faces, photo.camera).depth
        spots, z = photo.camera.project(points)
        column, row = np.floor(spots).astype(np.int64).T
        height, width = depth.shape
        inside = (column >= 3) & (row >= 3) & (column < width - 3) & (row < height - 3)
        held = np.flatnonzero(inside)
        there = depth[row[held], column[held]]
        held = held[(there > 0) & (z[held] < there + slack)]
        calm = cv2.blur(photo.pixels, (5, 5))
        colours[index, held] = calm[row[held], column[held]]
    logs = np.log(np.maximum(colours, 4.0))
    gains = np.zeros((len(photos), 3))
    for _ in range(8):
        adjusted = logs + gains[:, None, :]
        with np.errstate(invalid="ignore"):
            seen = ~np.isnan(adjusted)
            total = np.nansum(adjusted, axis=0) / np.maximum(seen.sum(axis=0), 1)
            miss = np.where(seen, total - adjusted, np.nan)
        for view in range(len(photos)):
            spots = miss[view][~np.isnan(miss[view][:, 0])]
            if len(spots) > 30:
                gains[view] += np.median(spots, axis=0)
        gains -= gains.mean(axis=0)
    return np.exp(np.clip(gains, -0.7, 0.7)).astype(np.float32)


def bake(
    surface: Surface,
    laid: Unwrapped,
    photos: Sequence[Photo],
    *,
    side_px: int,
    smooth: bool,
    on_progress: Callable[[float], None],
) -> Baked:
    """Paint the atlas from the photos."""
    fragments = rasterise_flat(on_atlas(laid, side_px), laid.faces, side_px)
    inside = fragments.face >= 0
    normals = vertex_normals(laid.vertices, laid.faces)
    points = fragments.interpolate(laid.faces, laid.vertices)[inside]
    facing = fragments.interpolate(laid.faces, normals)[inside]
    size = float(np.ptp(surface.vertices, axis=0).max())
    slack = 0.006 * size
    gains = even_exposure(surface, photos, slack)
    middle = surface.vertices.mean(axis=0)
    usual = float(np.median([np.sum((p.camera.centre - middle) ** 2) for p in photos]))
    coarse_sum, fine_sum = np.zeros_like(points), np.zeros_like(points)
    coarse_weight = np.zeros(len(points), np.float32)
    fine_weight = np.zeros(len(points), np.float64)
    for index, photo in enumerate(photos):
        camera = photo.camera
        depth = rasterise(surface.vertices, surface.faces, camera).depth
        blur = COARSE_BLUR_SHARE * max(photo.pixels.shape[:2])
        fine = photo.pixels.astype(np.float32)
        coarse = cv2.GaussianBlur(fine, (0, 0), blur)
        _gather(
            points, facing, coarse, fine, depth, _trust(depth, slack),
            camera.rotation, camera.translation, np.array(camera.focal_px),
            np.array(camera.principal_px), camera.centre, usual, slack,
            SMOOTH_SHARPNESS if smooth else SHARPNESS, gains[index],
            coarse_sum, coarse_weight, fine_sum, fine_weight,
        )  # fmt: skip
        on_progress(0.9 * (index + 1) / len(photos))
    seen = coarse_weight > 0
    colours = np.zeros_like(points)
    colours[seen] = coarse_sum[seen] / coarse_weight[seen, None]
    sharp = seen & (fine_weight > 1e-300)
    colours[sharp] += (fine_sum[sharp] / fine_weight[sharp, None]).astype(np.float32)
    if not seen.all() and seen.any():
        colours[~seen] = _borrowed(points, colours, seen)
    texture = np.zeros((side_px, side_px, 3), np.uint8)
    texture[inside] = np.clip(np.round(colours), 0, 255)
    on_progress(1.0)
    share = _seen_share(laid, fragments.face, seen, inside)
    whole = padded(texture, inside)
    if smooth:
        # Takes grain and leaves what is printed on the thing its edges.
        whole = np.asarray(cv2.bilateralFilter(whole, 7, 30, 2.5), np.uint8)
    return Baked(texture=whole, seen_share=share)


def _seen_share(
    laid: Unwrapped, owner: Ints, seen: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> float:
    """By area, not by texels: charts differ in scale."""
    faces = owner[inside]
    count = len(laid.faces)
    area = np.linalg.norm(face_normals(laid.vertices, laid.faces), axis=1)
    texels = np.maximum(np.bincount(faces, minlength=count), 1)
    share = np.bincount(faces, seen, minlength=count) / texels
    return float((share * area).sum() / max(area.sum(), 1e-12))


def _borrowed(points: Floats, colours: Floats, seen: NDArray[np.bool_]) -> Floats:
    """For spots that no view saw: the calm mean of seen spots around."""
    from scipy.spatial import cKDTree

    random = np.random.default_rng(0)
    known = np.flatnonzero(seen)
    known = random.choice(known, min(20_000, len(known)), replace=False)
    count = min(12, len(known))
    _, near = cKDTree(points[known]).query(points[~seen], k=count, workers=2)
    return np.asarray(colours[known][near.reshape(-1, count)].mean(axis=1), np.float32)


def padded(texture: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """Colours run on past the charts' edges, so that mipmaps do not show the gaps."""
    empty = (~inside).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(labels.max()) + 1, np.int64)
    flat = inside.reshape(-1)
    owner[labels.reshape(-1)[flat]] = np.flatnonzero(flat)
    filled = texture.reshape(-1, 3)[owner[labels.reshape(-1)]]
    return np.asarray(filled.reshape(texture.shape), np.uint8)
