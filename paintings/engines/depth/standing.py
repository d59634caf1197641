"""What each surface is to the scene: backdrop, ground, wall, or a thing on its feet."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.regions import Floats, Regions
from paintings.engines.depth.vanishing import Vanishing

Groups = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LIKE_BACKDROP = 12.0
_LIKE_SKY = 20.0
# The mean fine detail of a clear sky, in units of lightness, is below this.
_CALM = 1.0
_ONE_GROUND = 14.0
_ONE_FIELD = 11.0
# From this share of its lower rim on a thing another one is carried by it.
_CARRIED = 0.5
# From this share of its lower rim on the ground a thing stands there.
_RESTS = 0.3
# Between a crown and what is made out of its trunk there is at most this share of the height.
_GAP = 0.08
# What fills less than this share of its box is an edge or a shadow.
_SOLID = 0.2
# Ground goes on behind what is no broader than this share of the picture.
_SLIM = 0.06
# Ground that begins below this share of the height is a strip at our feet.
STRIP = 0.8
# A thing goes on below a strip as thin as this.
_HEM_PX = 5
# From this share of its outline on another thing it belongs to that.
_TOUCH = 0.04
# ... whatever lies below it.
_EMBEDDED = 0.3
# What runs along the foot of a wall is at most this share of the height.
SKIRTING = 0.02
# From this share of lines towards the vanishing point a surface runs there.
_AIMED = 0.25
# ... from this one on if it is broader than this share of the picture.
_AIMED_BROAD, _BROAD = 0.08, 0.02


class Role(IntEnum):
    """How a surface's distance is told."""

    BACKDROP = 0  # as far as anything
    BAND = 1  # from side to side: as far as its upper edge
    WALL = 2  # along one side: as far as its foot on the average
    THING = 3  # as near as its foot
    HUNG = 4  # on what is around it: as far as that
    PASSAGE = 5  # runs to the vanishing point: as far as it is close to that


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


def roles(shape: Outlines, contrast: Floats, wild: Floats) -> NDArray[np.int64]:
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
        # A crumb that is like both makes no bridge between sky and mountain.
        back = (role == Role.BACKDROP) & (shape.size > 0.02)
        limit = np.where(surrounded(shape, back), 1.5, 1.0) * _LIKE_BACKDROP
        like = (shape.contacts[:, back] > 0) & (contrast[:, back] < limit[:, None])
        same = (shape.contacts[:, back] > 4) & (
            contrast[:, back] < 0.7 * _LIKE_BACKDROP
        )
        # A clear sky is not continued by a surface full of detail.
        calm = np.where(
            wild[back].min(initial=np.inf) < _CALM, wild < 1.3 * _CALM, True
        )
        more = np.isin(role, (Role.WALL, Role.THING)) & like.any(axis=1)
        more |= _more_sky(shape, contrast, wild, role)
        more |= (role == Role.BAND) & same.any(axis=1) & (shape.on_bottom < 0.1)
        more &= calm
        if not more.any():
            return role
        role[more] = Role.BACKDROP


def _more_sky(
    shape: Outlines, contrast: Floats, wild: Floats, role: NDArray[np.int64]
) -> Flags:
    """Calm stretches under a calm sky that differ much more from what is below them."""
    back = (role == Role.BACKDROP) & (shape.size > 0.02) & (wild < _CALM)
    more = np.zeros(len(role), np.bool_)
    for band in np.flatnonzero((role == Role.BAND) & (wild < _CALM)):
        above = back & (shape.contacts[band] > 4)
        below = ~back & (shape.contacts[band] > 20) & (shape.top > shape.top[band])
        if above.any() and below.any() and shape.on_bottom[band] < 0.1:
            step = float(contrast[band][above].min())
            more[band] = step < min(0.6 * contrast[band][below].min(), _LIKE_SKY)
    return more


def passage(
    shape: Outlines, regions: Regions, role: NDArray[np.int64], vanishing: Vanishing
) -> NDArray[np.int64]:
    """Along a street all is part of it but the sky and what stands free on it."""
    share = regions.means(vanishing.aimed)
    # A whole front has much that aims nowhere; what stands free has nothing that does.
    aims = (share > _AIMED) | ((share > _AIMED_BROAD) & (shape.size > _BROAD))
    framed = shape.on_left + shape.on_right + shape.on_bottom > 0.02
    height = regions.labels.shape[0]
    # What ends near the vanishing point is far, whatever it is.
    far = shape.foot < vanishing.y / height + 0.12
    runs = (role != Role.BACKDROP) & (aims | framed | far)
    runs |= aims & (shape.on_top < 0.3)
    found = np.where(runs, Role.PASSAGE, role)
    return np.where(np.isin(found, (Role.BAND, Role.WALL)), Role.THING, found)


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
    squat = shape.foot - shape.peak < 0.8 * (shape.right - shape.left)
    tuft = ((on_band > 0.5) & alike & within).any(axis=1) & squat
    tuft |= ((on_band > 0.25) & (contrast[:, band] < 9.0)).any(axis=1) & squat
    flat = shape.foot - shape.peak < 0.4 * (shape.right - shape.left)
    flat &= on_band.sum(axis=1) + shape.on_bottom > 0.55
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
            touch = shape.contacts[one, other] > 4 or _parted(
                shape, int(one), int(other)
            )
            if touch and contrast[one, other] < _ONE_FIELD:
                owner[owner == owner[other]] = owner[one]
    for one in flat:
        # A stretch that ends within the picture is a patch of what is around it.
        whole = owner == owner[one]
        if shape.right[whole].max() - shape.left[whole].min() > 0.75:
            continue
        touch = shape.contacts[whole].sum(axis=0) * ((role == Role.BAND) & ~whole)
        if touch.max(initial=0) > 0:
            owner[whole] = owner[int(np.argmax(touch))]
    return owner


def _parted(shape: Outlines, one: int, other: int) -> bool:
    """Both lie at our feet, and something slim stands between them: a post, a trunk."""
    begins = max(shape.left[one], shape.left[other])
    ends = min(shape.right[one], shape.right[other])
    lie = min(shape.on_bottom[one], shape.on_bottom[other]) > 0
    return bool(lie and 0 <= begins - ends < _SLIM)


def foreground(
    shape: Outlines, role: NDArray[np.int64], groups: Groups, fields: Groups
) -> Groups:
    """A strip of ground at our feet, and what stands on it, are one; else each its own."""
    owner = np.arange(len(role))
    band = role == Role.BAND
    for field in np.unique(fields[band]):
        strip = band & (fields == field)
        top = float((shape.top * shape.size)[strip].sum() / shape.size[strip].sum())
        others = band & ~strip & (shape.size > 0.03)
        if shape.on_bottom[strip].sum() < 0.5 or top < STRIP or not others.any():
            continue
        for group in np.unique(groups[role == Role.THING]):
            mine = (role == Role.THING) & (groups == group)
            lowest = mine & (shape.foot == shape.foot[mine].max())
            on = shape.below[lowest][:, np.append(strip, True)].sum() > 0.3
            if on and shape.foot[lowest].max() > top:
                owner[mine] = np.flatnonzero(strip)[0]
        owner[strip] = np.flatnonzero(strip)[0]
    return owner


def meets_floor(shape: Outlines, role: NDArray[np.int64]) -> bool:
    """Whether backdrop and ground meet in a straight line, as a wall and a floor do."""
    back, band = role == Role.BACKDROP, role == Role.BAND
    if not (back.any() and band.any()):
        return False
    low = np.where(shape.held[back], shape.lowest[back], -1).max(axis=0)
    high = np.where(shape.held[band], shape.highest[band], np.inf).min(axis=0)
    height = float(shape.lowest.max() + 1)
    xs = np.flatnonzero((low >= 0) & (np.abs(high - low - 1) < SKIRTING * height))
    if len(xs) < 0.35 * len(low):
        return False
    straight, off = along_line(xs, low[xs])
    close = np.quantile(np.abs(off[straight]), 0.8) < 1.2
    return bool(straight.mean() > 0.8 and close)


def along_line(xs: Groups, ys: Floats) -> tuple[Flags, NDArray[np.float64]]:
    """Which points lie along one straight line, and by how much each is off it.

    Where something stands before an edge it is not its own: left out step by step.
    """
    kept = np.ones(len(xs), np.bool_)
    for _ in range(5):
        line = np.polyval(np.polyfit(xs[kept], ys[kept], 1), xs)
        off = np.asarray(ys - line, np.float64)
        near = max(4 * float(np.median(np.abs(off[kept]))), 2.0)
        fits = kept & (np.abs(off) <= near)
        if fits.sum() == kept.sum():
            break
        kept = fits
    return kept, off


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


def stand(
    shape: Outlines, role: NDArray[np.int64], front: Floats
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
    _pieces_of_one(owner, thing, shape, behind)
    _pieces_of_one(owner, role == Role.HUNG, shape, behind)
    hovers = _hovering(shape, role)
    _onto_columns(owner, thing, hovers, shape)
    _onto_pots(owner, thing & ~behind, hovers, shape)
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


def _pieces_of_one(owner: Groups, thing: Flags, shape: Outlines, behind: Flags) -> None:
    """Pieces that share much of their outline are one thing, unless far apart in depth."""
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    for one in np.flatnonzero(thing):
        for other in np.flatnonzero(thing[:one]):
            shared = shape.contacts[one, other] / min(outer[one], outer[other])
            level = abs(shape.foot[one] - shape.foot[other]) < 0.12
            parted = behind[one] or behind[other]
            if shared > (0.2 if level else 0.4) or (
                not parted and _stacked(shape, int(one), int(other))
            ):
                owner[owner == owner[other]] = owner[one]


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
        if thing[upper] and slim and carries and shape.foot[upper] < shape.foot[lower]:
            owner[owner == owner[upper]] = owner[lower]
        if wide[lower] < _SLIM:
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


def _onto_pots(owner: Groups, thing: Flags, hovers: Flags, shape: Outlines) -> None:
    """What touches a thing right below it belongs to that: leaves to their pot."""
    centre = 0.5 * (shape.left + shape.right)
    for upper in np.flatnonzero(thing):
        for lower in np.flatnonzero(thing):
            over = shape.left[upper] < centre[lower] < shape.right[upper]
            under = shape.left[lower] < centre[upper] < shape.right[lower]
            deeper = shape.foot[lower] > shape.foot[upper] + 0.04
            begins = shape.peak[lower] > 0.5 * (shape.peak[upper] + shape.foot[upper])
            touch = shape.contacts[upper, lower] > 3 or hovers[upper, lower]
            if over and under and deeper and begins and touch:
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
