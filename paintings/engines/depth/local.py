"""Depth without any weights: surfaces first, their parts in the scene, then slopes.

What spans the picture is ground, as far as its upper edge; what runs away along one
side is a wall, as far as its foot; what stands is as near as the ground at its feet.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.boundaries import find_boundaries
from paintings.engines.depth.choosing import likeliest
from paintings.engines.depth.faces import find_faces
from paintings.engines.depth.reading import Reading, Sight, drawn, read, stretched
from paintings.engines.depth.regions import Floats, Regions, find_regions, renumbered
from paintings.engines.depth.strips import Strips
from paintings.engines.depth.subject import Flags, find_subject, in_focus
from paintings.engines.depth.surfaces import find_surfaces
from paintings.engines.depth.vanishing import find_vanishing

SMALL_PX = 400
# A photo is read several times, as it is and in a mirror: from so many pieces, with
# strips dealt with in each way.
_PIECES = (36, 30, 24)
# Where this share of the readings as it is are flat, a photo is asked what is in focus.
_DOUBT = 1 / 3


@dataclass(frozen=True, kw_only=True)
class DepthField:
    """How near each point is (0 far, 1 near), and which region it belongs to."""

    near: Floats  # (height, width), small
    plain: Floats  # the same before it was drawn to edges: it jumps where regions end
    regions: Regions
    engine: str
    scene: str


def estimate(photo: Photo) -> DepthField:
    """Tell depth from cues alone."""
    small = photo.shrunk(SMALL_PX).rgb
    sights = [_seen(small, mirrored=mirrored) for mirrored in (False, True)]
    as_is, in_mirror = (_readings(sight) for sight in sights)
    front = _before_all(sights[0], as_is)
    if front is not None:
        plain, scene = front.astype(np.float32), "focus"
        regions = renumbered(front.astype(np.int32))
    else:
        reading = likeliest([*as_is, *in_mirror])
        (plain, regions), scene = drawn(reading), reading.scene
        # The nearest crumb may be drawn away; of a flat one a little relief is all.
        plain = stretched(plain)
    return DepthField(
        near=_snapped(small, plain),
        plain=plain,
        regions=regions,
        engine="local",
        scene=scene,
    )


def _before_all(sight: Sight, readings: list[Reading]) -> Flags | None:
    """Where all may be one backdrop: what is in focus, else what stands out, is before it."""
    flat = [reading.is_flat() for reading in readings]
    front = in_focus(sight.small) if np.mean(flat) >= _DOUBT else None
    if front is None and all(flat) and sight.subject is not None:
        return sight.subject.mask
    return front


def _seen(photo: Pixels, *, mirrored: bool) -> Sight:
    """No cue knows left from right, but close decisions fall otherwise in a mirror."""
    small = np.ascontiguousarray(photo[:, ::-1]) if mirrored else photo
    with ThreadPoolExecutor(1, thread_name_prefix="subject") as aside:
        looking = aside.submit(find_subject, small)
        evidence = find_boundaries(small)
        faces, vanishing = find_faces(small), find_vanishing(small)
    stands_out, subject = looking.result()
    return Sight(
        mirrored=mirrored,
        small=small,
        evidence=evidence,
        stands_out=stands_out,
        subject=subject,
        faces=faces,
        vanishing=vanishing,
    )


def _readings(sight: Sight) -> list[Reading]:
    """No one way to fall into surfaces is right for all photos: several are tried."""
    pieces = find_regions(sight.evidence, wanted=_PIECES)

    def one(way: tuple[Regions, Strips]) -> Reading:
        regions, strips = way
        return read(sight, find_surfaces(sight.evidence, regions, strips))

    with ThreadPoolExecutor(2, thread_name_prefix="reading") as pool:
        return list(pool.map(one, product(pieces, Strips)))


def from_map(photo: Photo, given: Pixels | Floats, *, engine: str) -> DepthField:
    """Take depth from elsewhere (a network, a person) and find the regions it shows."""
    small = photo.shrunk(SMALL_PX).rgb
    size = (small.shape[1], small.shape[0])
    near = np.asarray(
        cv2.resize(given.astype(np.float32), size, interpolation=cv2.INTER_AREA),
        np.float32,
    )
    low, high = (float(x) for x in np.quantile(near, (0.005, 0.995)))
    near = np.clip((near - low) / max(high - low, 1e-6), 0, 1)
    guide = small.astype(np.float32) / 255
    near = np.asarray(cv2.ximgproc.guidedFilter(guide, near, 4, 1e-4), np.float32)
    [regions] = find_regions(find_boundaries(small), depth=near, wanted=[40])
    regions = _split_where_it_jumps(regions, near)
    near = np.clip(near, 0, 1)
    return DepthField(
        near=near,
        plain=near,
        regions=regions,
        engine=engine,
        scene="given",
    )


def _split_where_it_jumps(regions: Regions, near: Floats) -> Regions:
    """A given depth is believed before the photo: no region spans a jump of it."""
    for _ in range(2):
        labels = regions.labels.copy()
        for number in range(regions.count):
            inside = regions.labels == number
            low, high = np.quantile(near[inside], (0.03, 0.97))
            if high - low > 0.35:
                nearer = inside & (near > (low + high) / 2)
                labels[nearer] = regions.count + number
        regions = renumbered(labels)
    return regions


def with_mask(field: DepthField, mask: Pixels) -> DepthField:
    """Bring what a person painted white to the very front; the rest steps back."""
    height, width = field.near.shape
    white = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) > 127
    if not white.any() or white.all():
        return field
    regions = renumbered(np.where(white, field.regions.count, field.regions.labels))
    near = np.where(white, 1.0, 0.8 * field.near).astype(np.float32)
    # Wherever else depth jumps, a person's word jumps farther.
    plain = np.where(white, 1.0, 0.3 * field.plain).astype(np.float32)
    return DepthField(
        near=near,
        plain=plain,
        regions=regions,
        engine=field.engine,
        scene=field.scene,
    )


def _snapped(small: Pixels, plain: Floats) -> Floats:
    """Depth with its borders drawn to the photo's edges."""
    guide = small.astype(np.float32) / 255
    snapped = cv2.ximgproc.guidedFilter(guide, plain, 5, 2e-4)
    return np.clip(np.asarray(snapped, np.float32), 0, 1)
