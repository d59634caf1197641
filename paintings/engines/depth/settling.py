"""How far each point is, once every surface's part in the scene is known."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.engines.depth.cues import dark_channel, fine_detail
from paintings.engines.depth.gradients import recedes
from paintings.engines.depth.grouping import hosts
from paintings.engines.depth.outlines import Outlines
from paintings.engines.depth.regions import Floats, Regions
from paintings.engines.depth.standing import (
    STRIP,
    Groups,
    Role,
    along_line,
    foreground,
    meets_floor,
)
from paintings.engines.depth.vanishing import Vanishing, upright_length

Roles = NDArray[np.int64]

# Nearness where a ground's highest row would be, and how much a picture's height adds.
_FARTHEST, _PER_HEIGHT = 0.06, 0.88
# A skyline swings by more than this share of the height, a line on the ground by less.
_SKYLINE = 0.03
# An edge that swings by less than this is drawn on the ground.
_LEVEL = 0.024
# Upright lines as long together as this share of the height are not in the sky.
_PAPERED = 0.5
# How much darker its darkest colours make the nearer of two surfaces in hazy air.
_HAZE_STEP = 0.12
# Of the step between two pieces of ground this much is believed without a reason.
_DOUBTED_STEP = 0.25


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Every surface's part in the scene."""

    shape: Outlines
    role: Roles
    groups: Groups  # what is one thing
    fields: Groups  # what is one ground
    open_sky: bool


def settle(
    small: Pixels, regions: Regions, parts: Parts, vanishing: Vanishing | None
) -> Floats:
    """Nearness point by point: flat on what stands, rising on what lies."""
    shape, role = parts.shape, parts.role
    rows = np.arange(regions.labels.shape[0], dtype=np.float32)[:, None]
    rows = rows / regions.labels.shape[0]
    near = np.zeros(regions.labels.shape, np.float32)
    _lay_grounds(near, regions, parts, small)
    ground = near.copy()
    if vanishing is not None:
        along = _FARTHEST + _PER_HEIGHT * vanishing.nearness()
        runs = (role == Role.PASSAGE)[regions.labels]
        near[runs] = along[runs]
        ground = along
    for wall in np.flatnonzero(role == Role.WALL):
        near[regions.labels == wall] = _height(float(shape.mean_foot[wall]))
    things = np.flatnonzero(role == Role.THING)
    for group in np.unique(parts.groups[things]):
        mine = things[parts.groups[things] == group]
        lowest = mine[int(np.argmax(shape.foot[mine]))]
        near[np.isin(regions.labels, mine)] = _foot(shape, lowest, ground)
    _hang(near, regions, parts)
    return near


def units(regions: Regions, parts: Parts) -> Regions:
    """What is one in the scene is one for the layers: grounds, things, the backdrop."""
    owner = np.arange(regions.count)
    host = hosts(parts.shape, parts.groups, parts.role)
    for role, numbers in (
        (Role.BACKDROP, np.zeros(regions.count, np.int64)),
        (Role.PASSAGE, np.zeros(regions.count, np.int64)),
        (Role.BAND, parts.fields),
        (Role.THING, parts.groups),
    ):
        here = parts.role == role
        for number in np.unique(numbers[here]):
            same = np.flatnonzero(here & (numbers == number))
            owner[same] = same[0]
    _one_plain(owner, parts)
    strip = foreground(parts.shape, parts.role, parts.groups, parts.fields)
    joined = strip != np.arange(regions.count)
    owner[joined] = owner[strip[joined]]
    hung = parts.role == Role.HUNG
    owner[hung] = owner[host[hung]]
    return regions.joined(owner)


def _one_plain(owner: Groups, parts: Parts) -> None:
    """Grounds that lie and only differ in what they are made of: sea, sand and grass."""
    shape, fields = parts.shape, parts.fields
    band = parts.role == Role.BAND
    for field in np.unique(fields[band]):
        same = band & (fields == field)
        below = _next_below(shape, fields, band, same)
        if below is None or float(shape.top[below].min()) > STRIP:
            continue
        if _roughness(shape, below) < _LEVEL and _roughness(shape, same) < _LEVEL:
            first = owner[np.flatnonzero(same)[0]]
            owner[owner == owner[np.flatnonzero(below)[0]]] = first


def open_sky(small: Pixels, regions: Regions, shape: Outlines, role: Roles) -> bool:
    """Blue, white, or dark above a lit land: what no wall is likely to be."""
    back = (role == Role.BACKDROP)[regions.labels]
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, red, yellow = (float(np.median(lab[..., c][back])) for c in range(3))
    calm = float(np.median(fine_detail(small)[back])) < 1.2
    blue = yellow < -5 and red < 15
    # A wall meets the floor in a line, and has lines upon it.
    if meets_floor(shape, role) and upright_length(small, back) > _PAPERED:
        return False
    pale = light > 75 and np.hypot(red, yellow) < 18
    dark = light < 15
    return calm and (blue or pale or dark)


def _height(row: float) -> float:
    """The nearness of ground that is seen at this share of the height."""
    return _FARTHEST + _PER_HEIGHT * row


def _foot(shape: Outlines, lowest: int, ground: Floats) -> float:
    """A thing is as near as the ground that its lowest part stands on."""
    height, width = ground.shape
    row = min(int(shape.foot[lowest] * height) + 2, height - 1)
    middle = int(0.5 * (shape.left[lowest] + shape.right[lowest]) * (width - 1))
    held = float(ground[row, middle])
    return held if held > 0 else _height(float(shape.foot[lowest]))


def _lay_grounds(near: Floats, regions: Regions, parts: Parts, small: Pixels) -> None:
    """From the far end of the farthest ground down to our feet."""
    dark = dark_channel(small)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.asarray(lab[..., 0], np.float32)
    shape, fields = parts.shape, parts.fields
    band = parts.role == Role.BAND
    height = near.shape[0]
    rows = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    darkness = regions.means(dark)
    for field in np.unique(fields[band]):
        same = band & (fields == field)
        large = same & (shape.size > 0.2 * shape.size[same].max())
        far = min(float(shape.top[large].min()), _far_end(shape, same))
        foot = float(shape.mean_foot[large].max())
        below = _next_below(shape, fields, band, same)
        inside = np.isin(regions.labels, np.flatnonzero(same))
        # What reaches down to our feet lies, however its far edge runs.
        hidden = stands = 0.0
        if below is not None:
            hidden = _hides(shape, darkness, same, below)
            # So does what has its grain get finer upwards.
            stands = _skyline(shape, same) * (1 - recedes(light, inside))
        seen = _height(foot - 0.8 * hidden * (foot - far))
        back = (1 - stands) * _height(far) + stands * seen
        rise = np.clip((rows - far) / max(foot - far, 1e-3), 0, 1)
        near[inside] = (back + (seen - back) * rise).repeat(near.shape[1], 1)[inside]
    back_role = parts.role == Role.BACKDROP
    if band.any() and not parts.open_sky and meets_floor(shape, parts.role):
        near[back_role[regions.labels]] = near[band[regions.labels]].min()


def _far_end(shape: Outlines, same: NDArray[np.bool_]) -> float:
    """Where a ground in several pieces begins, as a mean over its columns."""
    edge = _upper_edge(shape, same)
    height = float(shape.lowest.max() + 1)
    return float(edge[np.isfinite(edge)].mean() / height)


def _upper_edge(shape: Outlines, same: NDArray[np.bool_]) -> Floats:
    """The highest row of some surfaces in each column, infinite where none is."""
    edge = np.where(shape.held[same], shape.highest[same], np.inf).min(axis=0)
    return np.asarray(edge, np.float32)


def _next_below(
    shape: Outlines, fields: Groups, band: NDArray[np.bool_], same: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """The ground that begins where this one ends."""
    touch = shape.contacts[same].sum(axis=0) * (band & ~same)
    touch = touch * (shape.top > shape.top[same].min())
    if touch.max(initial=0) < 4:
        return None
    return np.asarray(band & (fields == fields[int(np.argmax(touch))]), np.bool_)


def _hides(
    shape: Outlines,
    darkness: Floats,
    above: NDArray[np.bool_],
    below: NDArray[np.bool_],
) -> float:
    """How surely the lower of two grounds stands before the upper one.

    A skyline swings, a line on the ground is nearly straight; through more air the
    farther one's darkest colours are lighter (the dark channel).
    """
    swings = _skyline(shape, below)
    if _roughness(shape, below) < 0.003:
        return 0.0
    air = float(darkness[above].mean() - darkness[below].mean()) / _HAZE_STEP
    return max(_DOUBTED_STEP, swings * float(np.clip(0.5 + 0.5 * air, 0.3, 1)))


def _skyline(shape: Outlines, same: NDArray[np.bool_]) -> float:
    """How much a ground's upper edge looks like the ridge of something upright."""
    return float(np.clip((_roughness(shape, same) - 0.008) / _SKYLINE, 0, 1))


def _roughness(shape: Outlines, same: NDArray[np.bool_]) -> float:
    """By what share of the height the upper edge leaves the straight line through it."""
    height = float(shape.lowest.max() + 1)
    edge = _upper_edge(shape, same)
    xs = np.flatnonzero(np.isfinite(edge))
    if len(xs) < 8:
        return 0.0
    kept, off = along_line(xs, edge[xs])
    return float(np.std(off[kept]) / height)


def _hang(near: Floats, regions: Regions, parts: Parts) -> None:
    """What hangs on something is as far as that."""
    host = hosts(parts.shape, parts.groups, parts.role)
    middle = regions.means(near)
    for one in np.flatnonzero(parts.role == Role.HUNG):
        near[regions.labels == one] = middle[host[one]]
