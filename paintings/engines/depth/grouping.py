"""Which surfaces are one thing: what rests on what, and what hangs on what."""

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.outlines import Outlines
from paintings.engines.depth.regions import Floats
from paintings.engines.depth.standing import SLIM, Flags, Groups, Role

# From this share of its lower rim on a thing another one is carried by it.
_CARRIED = 0.5
# From this share of its lower rim on the ground a thing stands there.
_RESTS = 0.3
# Between a crown and what is made out of its trunk there is at most this share of the height.
_GAP = 0.08
# What fills less than this share of its box is an edge or a shadow.
_SOLID = 0.2
# Two pieces with this contrast are half as likely to be one as two that look the same.
_ALIKE = 20.0
# A crown reaches down beside its trunk by at most this share of the height.
_SUNK = 0.15
# By more than this share of the narrower one's width it is aside, not right above.
_ASIDE = 0.25
# From this share of its outline on the ground a thing is seen before that.
_BEFORE_GROUND = 0.05
# A thing goes on below a strip as thin as this.
_HEM_PX = 5
# From this share of its outline on another thing it belongs to that.
_TOUCH = 0.04
# ... whatever lies below it.
_EMBEDDED = 0.3


def stand(
    shape: Outlines, role: NDArray[np.int64], front: Floats, contrast: Floats
) -> tuple[Groups, NDArray[np.int64]]:
    """Things that rest on things are one; what rests on nothing hangs on the backdrop."""
    count = len(role)
    owner = np.arange(count)
    thing = role == Role.THING
    firm = np.isin(role, (Role.BAND, Role.WALL))
    # Along a street the houses carry nothing, the road does.
    firm |= (role == Role.PASSAGE) & (shape.on_bottom > 0.2)
    # What each thing has of its lower rim on the ground, in pixels of all its rim.
    rests = (shape.below * np.append(firm, True)).sum(axis=1) > _RESTS
    behind = _goes_on_behind(shape, role, front)
    _pieces_of_one(owner, thing, shape, behind, contrast)
    _pieces_of_one(owner, role == Role.HUNG, shape, behind, contrast)
    hovers = _hovering(shape, role)
    _onto_columns(owner, thing, hovers, shape)
    hangs = behind & ~_before_ground(shape, role)
    _onto_pots(owner, thing & ~hangs, behind, hovers, shape)
    while True:
        loose = [
            group
            for group in np.unique(owner[thing])
            if not rests[thing & (owner == group)].any()
        ]
        # The highest first: a head finds its coat before the coat finds its shoes.
        for group in sorted(loose, key=lambda g: shape.foot[owner == g].max()):
            mine = thing & (owner == group)
            other = thing & ~mine & ~behind[mine].any()
            touch = shape.contacts[mine].sum(axis=0) * other
            outer = float(shape.contacts[mine][:, ~mine].sum())
            carrier = int(np.argmax(touch))
            carried = shape.below[mine, carrier].max() > _CARRIED
            share = float(touch[carrier]) / max(outer, 1.0)
            if share > _EMBEDDED or (carried and share > _TOUCH):
                owner[mine] = owner[carrier]
                break
        else:
            break
    settled = role.copy()
    for group in loose:
        settled[thing & (owner == group)] = Role.HUNG
    return owner, settled


def _pieces_of_one(
    owner: Groups, thing: Flags, shape: Outlines, behind: Flags, contrast: Floats
) -> None:
    """Each piece is one thing with that larger one which it shares the most outline with.

    With one only, and a larger one: a leaf of a plant before a chair would make one of
    the chair and the plant.
    """
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    pieces = np.flatnonzero(thing)
    ties = np.zeros_like(shape.contacts)
    for one in pieces:
        for other in pieces[pieces < one]:
            shared = shape.contacts[one, other] / min(outer[one], outer[other])
            level = abs(shape.foot[one] - shape.foot[other]) < 0.12
            parted = behind[one] or behind[other]
            if shared > (0.2 if level else 0.4) or (
                not parted and _stacked(shape, int(one), int(other))
            ):
                alike = 1 / (1 + contrast[one, other] / _ALIKE)
                ties[one, other] = ties[other, one] = shared * alike
    ties *= shape.size[None] >= shape.size[:, None]
    for one in pieces:
        best = int(np.argmax(ties[one]))
        if ties[one, best] > 0:
            owner[owner == owner[best]] = owner[one]


def _stacked(shape: Outlines, one: int, other: int) -> bool:
    """One begins where the other ends, right below it: a coat and the legs in it."""
    upper, lower = sorted((one, other), key=lambda n: float(shape.foot[n]))
    both = shape.held[upper] & shape.held[lower]
    gap = shape.highest[lower] - shape.lowest[upper]
    meet = int((both & (np.abs(gap) <= _HEM_PX)).sum())
    overlap, narrower = _over(shape, one, other)
    enough = meet > 0.4 * narrower * shape.held.shape[1]
    return bool(enough and overlap > 0.7 * narrower)


def _over(shape: Outlines, one: int, other: int) -> tuple[float, float]:
    """How much of the width two things share, and the width of the narrower."""
    wide = shape.right - shape.left
    right = min(shape.right[one], shape.right[other])
    left = max(shape.left[one], shape.left[other])
    return float(right - left), float(min(wide[one], wide[other]))


def _onto_columns(owner: Groups, thing: Flags, hovers: Flags, shape: Outlines) -> None:
    """A crown belongs to its trunk, a lamp to its post, whatever is seen beside it."""
    wide = shape.right - shape.left
    for lower in np.flatnonzero(thing):
        upper = int(np.argmax(shape.above[lower] * thing))
        slim = wide[lower] < 0.75 * wide[upper] or wide[lower] < 0.06
        carries = shape.above[lower, upper] > 0.25
        ends = shape.foot[upper] < min(shape.foot[lower], shape.peak[lower] + _SUNK)
        if thing[upper] and slim and carries and ends:
            owner[owner == owner[upper]] = owner[lower]
        if wide[lower] < SLIM:
            broad = thing & hovers[:, lower] & (wide > 2 * wide[lower])
            owner[np.isin(owner, owner[broad])] = owner[lower]


def _hovering(shape: Outlines, role: NDArray[np.int64]) -> Flags:
    """What ends (rows) a little above another's middle: what joins them is not made out.

    Before the ground something must bear it; before the backdrop it may hang there.
    """
    count = len(role)
    borne = (shape.below[:, :count] * (role == Role.BAND)).sum(axis=1) > 0.5
    box = (shape.right - shape.left) * (shape.foot - shape.peak)
    borne &= shape.size > _SOLID * box
    middle = 0.5 * (shape.left + shape.right)
    above = (shape.left[:, None] < middle) & (middle < shape.right[:, None])
    gap = shape.peak - shape.foot[:, None]
    return np.asarray(borne[:, None] & above & (gap >= 0) & (gap < _GAP), np.bool_)


def _goes_on_behind(shape: Outlines, role: NDArray[np.int64], front: Floats) -> Flags:
    """What hangs on the backdrop and is cut off by things before it, as T's show."""
    back, thing = role == Role.BACKDROP, role == Role.THING
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    # What it encloses (the canvas in a frame) is its own.
    inner = shape.contacts > 0.8 * outer[None]
    rim = np.maximum((shape.contacts * ~inner).sum(axis=1), 1)
    on_back = shape.contacts[:, back].sum(axis=1) / rim
    beaten = front[thing].sum(axis=0) > front[:, thing].sum(axis=1)
    # A picture's lower edge is seen; a head's or a crown's is not.
    below = shape.below[:, : len(role)][:, back].sum(axis=1)
    return np.asarray(thing & (on_back > 0.5) & (beaten | (below > 0.5)), np.bool_)


def _before_ground(shape: Outlines, role: NDArray[np.int64]) -> Flags:
    """What is seen before the ground too: it hangs on no wall."""
    rim = np.maximum(shape.contacts.sum(axis=1), 1)
    on_ground = shape.contacts[:, role == Role.BAND].sum(axis=1)
    return np.asarray(on_ground > _BEFORE_GROUND * rim, np.bool_)


def _onto_pots(
    owner: Groups, thing: Flags, behind: Flags, hovers: Flags, shape: Outlines
) -> None:
    """What touches a thing right below it belongs to that: leaves to their pot.

    What it hides a part of may be another thing behind it, but not right above it.
    """
    centre, wide = 0.5 * (shape.left + shape.right), shape.right - shape.left
    aside = np.abs(centre[:, None] - centre) > _ASIDE * np.minimum(wide[:, None], wide)
    for upper in np.flatnonzero(thing):
        for lower in np.flatnonzero(thing):
            over = shape.left[upper] < centre[lower] < shape.right[upper]
            under = shape.left[lower] < centre[upper] < shape.right[lower]
            deeper = shape.foot[lower] > shape.foot[upper] + 0.04
            begins = shape.peak[lower] > 0.5 * (shape.peak[upper] + shape.foot[upper])
            touch = shape.contacts[upper, lower] > 3 or hovers[upper, lower]
            apart = behind[upper] and aside[upper, lower]
            if over and under and deeper and begins and touch and not apart:
                owner[owner == owner[upper]] = owner[lower]


def hosts(shape: Outlines, groups: Groups, role: NDArray[np.int64]) -> Groups:
    """What is most around each surface that itself hangs on nothing."""
    host = np.arange(len(role))
    for group in np.unique(groups[role == Role.HUNG]):
        mine = groups == group
        touch = shape.contacts[mine].sum(axis=0) * (~mine & (role != Role.HUNG))
        if touch.max() > 0:
            host[mine] = int(np.argmax(touch))
    return host
