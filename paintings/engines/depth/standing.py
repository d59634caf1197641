"""What each surface is to the scene: backdrop, ground, wall, or a thing on its feet."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.regions import Floats, Regions

Groups = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LIKE_BACKDROP = 12.0
_ONE_GROUND = 14.0
# From this share of its lower rim on the ground a thing stands there.
_RESTS = 0.3
# From this share of its outline on another thing it belongs to that.
_TOUCH = 0.04


class Role(IntEnum):
    """How a surface's distance is told."""

    BACKDROP = 0  # as far as anything
    BAND = 1  # from side to side: as far as its upper edge
    WALL = 2  # along one side: as far as its foot on the average
    THING = 3  # as near as its foot
    HUNG = 4  # on what is around it: as far as that


@dataclass(frozen=True, kw_only=True)
class Outlines:
    """Where surfaces begin and end, as shares of the picture, and what they touch."""

    top: Floats  # mean over the columns of the highest pixel
    foot: Floats  # the lowest part, a few stray pixels left out
    mean_foot: Floats  # mean over the columns of the lowest pixel
    peak: Floats
    # How straight the lower rim climbs or falls: a wall seen at an angle.
    slant: Floats
    left: Floats
    right: Floats
    size: Floats
    contacts: Floats
    # Share of the lower rim that rests on each other surface; last the frame.
    below: Floats
    above: Floats  # the same of its upper rim
    on_left: Floats  # shares of the frame's sides that it holds
    on_right: Floats
    on_top: Floats
    on_bottom: Floats
    # For each surface and column: the highest and lowest row, and whether it is there.
    highest: Floats
    lowest: Floats
    held: Flags


def outline(regions: Regions) -> Outlines:
    labels, count = regions.labels, regions.count
    height, width = labels.shape
    highest, lowest, mass = _columns(labels, count)
    held = mass > 0
    columns = np.maximum(held.sum(axis=1), 1)
    spread = np.where(held, lowest, -1.0)
    foot = np.array([np.quantile(row[row >= 0], 0.95) for row in spread])
    peak = np.where(held, highest, height).min(axis=1)
    return Outlines(
        top=_share((np.where(held, highest, 0).sum(axis=1)) / columns, height),
        foot=_share(foot + 1, height),
        mean_foot=_share(np.where(held, lowest, 0).sum(axis=1) / columns + 1, height),
        peak=_share(peak, height),
        slant=_slants(lowest, held),
        left=_share(held.argmax(axis=1), width),
        right=_share(width - held[:, ::-1].argmax(axis=1), width),
        size=_share(regions.sizes, labels.size),
        contacts=regions.contacts(),
        below=_below(labels, count),
        above=_below(labels[::-1], count, share=0.12)[:, :count],
        on_left=_share(np.bincount(labels[:, 0], minlength=count), height),
        on_right=_share(np.bincount(labels[:, -1], minlength=count), height),
        on_top=_share(np.bincount(labels[0], minlength=count), width),
        on_bottom=_share(np.bincount(labels[-1], minlength=count), width),
        highest=highest,
        lowest=lowest,
        held=held,
    )


def roles(shape: Outlines, contrast: Floats) -> NDArray[np.int64]:
    """Tell every surface's part from its place in the frame and what it looks like."""
    both_sides = (shape.on_left > 0.01) & (shape.on_right > 0.01)
    band = both_sides | (shape.right - shape.left > 0.8)
    one_side = (shape.on_left > 0.08) | (shape.on_right > 0.08)
    role = np.full(len(shape.top), int(Role.THING))
    beside = one_side & (shape.size > 0.01)
    role[beside] = np.where(shape.slant > 0.15, Role.WALL, Role.BAND)[beside]
    role[band] = Role.BAND
    # High on either side and low between them: two fronts along one street.
    street = (shape.on_left + shape.on_right > 1.1) & (shape.on_bottom < 0.3)
    role[street & (shape.top > 0.1)] = Role.WALL
    wide = shape.right - shape.left
    hangs = (shape.on_top > np.minimum(0.05, 0.5 * wide)) & (shape.on_bottom < 0.02)
    hangs &= shape.foot < 0.85
    role[hangs & ~(one_side & (shape.foot > 0.7) & ~both_sides)] = Role.BACKDROP
    if not (role == Role.BACKDROP).any():
        role[int(np.argmax(shape.on_top - shape.foot))] = Role.BACKDROP
    _seen_at_an_angle(shape, role)
    _lie_flat(shape, contrast, role)
    # What touches the backdrop and nearly looks like it is more of it.
    while True:
        back = role == Role.BACKDROP
        limit = np.where(surrounded(shape, back), 1.5, 1.0) * _LIKE_BACKDROP
        like = (shape.contacts[:, back] > 0) & (contrast[:, back] < limit[:, None])
        same = (shape.contacts[:, back] > 4) & (
            contrast[:, back] < 0.7 * _LIKE_BACKDROP
        )
        more = np.isin(role, (Role.WALL, Role.THING)) & like.any(axis=1)
        more |= (role == Role.BAND) & same.any(axis=1) & (shape.on_bottom < 0.1)
        if not more.any():
            return role
        role[more] = Role.BACKDROP


def _lie_flat(shape: Outlines, contrast: Floats, role: NDArray[np.int64]) -> None:
    """Pieces of ground: along a side but below all that is far, or tufts in a meadow."""
    back = role == Role.BACKDROP
    upright = shape.contacts[:, back].sum(axis=1) > 4
    role[(role == Role.WALL) & ~upright & (shape.top > 0.3)] = Role.BAND
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    band = role == Role.BAND
    on_band = shape.contacts[:, band] / outer[:, None]
    # What rises above the far end of its ground is no part of it.
    within = shape.peak[:, None] > shape.peak[band][None]
    alike = contrast[:, band] < _ONE_GROUND
    tuft = ((on_band > 0.5) & alike & within).any(axis=1)
    flat = shape.foot - shape.peak < 0.4 * (shape.right - shape.left)
    flat &= on_band.sum(axis=1) + shape.on_bottom > 0.7
    few = shape.size < 0.06
    role[(role == Role.THING) & few & (tuft | flat)] = Role.BAND
    wall = role == Role.WALL
    on_wall = shape.contacts[:, wall].sum(axis=1) / outer
    on_ground = shape.below[:, : len(role)][:, role == Role.BAND].sum(axis=1)
    role[(role == Role.THING) & (on_wall > 0.5) & (on_ground < 0.3)] = Role.HUNG


def grounds(shape: Outlines, contrast: Floats, role: NDArray[np.int64]) -> Groups:
    """Pieces of one ground, told apart by shade or grain alone."""
    owner = np.arange(len(role))
    flat = np.flatnonzero(role == Role.BAND)
    for one in flat:
        for other in flat[flat < one]:
            touch = shape.contacts[one, other] > 4
            if touch and contrast[one, other] < _ONE_GROUND:
                owner[owner == owner[other]] = owner[one]
    across = shape.right - shape.left > 0.75
    for one in flat:
        # A stretch that ends within the picture is a patch of what is around it.
        whole = owner == owner[one]
        if across[whole].any():
            continue
        touch = shape.contacts[whole].sum(axis=0) * ((role == Role.BAND) & ~whole)
        if touch.max(initial=0) > 0:
            owner[whole] = owner[int(np.argmax(touch))]
    return owner


def meets_floor(shape: Outlines, role: NDArray[np.int64]) -> bool:
    """Whether backdrop and ground meet in a straight line, as a wall and a floor do."""
    back, band = role == Role.BACKDROP, role == Role.BAND
    if not (back.any() and band.any()):
        return False
    low = np.where(shape.held[back], shape.lowest[back], -1).max(axis=0)
    high = np.where(shape.held[band], shape.highest[band], np.inf).min(axis=0)
    xs = np.flatnonzero((low >= 0) & (np.abs(high - low - 1) < 2))
    if len(xs) < 0.35 * len(low):
        return False
    line = np.polyval(np.polyfit(xs, low[xs], 1), xs)
    return bool(np.quantile(np.abs(low[xs] - line), 0.8) < 1.2)


def surrounded(shape: Outlines, by: Flags) -> Flags:
    """Which surfaces have more than half of their outline on these."""
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    return np.asarray(shape.contacts[:, by].sum(axis=1) > 0.5 * outer)


def _seen_at_an_angle(shape: Outlines, role: NDArray[np.int64]) -> None:
    """A front that runs away from us: its line on the ground aims at a vanishing point."""
    back = role == Role.BACKDROP
    firm = np.isin(role, (Role.BAND, Role.WALL))
    on_ground = shape.below[:, : len(role)][:, firm].sum(axis=1) > 0.5
    tall = shape.contacts[:, back].sum(axis=1) > 0
    broad = shape.right - shape.left > 0.2
    slanted = (shape.slant > 0.15) & on_ground & tall & broad
    role[(role == Role.THING) & slanted] = Role.WALL


def stand(shape: Outlines, role: NDArray[np.int64]) -> tuple[Groups, NDArray[np.int64]]:
    """Things that rest on things are one; what rests on nothing hangs on the backdrop."""
    count = len(role)
    owner = np.arange(count)
    thing = role == Role.THING
    ground = np.append(np.isin(role, (Role.BAND, Role.WALL)), True)
    # What each thing has of its lower rim on the ground, in pixels of all its rim.
    rests = (shape.below * ground).sum(axis=1) > _RESTS
    _pieces_of_one(owner, thing, shape)
    _onto_columns(owner, thing, shape)
    while True:
        loose = [
            group
            for group in np.unique(owner[thing])
            if not rests[thing & (owner == group)].any()
        ]
        # The highest first: a head finds its coat before the coat finds its shoes.
        for group in sorted(loose, key=lambda g: shape.foot[owner == g].max()):
            mine = thing & (owner == group)
            other = thing & ~mine
            touch = shape.contacts[mine].sum(axis=0) * other
            outer = float(shape.contacts[mine][:, ~mine].sum())
            if touch.max(initial=0) > _TOUCH * outer:
                owner[mine] = owner[int(np.argmax(touch))]
                break
        else:
            break
    settled = role.copy()
    for group in loose:
        settled[thing & (owner == group)] = Role.HUNG
    return owner, settled


def _pieces_of_one(owner: Groups, thing: Flags, shape: Outlines) -> None:
    """Pieces that share much of their outline are one thing, unless far apart in depth."""
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    for one in np.flatnonzero(thing):
        for other in np.flatnonzero(thing[:one]):
            shared = shape.contacts[one, other] / min(outer[one], outer[other])
            level = abs(shape.foot[one] - shape.foot[other]) < 0.12
            if shared > (0.2 if level else 0.4) or _stacked(
                shape, int(one), int(other)
            ):
                owner[owner == owner[other]] = owner[one]


def _stacked(shape: Outlines, one: int, other: int) -> bool:
    """One begins where the other ends, right below it: a coat and the legs in it."""
    upper, lower = sorted((one, other), key=lambda n: float(shape.foot[n]))
    begins = abs(float(shape.peak[lower] - shape.foot[upper])) < 0.04
    overlap = min(shape.right[one], shape.right[other]) - max(
        shape.left[one], shape.left[other]
    )
    narrower = min(
        shape.right[one] - shape.left[one], shape.right[other] - shape.left[other]
    )
    return bool(begins and overlap > 0.7 * narrower)


def _onto_columns(owner: Groups, thing: Flags, shape: Outlines) -> None:
    """A crown belongs to its trunk, a lamp to its post, whatever is seen beside it."""
    wide = shape.right - shape.left
    for lower in np.flatnonzero(thing):
        upper = int(np.argmax(shape.above[lower] * thing))
        slim = wide[lower] < 0.75 * wide[upper] or wide[lower] < 0.06
        carries = shape.above[lower, upper] > 0.25
        if thing[upper] and slim and carries and shape.foot[upper] < shape.foot[lower]:
            owner[owner == owner[upper]] = owner[lower]


def _slants(lowest: Floats, held: NDArray[np.bool_]) -> Floats:
    """The slope of the line through each lower rim; 0 where it is no line."""
    slopes = np.zeros(len(lowest), np.float32)
    for one, (row, own) in enumerate(zip(lowest, held, strict=True)):
        xs = np.flatnonzero(own)
        if len(xs) < 12:
            continue
        # The ends of a rim are where something else cuts in.
        xs = xs[len(xs) // 10 : -len(xs) // 10]
        rim = row[xs]
        if np.ptp(rim) > 0 and abs(np.corrcoef(xs, rim)[0, 1]) > 0.8:
            slopes[one] = abs(np.polyfit(xs, rim, 1)[0])
    return slopes


def hosts(shape: Outlines, groups: Groups, role: NDArray[np.int64]) -> Groups:
    """What is most around each surface that itself hangs on nothing."""
    host = np.arange(len(role))
    for group in np.unique(groups[role == Role.HUNG]):
        mine = groups == group
        touch = shape.contacts[mine].sum(axis=0) * (~mine & (role != Role.HUNG))
        if touch.max() > 0:
            host[mine] = int(np.argmax(touch))
    return host


def _columns(
    labels: NDArray[np.int32], count: int
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """For each surface and column: the highest row, the lowest row, how many rows."""
    height, width = labels.shape
    rows, columns = np.indices(labels.shape)
    flat = labels.ravel().astype(np.int64) * width + columns.ravel()
    mass = np.bincount(flat, minlength=count * width)
    highest = np.full(count * width, height, np.float32)
    lowest = np.full(count * width, -1, np.float32)
    np.minimum.at(highest, flat, rows.ravel().astype(np.float32))
    np.maximum.at(lowest, flat, rows.ravel().astype(np.float32))
    shape = (count, width)
    return highest.reshape(shape), lowest.reshape(shape), mass.reshape(shape)


def _below(labels: NDArray[np.int32], count: int, *, share: float = 0.3) -> Floats:
    """What lies right under the lowest part of each surface."""
    height = labels.shape[0]
    under = np.vstack([labels[1:], np.full((1, labels.shape[1]), count)])
    rows = np.indices(labels.shape)[0]
    low = np.zeros(count)
    high = np.full(count, float(height))
    np.maximum.at(low, labels, rows)
    np.minimum.at(high, labels, rows)
    limit = low - share * (low - high)
    edge = (under != labels) & (rows >= limit[labels])
    table = np.zeros((count, count + 1))
    np.add.at(table, (labels[edge], under[edge]), 1.0)
    total = np.maximum(table.sum(axis=1, keepdims=True), 1)
    return np.asarray(table / total, np.float32)


def _share(values: NDArray[np.generic], whole: float) -> Floats:
    return np.asarray(np.asarray(values, np.float64) / whole, np.float32)
