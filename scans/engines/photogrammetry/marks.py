"""Marks put where they truly lie: what a view shows around each, laid over the others.

A detector finds the middle of a blob, and on a curved surface that middle moves as the
blob turns away. A patch of one view, bent by the surface as the other sees it, does not.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Doubles = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]

# Half the side of a patch, in pixels.
_REACH = 6
_ROUNDS = 12
# A patch moves no farther than this from its mark, and fits at least so well.
_FARTHEST_PX = 1.5
_FITS = 0.75
# A view from farther aside than this cosine tells no patch; a flatter patch no place.
_FRONTAL, _FLAT = 0.2, 0.5
# So many neighbours tell which way the surface faces.
_AROUND = 16


@dataclass(frozen=True, kw_only=True)
class Sightings:
    """Every mark in every picture that shows it, those of one point side by side."""

    places: Doubles  # (n, 2), pixels
    picture: Ints  # (n,)
    starts: Ints  # (points + 1,), where each point's begin


@dataclass(frozen=True, kw_only=True)
class Views:
    """The pictures, and where they were taken from."""

    pictures: Pixels  # (count, height, width), grey
    rotations: Doubles
    translations: Doubles
    lens: Doubles  # focal, x, y, radial

    @property
    def centres(self) -> Doubles:
        return np.asarray(
            -np.einsum("nji,nj->ni", self.rotations, self.translations), np.float64
        )


def sharpened(views: Views, points: Doubles, seen: Sightings) -> Doubles:
    """The places of all marks, moved to where the most frontal view's patch fits best."""
    normals = _normals(views, points, seen)
    places = seen.places.copy()
    _fit(
        views.pictures, views.rotations, views.translations, views.centres, views.lens,
        points, normals, seen.places, seen.picture, seen.starts, places,
    )  # fmt: skip
    return places


def _normals(views: Views, points: Doubles, seen: Sightings) -> Doubles:
    """Which way the surface faces at each point, told by the points around."""
    _, near = cKDTree(points).query(points, k=min(_AROUND, len(points)))
    cloud = points[near] - points[near].mean(axis=1, keepdims=True)
    normals = np.linalg.svd(cloud, full_matrices=False)[2][:, 2]
    owner = np.repeat(np.arange(len(points)), np.diff(seen.starts))
    towards = views.centres[seen.picture] - points[owner]
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    facing = np.zeros(len(points))
    np.add.at(facing, owner, (towards * normals[owner]).sum(axis=1))
    return np.asarray(normals * np.where(facing < 0, -1, 1)[:, None], np.float64)


@njit(cache=True, nogil=True)
def _straight(lens, x, y):  # type: ignore[no-untyped-def]
    """The ray (x, y, 1) of a pixel."""
    bent_x, bent_y = (x - lens[1]) / lens[0], (y - lens[2]) / lens[0]
    ray_x, ray_y = bent_x, bent_y
    for _ in range(4):
        bend = 1 + lens[3] * (ray_x * ray_x + ray_y * ray_y)
        ray_x, ray_y = bent_x / bend, bent_y / bend
    return ray_x, ray_y


@njit(cache=True, nogil=True)
def _seen_at(lens, rotation, translation, point):  # type: ignore[no-untyped-def]
    x, y, z = translation
    for k in range(3):
        x += rotation[0, k] * point[k]
        y += rotation[1, k] * point[k]
        z += rotation[2, k] * point[k]
    if z <= 0:
        return -1.0, -1.0
    x, y = x / z, y / z
    bend = 1 + lens[3] * (x * x + y * y)
    return lens[0] * x * bend + lens[1], lens[0] * y * bend + lens[2]


@njit(cache=True, nogil=True)
def _sample(picture, x, y):  # type: ignore[no-untyped-def]
    """Light and its slopes at a place; pixels are told from their corners."""
    x, y = x - 0.5, y - 0.5
    left, top = int(np.floor(x)), int(np.floor(y))
    if left < 0 or top < 0 or left >= picture.shape[1] - 1:
        return np.nan, 0.0, 0.0
    if top >= picture.shape[0] - 1:
        return np.nan, 0.0, 0.0
    across, down = x - left, y - top
    a, b = float(picture[top, left]), float(picture[top, left + 1])
    c, d = float(picture[top + 1, left]), float(picture[top + 1, left + 1])
    upper, lower = a + (b - a) * across, c + (d - c) * across
    slope = (b - a) * (1 - down) + (d - c) * down
    return upper + (lower - upper) * down, slope, lower - upper


@njit(cache=True, nogil=True)
def _most_frontal(centres, point, normal, picture, first, last):  # type: ignore[no-untyped-def]
    best, facing = first, -2.0
    for s in range(first, last):
        towards = centres[picture[s]] - point
        cosine = np.dot(towards, normal) / np.sqrt(np.dot(towards, towards))
        if cosine > facing:
            best, facing = s, cosine
    return best, facing


@njit(cache=True, nogil=True)
def _on_surface(lens, rotation, centre, x, y, point, normal):  # type: ignore[no-untyped-def]
    """Where the ray of a pixel meets the plane through a point."""
    ray_x, ray_y = _straight(lens, x, y)
    ray = np.array([ray_x, ray_y, 1.0]) @ rotation
    slant = np.dot(ray, normal)
    if abs(slant) < 1e-6:
        return np.full(3, np.nan)
    return centre + ray * (np.dot(point - centre, normal) / slant)


@njit(cache=True, nogil=True)
def _laid_over(picture, at, start, shift, shown):  # type: ignore[no-untyped-def]
    """Where a patch fits best near a place; nan where nothing can be told.

    Light may be stronger or weaker in either picture: patches are levelled first.
    """
    count = len(shown)
    light, slopes = np.empty(count), np.empty((count, 2))
    for _ in range(_ROUNDS):
        for k in range(count):
            light[k], slopes[k, 0], slopes[k, 1] = _sample(
                picture, at[k, 0] + shift[0], at[k, 1] + shift[1]
            )
        mean = light.mean()
        spread = np.sqrt(((light - mean) ** 2).mean())
        if np.isnan(spread) or spread < _FLAT:
            break
        off = shown - (light - mean) / spread
        xx = xy = yy = bx = by = 0.0
        mean_x, mean_y = slopes[:, 0].mean(), slopes[:, 1].mean()
        for k in range(count):
            dx, dy = (slopes[k, 0] - mean_x) / spread, (slopes[k, 1] - mean_y) / spread
            xx += dx * dx
            xy += dx * dy
            yy += dy * dy
            bx += dx * off[k]
            by += dy * off[k]
        sure = xx * yy - xy * xy
        if sure <= 1e-3 * (xx + yy) ** 2:
            break
        step_x, step_y = (yy * bx - xy * by) / sure, (xx * by - xy * bx) / sure
        shift[0] += min(max(step_x, -1.0), 1.0)
        shift[1] += min(max(step_y, -1.0), 1.0)
        if step_x * step_x + step_y * step_y < 1e-5:
            if 1 - 0.5 * (off**2).mean() > _FITS:
                return start + shift
            break
    return np.full(2, np.nan)


@njit(cache=True, nogil=True)
def _fit_point(  # type: ignore[no-untyped-def]
    pictures, rotations, translations, centres, lens, point, normal, places, picture,
    first, last, moved,
):  # fmt: skip
    best, facing = _most_frontal(centres, point, normal, picture, first, last)
    if facing < _FRONTAL:
        return
    home = picture[best]
    side = 2 * _REACH + 1
    spots, shown = np.empty((side * side, 3)), np.empty(side * side)
    # The mark of the most frontal view is the point: the others are moved to it.
    middle = _on_surface(
        lens, rotations[home], centres[home], places[best, 0], places[best, 1],
        point, normal,
    )  # fmt: skip
    for k in range(side * side):
        x = places[best, 0] + k % side - _REACH
        y = places[best, 1] + k // side - _REACH
        spots[k] = _on_surface(
            lens, rotations[home], centres[home], x, y, point, normal
        )
        shown[k] = _sample(pictures[home], x, y)[0]
    mean = shown.mean()
    spread = np.sqrt(((shown - mean) ** 2).mean())
    if np.isnan(spread) or np.isnan(spots).any() or spread < _FLAT:
        return
    shown = (shown - mean) / spread
    at = np.empty((side * side, 2))
    for s in range(first, last):
        if s == best:
            continue
        other = picture[s]
        for k in range(side * side):
            at[k] = _seen_at(lens, rotations[other], translations[other], spots[k])
        start = np.empty(2)
        start[:] = _seen_at(lens, rotations[other], translations[other], middle)
        found = _laid_over(pictures[other], at, start, places[s] - start, shown)
        away = found - places[s]
        if np.dot(away, away) < _FARTHEST_PX**2:
            moved[s] = found


@njit(cache=True, nogil=True, parallel=True)
def _fit(  # type: ignore[no-untyped-def]
    pictures, rotations, translations, centres, lens, points, normals, places, picture,
    starts, moved,
):  # fmt: skip
    for n in prange(points.shape[0]):
        if starts[n + 1] - starts[n] > 1:
            _fit_point(
                pictures, rotations, translations, centres, lens, points[n],
                normals[n], places, picture, starts[n], starts[n + 1], moved,
            )  # fmt: skip
