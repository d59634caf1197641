"""Depth without any weights: surfaces first, their parts in the scene, then slopes.

What spans the picture is ground, as far as its upper edge; what runs away along one
side is a wall, as far as its foot; what stands is as near as the ground at its feet.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from jobs.toolbox.images import Photo, Pixels
from paintings.engines.depth.boundaries import Evidence, find_boundaries
from paintings.engines.depth.cues import Cues, fine_detail, measure
from paintings.engines.depth.faces import people
from paintings.engines.depth.heads import with_heads
from paintings.engines.depth.junctions import in_front
from paintings.engines.depth.outlining import redraw
from paintings.engines.depth.regions import (
    Floats,
    Regions,
    absorbed,
    find_regions,
    renumbered,
    split_by,
    without_hairlines,
)
from paintings.engines.depth.settling import Parts, Roles, open_sky, settle, units
from paintings.engines.depth.standing import (
    Groups,
    Role,
    grounds,
    outline,
    passage,
    roles,
    stand,
)
from paintings.engines.depth.subject import Flags, Subject, find_subject, in_focus
from paintings.engines.depth.surfaces import contrasts, find_surfaces
from paintings.engines.depth.vanishing import find_vanishing
from paintings.engines.depth.walls import on_wall

SMALL_PX = 400
# By how much what catches the eye stands before the rest of a backdrop.
_RELIEF = 0.02
# A surface with more than this share of itself within the subject is part of it.
_INSIDE = 0.6
# Things below this share of the picture are too small to be drawn again.
_OUTLINED = 0.004


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
    with ThreadPoolExecutor(1, thread_name_prefix="subject") as aside:
        looking = aside.submit(find_subject, small)
        evidence = find_boundaries(small)
        surfaces = find_surfaces(evidence, find_regions(evidence))
    stands_out, subject = looking.result()
    field = _understood(small, evidence, surfaces, stands_out, subject)
    return _by_focus(small, field) if field.regions.count == 1 else field


def _understood(
    small: Pixels,
    evidence: Evidence,
    surfaces: Regions,
    stands_out: Floats,
    subject: Subject | None,
) -> DepthField:
    """From surfaces to their parts in the scene."""
    regions = absorbed(without_hairlines(surfaces), smaller_than=0.006)
    if subject is not None:
        regions = without_hairlines(split_by(regions, subject.mask))
    cues = measure(small, regions, stands_out)
    scene = _kind(cues)
    shape = outline(regions)
    contrast = contrasts(evidence, regions)
    role = roles(shape, contrast, regions.means(fine_detail(small)))
    if scene == "close_up" and subject is not None:
        inside = regions.means(subject.mask.astype(np.float32)) > _INSIDE
        focus = float(cues.sharpness[inside].max(initial=0.0))
        role = np.where(inside, Role.THING, role)
        limit = np.where(role == Role.THING, 0.4, 0.55)
        soft = cues.sharpness < limit * focus
        role = np.where(~inside & soft, Role.BACKDROP, role)
    vanishing = find_vanishing(small)
    if vanishing is not None:
        role = passage(shape, regions, role, vanishing)
    role = on_wall(shape, contrast, role)
    groups, role = stand(shape, role, in_front(regions))
    for person in people(small, regions):
        role = np.where(person, Role.THING, role)
        groups = np.where(person, np.flatnonzero(person)[0], groups)
    if scene == "close_up":
        # In a portrait a head may hang on nothing; it is no less near for that.
        role = np.where(role == Role.HUNG, Role.THING, role)
        groups = np.where(role == Role.THING, len(role), groups)
    main = subject.mask if subject is not None and subject.main else None
    if main is not None:
        same = _parts_of(main, regions, role, groups)
        role = np.where(same, Role.THING, role)
        groups = np.where(same, len(role), groups)
    parts = Parts(
        shape=shape,
        role=role,
        groups=groups,
        fields=grounds(shape, contrast, role),
        open_sky=open_sky(small, regions, shape, role),
    )
    plain = _stretched(settle(small, regions, parts, vanishing))
    # Within a backdrop what stands out is a little nearer than what does not.
    back = (role == Role.BACKDROP)[regions.labels]
    plain[back] += _RELIEF * stands_out[back]
    whole = _redrawn(small, evidence.strength, regions, parts, plain, main)
    return DepthField(
        near=_snapped(small, plain),
        plain=plain,
        regions=whole,
        engine="local",
        scene=scene,
    )


def _parts_of(main: Flags, regions: Regions, role: Roles, groups: Groups) -> Flags:
    """Which surfaces lie within what the photo is of, or stand on what does."""
    inside = regions.means(main.astype(np.float32)) > _INSIDE
    stands = (role == Role.THING) & np.isin(groups, groups[inside])
    return np.asarray(inside | stands, np.bool_)


def _by_focus(small: Pixels, field: DepthField) -> DepthField:
    """Where all seems one backdrop, what is in focus is nearer than what is not."""
    sharp = in_focus(small)
    if sharp is None:
        return field
    plain = sharp.astype(np.float32)
    regions = renumbered(sharp.astype(np.int32))
    return replace(field, near=_snapped(small, plain), plain=plain, regions=regions)


def _redrawn(
    small: Pixels,
    strength: Floats,
    regions: Regions,
    parts: Parts,
    plain: Floats,
    main: Flags | None,
) -> Regions:
    """What is one in the scene, with things drawn along their edges, far ones first."""
    whole = units(regions, parts)
    share = whole.means((parts.role == Role.THING)[regions.labels].astype(np.float32))
    large = whole.sizes > _OUTLINED * plain.size
    things = np.flatnonzero((share > 0.5) & large)
    nearness = whole.means(plain)
    ordered = [int(one) for one in sorted(things, key=lambda one: float(nearness[one]))]
    redraw(small, whole.labels, plain, ordered)
    with_heads(small, strength, whole.labels, plain, ordered)
    if main is not None:
        # It was cut along its edges at the first.
        one = int(np.bincount(whole.labels[main]).argmax())
        plain[main] = float(np.median(plain[main & (whole.labels == one)]))
        whole.labels[main] = one
    return renumbered(whole.labels)


def _stretched(near: Floats) -> Floats:
    low, high = float(near.min()), float(near.max())
    return ((near - low) / max(high - low, 1e-6)).astype(np.float32)


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


def _snapped(small: Pixels, plain: Floats) -> Floats:
    """Depth with its borders drawn to the photo's edges."""
    guide = small.astype(np.float32) / 255
    snapped = cv2.ximgproc.guidedFilter(guide, plain, 5, 2e-4)
    return np.clip(np.asarray(snapped, np.float32), 0, 1)
