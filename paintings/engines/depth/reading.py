"""One reading of a photo: which part in the scene each of its surfaces plays."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.cues import Cues, fine_detail, measure
from paintings.engines.depth.faces import Face, people
from paintings.engines.depth.grouping import stand
from paintings.engines.depth.heads import with_heads
from paintings.engines.depth.junctions import in_front
from paintings.engines.depth.outlines import outline
from paintings.engines.depth.outlining import redraw
from paintings.engines.depth.regions import (
    Floats,
    Regions,
    absorbed,
    renumbered,
    split_by,
    without_hairlines,
    without_strays,
)
from paintings.engines.depth.settling import Parts, Roles, open_sky, settle, units
from paintings.engines.depth.standing import Groups, Role, grounds, passage, roles
from paintings.engines.depth.strips import SHADE
from paintings.engines.depth.subject import Flags, Subject
from paintings.engines.depth.surfaces import contrasts
from paintings.engines.depth.vanishing import Vanishing
from paintings.engines.depth.walls import on_wall

_Told = TypeVar("_Told", bound=np.generic)

# By how much what catches the eye stands before the rest of a backdrop.
_RELIEF = 0.02
# A surface with more than this share of itself within the subject is part of it.
_INSIDE = 0.6
# Things below this share of the picture are too small to be drawn again.
_OUTLINED = 0.004


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen of a photo, or in a mirror, before anything is understood."""

    mirrored: bool
    small: Pixels
    evidence: Evidence
    stands_out: Floats
    subject: Subject | None
    faces: list[Face]
    vanishing: Vanishing | None

    @property
    def main(self) -> Flags | None:
        """What the photo is of, if it is of one thing."""
        found = self.subject
        return found.mask if found is not None and found.main else None

    def as_taken(self, seen: NDArray[_Told]) -> NDArray[_Told]:
        """What is told of each pixel, the way the photo was taken."""
        return np.ascontiguousarray(seen[:, ::-1]) if self.mirrored else seen


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Surfaces, what each of them is to the scene, and how near all that makes them."""

    sight: Sight
    regions: Regions
    parts: Parts
    plain: Floats
    scene: str

    def units(self) -> Regions:
        """What is one in the scene: grounds, things, the backdrop."""
        return units(self.regions, self.parts)

    def is_flat(self) -> bool:
        """Whether nothing stands before anything."""
        return bool(np.ptp(self.plain) <= 1.5 * _RELIEF)


def read(sight: Sight, surfaces: Regions) -> Reading:
    """From surfaces to their parts in the scene."""
    small, subject = sight.small, sight.subject
    whole = without_strays(without_hairlines(surfaces))
    regions = absorbed(whole, smaller_than=0.006)
    if subject is not None:
        regions = without_hairlines(_split(sight, regions, subject.mask))
    cues = measure(small, regions, sight.stands_out)
    scene = _kind(cues)
    shape = outline(regions)
    contrast = contrasts(sight.evidence, regions)
    role = roles(shape, contrast, regions.means(fine_detail(small)))
    if scene == "close_up" and subject is not None:
        inside = regions.means(subject.mask.astype(np.float32)) > _INSIDE
        focus = float(cues.sharpness[inside].max(initial=0.0))
        role = np.where(inside, Role.THING, role)
        limit = np.where(role == Role.THING, 0.4, 0.55)
        soft = cues.sharpness < limit * focus
        role = np.where(~inside & soft, Role.BACKDROP, role)
    if sight.vanishing is not None:
        role = passage(shape, regions, role, sight.vanishing)
    role = on_wall(shape, contrast, role)
    groups, role = stand(shape, role, in_front(regions), contrast)
    for person in people(sight.faces, regions):
        role = np.where(person, Role.THING, role)
        groups = np.where(person, np.flatnonzero(person)[0], groups)
    if scene == "close_up":
        # In a portrait a head may hang on nothing; it is no less near for that.
        role = np.where(role == Role.HUNG, Role.THING, role)
        groups = np.where(role == Role.THING, len(role), groups)
    if sight.main is not None:
        same = _parts_of(sight.main, regions, role, groups)
        role = np.where(same, Role.THING, role)
        groups = np.where(same, len(role), groups)
    parts = Parts(
        shape=shape,
        role=role,
        groups=groups,
        fields=grounds(shape, contrast, role),
        open_sky=open_sky(small, regions, shape, role),
    )
    plain = stretched(settle(small, regions, parts, sight.vanishing))
    # Within a backdrop what stands out is a little nearer than what does not.
    back = (role == Role.BACKDROP)[regions.labels]
    plain[back] += _RELIEF * sight.stands_out[back]
    return Reading(sight=sight, regions=regions, parts=parts, plain=plain, scene=scene)


def _split(sight: Sight, regions: Regions, mask: Flags) -> Regions:
    """Cut surfaces along a mask, but where nothing is to be seen of such a border."""
    parted = split_by(regions, mask)
    contrast = contrasts(sight.evidence, parted)
    first = np.zeros(parted.count, np.int64)
    first[parted.labels] = regions.labels
    owner = np.arange(parted.count)
    for one, other in zip(*np.nonzero(np.triu(contrast < SHADE, 1)), strict=True):
        if first[one] == first[other]:
            owner[other] = owner[one]
    return parted.joined(owner)


def drawn(reading: Reading) -> tuple[Floats, Regions]:
    """What is one in the scene, with things drawn along their edges, far ones first."""
    sight, plain = reading.sight, reading.plain.copy()
    small = sight.small
    whole = reading.units()
    thing = (reading.parts.role == Role.THING)[reading.regions.labels]
    share = whole.means(thing.astype(np.float32))
    large = whole.sizes > _OUTLINED * plain.size
    things = np.flatnonzero((share > 0.5) & large)
    nearness = whole.means(plain)
    ordered = [int(one) for one in sorted(things, key=lambda one: float(nearness[one]))]
    main = sight.main
    one = 0 if main is None else int(np.bincount(whole.labels[main]).argmax())
    redraw(small, whole.labels, plain, ordered)
    with_heads(small, sight.evidence.strength, whole.labels, plain, ordered)
    if main is not None:
        # It was cut along its edges at the first.
        plain[main] = float(np.median(reading.plain[main]))
        whole.labels[main] = one
    return sight.as_taken(plain), renumbered(sight.as_taken(whole.labels))


def _parts_of(main: Flags, regions: Regions, role: Roles, groups: Groups) -> Flags:
    """Which surfaces lie within what the photo is of, or stand on what does."""
    inside = regions.means(main.astype(np.float32)) > _INSIDE
    stands = (role == Role.THING) & np.isin(groups, groups[inside])
    return np.asarray(inside | stands, np.bool_)


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


def stretched(near: Floats) -> Floats:
    """From 0 at the farthest point to 1 at the nearest."""
    low, high = float(near.min()), float(near.max())
    return ((near - low) / max(high - low, 1e-6)).astype(np.float32)
