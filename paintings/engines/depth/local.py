"""Depth without any weights: surfaces first, their parts in the scene, then slopes.

What spans the picture is ground, as far as its upper edge; what runs away along one
side is a wall, as far as its foot; what stands is as near as the ground at its feet.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import grab_cut, otsu, salience
from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.boundaries import Evidence, find_boundaries
from paintings.engines.depth.cues import Cues, Flags, measure
from paintings.engines.depth.regions import (
    Floats,
    Regions,
    absorbed,
    find_regions,
    renumbered,
    split_by,
)
from paintings.engines.depth.standing import (
    Groups,
    Outlines,
    Role,
    grounds,
    hosts,
    meets_floor,
    outline,
    roles,
    stand,
)
from paintings.engines.depth.surfaces import contrasts, find_surfaces

SMALL_PX = 400


@dataclass(frozen=True, kw_only=True)
class DepthField:
    """How near each point is (0 far, 1 near), and which region it belongs to."""

    near: Floats  # (height, width), small
    regions: Regions
    region_near: Floats  # one value a region: what layers are cut by
    engine: str
    scene: str


def estimate(photo: Photo) -> DepthField:
    """Tell depth from cues alone."""
    small = photo.shrunk(SMALL_PX).rgb
    stands_out = salience(small)
    evidence = find_boundaries(small)
    pieces = find_regions(evidence)
    return _understood(small, evidence, pieces, stands_out)


def _understood(
    small: Pixels, evidence: Evidence, pieces: Regions, stands_out: Floats
) -> DepthField:
    """From pieces to surfaces, from surfaces to their parts in the scene."""
    regions = absorbed(find_surfaces(evidence, pieces), smaller_than=0.006)
    subject = _subject(small, stands_out)
    if subject is not None:
        regions = split_by(regions, subject)
    cues = measure(small, evidence, regions, stands_out)
    scene = _kind(cues)
    shape = outline(regions)
    contrast = contrasts(evidence, regions)
    role = roles(shape, contrast)
    if scene == "close_up" and subject is not None:
        inside = regions.means(subject.astype(np.float32)) > 0.6
        focus = float(cues.sharpness[inside].max(initial=0.0))
        role = np.where(inside, Role.THING, role)
        limit = np.where(role == Role.THING, 0.4, 0.55)
        soft = cues.sharpness < limit * focus
        role = np.where(~inside & soft, Role.BACKDROP, role)
    groups, role = stand(shape, role)
    if scene == "close_up":
        # In a portrait a head may hang on nothing; it is no less near for that.
        role = np.where(role == Role.HUNG, Role.THING, role)
        groups = np.where(role == Role.THING, len(role), groups)
    values = _settle(
        shape,
        groups,
        grounds(shape, contrast, role),
        role,
        open_sky=_open_sky(small, regions, role),
    )
    near = _slopes(small, regions, shape, role, values)
    return DepthField(
        near=near, regions=regions, region_near=values, engine="local", scene=scene
    )


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
    regions = find_regions(find_boundaries(small), depth=near, wanted=40)
    regions = _split_where_it_jumps(regions, near)
    middle = np.array(
        [np.median(near[regions.labels == n]) for n in range(regions.count)], np.float32
    )
    return DepthField(
        near=np.clip(near, 0, 1),
        regions=regions,
        region_near=middle,
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
    labels = np.where(white, field.regions.count, field.regions.labels)
    present, compact = np.unique(labels, return_inverse=True)
    values = np.append(0.8 * field.region_near, 1.0)[present]
    regions = Regions(
        labels=compact.reshape(labels.shape).astype(np.int32), count=len(present)
    )
    near = np.where(white, 1.0, 0.8 * field.near).astype(np.float32)
    return DepthField(
        near=near,
        regions=regions,
        region_near=values.astype(np.float32),
        engine=field.engine,
        scene=field.scene,
    )


def _subject(small: Pixels, stands_out: Floats) -> Flags | None:
    """What stands out clearly enough to be cut along, whatever its colours; else None."""
    cut = max(0.35, otsu(stands_out))
    trimap = np.where(stands_out > cut, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[stands_out > cut + 0.3] = cv2.GC_FGD
    trimap[stands_out < 0.4 * cut] = cv2.GC_BGD
    mask = grab_cut(small, trimap)
    share = float(mask.mean())
    if not 0.005 < share < 0.5:
        return None
    gap = float(stands_out[mask].mean() - stands_out[~mask].mean())
    return mask if gap > 0.35 else None


def _kind(cues: Cues) -> str:
    """Which rules to trust in this photo."""
    stands_out = cues.salience > max(0.45, float(np.quantile(cues.salience, 0.6)))
    subject = float(cues.size[stands_out].sum())
    around = ~stands_out & ~cues.sky
    if subject > 0.04 and around.any():
        inside = float(
            np.average(cues.sharpness[stands_out], weights=cues.size[stands_out])
        )
        outside = float(np.average(cues.sharpness[around], weights=cues.size[around]))
        if inside > 1.6 * outside and outside < 0.45:
            return "close_up"
    if float(cues.size[cues.sky].sum()) > 0.08:
        return "open_air"
    return "room"


def _open_sky(small: Pixels, regions: Regions, role: NDArray[np.int64]) -> bool:
    """Blue, white, or dark above a lit land: what no wall is likely to be."""
    back = (role == Role.BACKDROP)[regions.labels]
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, red, yellow = (float(np.median(lab[..., c][back])) for c in range(3))
    fine = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2.0))
    calm = float(np.median(fine[back])) < 1.2
    blue = yellow < -5 and red < 15
    pale = light > 75 and np.hypot(red, yellow) < 18
    dark = light < 15
    return calm and (blue or pale or dark)


def _backdrop(
    shape: Outlines, near: Floats, role: NDArray[np.int64], open_sky: bool
) -> float:
    """A sky is as far as can be; a wall is where the floor ends."""
    band = role == Role.BAND
    if open_sky or not meets_floor(shape, role):
        return 0.0
    return 0.95 * float(near[band].min())


def _settle(
    shape: Outlines,
    groups: Groups,
    fields: Groups,
    role: NDArray[np.int64],
    *,
    open_sky: bool,
) -> Floats:
    """One value of nearness for each surface."""
    foot = shape.foot.copy()
    for group in np.unique(groups):
        foot[groups == group] = shape.foot[groups == group].max()
    near = 0.08 + 0.86 * foot
    band = shape.top + 0.2 * (shape.foot - shape.top)
    for ground in np.unique(fields):
        same = fields == ground
        large = same & (shape.size > 0.2 * shape.size[same].max())
        far_end, near_end = shape.top[large].min(), shape.foot[large].max()
        band[same] = far_end + 0.2 * (near_end - far_end)
    near = np.where(role == Role.BAND, 0.04 + 0.86 * band, near)
    for wall in np.flatnonzero(role == Role.WALL):
        near[wall] = 0.04 + 0.86 * shape.mean_foot[wall]
        ground = (role == Role.BAND) & (shape.contacts[wall] > 4)
        if ground.any():
            near[wall] = 0.5 * near[wall] + 0.5 * float(near[ground].mean())
    near = np.where(role == Role.BACKDROP, _backdrop(shape, near, role, open_sky), near)
    near = np.where(role == Role.HUNG, near[hosts(shape, groups, role)], near)
    low, high = float(near.min()), float(near.max())
    return ((near - low) / max(high - low, 1e-6)).astype(np.float32)


def _slopes(
    small: Pixels,
    regions: Regions,
    shape: Outlines,
    role: NDArray[np.int64],
    values: Floats,
) -> Floats:
    """Ground comes nearer towards its lower edge; things stand upright."""
    height = regions.labels.shape[0]
    rows = (np.arange(height, dtype=np.float32) / height)[:, None]
    rise = (role == Role.BAND) & (shape.foot - shape.top > 0.08)
    slope = np.where(rise, 0.30, 0.0).astype(np.float32)
    start = regions.paint(shape.top)
    near = regions.paint(values) + regions.paint(slope) * np.clip(rows - start, 0, 1)
    guide = small.astype(np.float32) / 255
    snapped = cv2.ximgproc.guidedFilter(guide, near.astype(np.float32), 5, 2e-4)
    return np.clip(np.asarray(snapped, np.float32), 0, 1)
