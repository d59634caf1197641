"""Depth without any weights: the scene's kind first, regions next, then slopes within.

Regions that span the picture are layers of ground or backdrop and are as far as
their upper edge; compact ones that stand out are objects, as near as their foot.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import grab_cut, otsu, salience
from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.cues import Cues, Flags, measure
from paintings.engines.depth.regions import (
    Floats,
    Regions,
    find_regions,
    split_by,
    wall_heights,
)

SMALL_PX = 400

Groups = NDArray[np.int64]

# Below this an edge is a shade or a grain, not the border of a thing.
_FAINT_WALL = 7.0


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
    regions = find_regions(small)
    subject = _subject(small, stands_out)
    if subject is not None:
        regions = split_by(regions, subject)
    cues = measure(small, regions, stands_out)
    scene = _kind(cues)
    groups = _standing(regions, cues)
    values = _settle(cues, groups, _grounds(small, regions, cues), scene)
    near = _slopes(small, regions, cues, values)
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
    regions = find_regions(small, depth=near, wanted=40)
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


def _objectness(cues: Cues) -> Floats:
    """How surely a region is a thing, not a stretch of ground or backdrop."""
    out = 1 / (1 + np.exp(-(cues.salience - 0.42) * 11))
    # A hard outline all around, on nothing but other regions, makes a thing as well.
    whole = (
        (cues.at_side < 0.01) & (cues.at_top < 0.01) & (cues.right - cues.left < 0.4)
    )
    hard = np.clip((cues.outlined - 14.0) / 10.0, 0, 0.9)
    out = np.maximum(out, np.where(whole, hard, 0.0))
    wide = np.clip((cues.right - cues.left - 0.55) / 0.35, 0, 1)
    framed = np.clip(cues.at_side * 5, 0, 1)
    hung = np.clip(cues.at_top * 5, 0, 1)
    value = out * (1 - 0.85 * wide) * (1 - 0.8 * framed) * (1 - 0.7 * hung)
    return np.where(cues.sky, 0, value).astype(np.float32)


def _standing(regions: Regions, cues: Cues) -> Groups:
    """Join things that stand on one another: a crown on its trunk, a head on its coat."""
    thing = _objectness(cues) > 0.4
    labels = regions.labels
    owner = np.arange(regions.count)
    above, below = labels[:-1], labels[1:]
    differ = above != below
    contact = np.zeros((regions.count, regions.count))
    np.add.at(contact, (above[differ], below[differ]), 1.0)
    width_px = (cues.right - cues.left) * labels.shape[1]
    for upper in range(regions.count):
        for lower in range(regions.count):
            if not (thing[upper] and thing[lower]) or contact[upper, lower] == 0:
                continue
            narrow = max(min(width_px[upper], width_px[lower]), 1.0)
            overlap = min(cues.right[upper], cues.right[lower]) - max(
                cues.left[upper], cues.left[lower]
            )
            stacked = overlap * labels.shape[1] > 0.6 * narrow
            if stacked and contact[upper, lower] > 0.25 * narrow:
                owner[owner == owner[upper]] = owner[lower]
    return owner


def _grounds(small: Pixels, regions: Regions, cues: Cues) -> Groups:
    """Join stretches of one ground that only shade or grain tells apart."""
    walls = wall_heights(small, regions)
    flat = (_objectness(cues) < 0.4) & ~cues.sky
    owner = np.arange(regions.count)
    for one in range(regions.count):
        for other in range(one):
            faint = 0 < walls[one, other] < _FAINT_WALL
            if flat[one] and flat[other] and faint:
                owner[owner == owner[one]] = owner[other]
    return owner


def _settle(cues: Cues, groups: Groups, grounds: Groups, scene: str) -> Floats:
    """One value of nearness for each region."""
    thing = _objectness(cues)
    foot = cues.bottom.copy()
    for group in np.unique(groups):
        members = groups == group
        foot[members] = cues.bottom[members].max()
        if int(members.sum()) > 1:
            thing[members] = float(
                np.average(thing[members], weights=cues.size[members])
            )
    top = cues.top.copy()
    for group in np.unique(grounds):
        members = grounds == group
        top[members] = np.average(cues.top[members], weights=cues.size[members])
    # A wall that runs along the frame comes towards us; a floor is judged by its far end.
    walled = (cues.at_side > 0.05) & (cues.right - cues.left < 0.6) & cues.sky.any()
    lean = np.where(walled, 0.4, 0.06)
    ground = top + lean * (cues.bottom - top)
    near = thing * (0.12 + 0.88 * foot) + (1 - thing) * (0.04 + 0.86 * ground)
    if scene == "close_up":
        focus = cues.sharpness / max(float(cues.sharpness.max()), 1e-4)
        subject = np.maximum(thing, np.clip(cues.salience * 1.3 - 0.2, 0, 1))
        near = 0.25 * near + 0.35 * focus + 0.6 * subject
    elif scene == "open_air":
        clear = 1 - np.clip(cues.haze, 0, 1)
        near = near * (0.9 + 0.1 * clear)
    near = np.where(cues.sky, 0.0, near)
    low, high = float(near.min()), float(near.max())
    return ((near - low) / max(high - low, 1e-6)).astype(np.float32)


def _slopes(small: Pixels, regions: Regions, cues: Cues, values: Floats) -> Floats:
    """Ground comes nearer towards its lower edge; things stand upright."""
    height = regions.labels.shape[0]
    rows = (np.arange(height, dtype=np.float32) / height)[:, None]
    thing = _objectness(cues)
    rise: Flags = (thing < 0.4) & ~cues.sky & (cues.bottom - cues.top > 0.08)
    slope = np.where(rise, 0.30, 0.0).astype(np.float32)
    start = regions.paint(cues.top)
    near = regions.paint(values) + regions.paint(slope) * np.clip(rows - start, 0, 1)
    guide = small.astype(np.float32) / 255
    snapped = cv2.ximgproc.guidedFilter(guide, near.astype(np.float32), 5, 2e-4)
    return np.clip(np.asarray(snapped, np.float32), 0, 1)
