"""What each surface is to the scene: backdrop, ground, wall, or a thing on its feet."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.outlines import Outlines
from paintings.engines.depth.regions import Floats, Regions
from paintings.engines.depth.vanishing import Vanishing

Groups = NDArray[np.int64]
Flags = NDArray[np.bool_]

# What holds this share of the upper edge spans it.
_SPANS = 0.6
_LIKE_BACKDROP = 12.0
_LIKE_SKY = 20.0
# ... and, if it stands on the ground, that much of its outline is there.
_MEETS = 0.15
# ... and, if it is seen between things, no thing holds this share of its outline.
_MOST_AROUND = 0.6
# The mean fine detail of a clear sky, in units of lightness, is below this.
_CALM = 1.0
_ONE_GROUND = 14.0
_SAME_GROUND = 6.0
_ONE_FIELD = 11.0
# Below a wall there is one floor, or one table, however it is lit.
_ONE_FLOOR = 22.0
# Ground goes on behind what is no broader than this share of the picture.
SLIM = 0.06
# Ground that begins below this share of the height is a strip at our feet.
STRIP = 0.8
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
    # However low it reaches: what spans the upper edge and hardly the lower is no thing.
    hangs |= (shape.on_top > _SPANS) & (shape.on_bottom < 0.3 * shape.on_top)
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
        on_ground = shape.below[:, : len(role)][:, role == Role.BAND].sum(axis=1) > 0.5
        outer = np.where(on_ground, _MEETS, 0) * shape.contacts.sum(axis=1)
        meets = shape.contacts[:, back] > outer[:, None]
        like = meets & (contrast[:, back] < limit[:, None])
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
        more |= _seen_between(shape, contrast, role)
        if not more.any():
            return role
        role[more] = Role.BACKDROP


def _seen_between(shape: Outlines, contrast: Floats, role: NDArray[np.int64]) -> Flags:
    """What things enclose, none of them all around, and only the backdrop looks like."""
    touches = shape.contacts > 0
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    back = (role == Role.BACKDROP) & (shape.size > 0.02)
    apart = ~touches[:, role != Role.THING].any(axis=1)
    apart &= shape.contacts.max(axis=1) < _MOST_AROUND * outer
    around = (contrast * shape.contacts).sum(axis=1) / outer
    like = np.where(back, contrast, np.inf).min(axis=1)
    like_back = like < np.minimum(_LIKE_BACKDROP, 0.5 * around)
    return np.asarray((role == Role.THING) & apart & like_back, np.bool_)


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
    within = shape.peak[:, None] > shape.peak[band][None] - 0.02
    alike = contrast[:, band] < _ONE_GROUND
    squat = shape.foot - shape.peak < 0.8 * (shape.right - shape.left)
    tuft = ((on_band * (alike & within)).sum(axis=1) > 0.4) & squat
    tuft |= ((on_band > 0.25) & (contrast[:, band] < 10.0)).any(axis=1) & squat
    flat = shape.foot - shape.peak < 0.4 * (shape.right - shape.left)
    flat &= on_band.sum(axis=1) + shape.on_bottom > 0.55
    few = shape.size < 0.06
    broad = (shape.right - shape.left > 0.4) & (on_band.sum(axis=1) > 0.6)
    lies = (few & (tuft | flat)) | (broad & tuft)
    role[(role == Role.THING) & (lies | _at_far_edge(shape, role, squat))] = Role.BAND
    _ground_at_our_feet(shape, contrast, role, squat)
    # Most of the way from side to side, and all around it ground: a hill.
    around = shape.contacts[:, role == Role.BAND].sum(axis=1) / outer
    hill = squat & (shape.right - shape.left > 0.6) & (around > 0.8)
    role[(role == Role.THING) & hill] = Role.BAND
    wall = role == Role.WALL
    on_wall = shape.contacts[:, wall].sum(axis=1) / outer
    on_ground = shape.below[:, : len(role)][:, role == Role.BAND].sum(axis=1)
    role[(role == Role.THING) & (on_wall > 0.5) & (on_ground < 0.3)] = Role.HUNG


def _at_far_edge(shape: Outlines, role: NDArray[np.int64], squat: Flags) -> Flags:
    """What ends level with the far end of a ground that it touches is more of it."""
    band = role == Role.BAND
    touches = shape.contacts[:, band] > 4
    level = np.abs(shape.peak[:, None] - shape.peak[band][None]) < SKIRTING
    flush = shape.top - shape.peak < SKIRTING
    return np.asarray(squat & flush & (touches & level).any(axis=1), np.bool_)


def _ground_at_our_feet(
    shape: Outlines, contrast: Floats, role: NDArray[np.int64], squat: Flags
) -> None:
    """What reaches our feet and looks like ground that it touches is ground."""
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    while True:
        band = role == Role.BAND
        meets = (shape.contacts[:, band] > 4) & (contrast[:, band] < _ONE_GROUND)
        more = (shape.below[:, -1] > 0.5) & squat & meets.any(axis=1)
        mostly = shape.contacts[:, band] > 0.5 * outer[:, None]
        more |= (mostly & (contrast[:, band] < _SAME_GROUND)).any(axis=1)
        more &= role == Role.THING
        if not more.any():
            return
        role[more] = Role.BAND


def grounds(shape: Outlines, contrast: Floats, role: NDArray[np.int64]) -> Groups:
    """Pieces of one ground, told apart by shade or grain alone."""
    owner = np.arange(len(role))
    flat = np.flatnonzero(role == Role.BAND)
    alike = _ONE_FLOOR if meets_floor(shape, role) else _ONE_FIELD
    for one in flat:
        for other in flat[flat < one]:
            touch = shape.contacts[one, other] > 4 or _parted(
                shape, int(one), int(other)
            )
            if touch and contrast[one, other] < alike:
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
    return bool(lie and 0 <= begins - ends < SLIM)


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
    return bool(straight.mean() > 0.6 and close)


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
