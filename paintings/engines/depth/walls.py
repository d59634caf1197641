"""A room's wall: where it meets the floor, what hangs on it, where it is seen through."""

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.outlines import Flags, Outlines
from paintings.engines.depth.regions import Floats
from paintings.engines.depth.standing import SKIRTING, Role, meets_floor

Roles = NDArray[np.int64]

# A piece that differs from the wall by less than this is seen of it between things.
_LIKE_WALL = 10.0
# How much of a panel's upper edge is level, and of its lower rim is before the wall.
_LEVEL, _FREE = 0.7, 0.3
# Narrower panels are no pictures.
_NARROWEST = 0.05
# What carries a shade or a sign is slim and near its middle, in widths of that.
_POST, _FOOT, _OFF_MIDDLE = 0.25, 0.5, 0.15


def on_wall(shape: Outlines, contrast: Floats, role: Roles) -> Roles:
    """In a room, tell what is wall and what hangs there before things are told apart."""
    if not meets_floor(shape, role):
        return role
    wall = _seen_between(shape, contrast, role) | _skirting(shape, role)
    found = np.where(wall, Role.BACKDROP, role)
    panels = _panels(shape, found)
    return np.where(panels | _enclosed(shape, panels), Role.HUNG, found)


def _seen_between(shape: Outlines, contrast: Floats, role: Roles) -> Flags:
    """Pieces that look like the wall though things part them from it."""
    back = role == Role.BACKDROP
    alike = (contrast[:, back] < _LIKE_WALL).any(axis=1)
    above = shape.foot < shape.foot[back].max() + SKIRTING
    return np.asarray((role == Role.THING) & alike & above)


def _skirting(shape: Outlines, role: Roles) -> Flags:
    """Low strips between wall and floor: boards, cables, the shade of the corner."""
    back, band = role == Role.BACKDROP, role == Role.BAND
    rows = np.where(shape.held, shape.lowest - shape.highest + 1, np.nan)
    low = np.nanmedian(rows, axis=1) < SKIRTING * float(shape.lowest.max() + 1)
    low &= np.abs(shape.foot - shape.foot[back].max()) < SKIRTING
    between = shape.above[:, back].sum(axis=1) + shape.below[:, :-1][:, band].sum(
        axis=1
    )
    return np.asarray((role == Role.THING) & low & (between > 1))


def _panels(shape: Outlines, role: Roles) -> Flags:
    """Pictures, windows and shelves: level on top and before the wall above and below."""
    back, thing = role == Role.BACKDROP, role == Role.THING
    floor = float(shape.top[role == Role.BAND].min())
    high = thing & (shape.foot < floor) & (shape.right - shape.left > _NARROWEST)
    high &= shape.above[:, back].sum(axis=1) > 0.8
    high &= shape.below[:, :-1][:, back].sum(axis=1) > _FREE
    for one in np.flatnonzero(high):
        edge = shape.highest[one][shape.held[one]]
        level = float((np.abs(edge - np.median(edge)) <= 1).mean())
        high[one] = level > _LEVEL and not _on_post(shape, thing, int(one))
    return np.asarray(high, np.bool_)


def _on_post(shape: Outlines, thing: Flags, panel: int) -> bool:
    wide = float(shape.right[panel] - shape.left[panel])
    middle = 0.5 * (shape.left + shape.right)
    narrow = shape.contacts[panel] / shape.held.shape[1] < _POST * wide
    narrow &= shape.right - shape.left < _FOOT * wide
    centred = np.abs(middle - middle[panel]) < _OFF_MIDDLE * wide
    under = (shape.contacts[panel] > 0) & (shape.foot > shape.foot[panel])
    return bool((thing & narrow & centred & under).any())


def _enclosed(shape: Outlines, panels: Flags) -> Flags:
    outer = np.maximum(shape.contacts.sum(axis=1), 1)
    return np.asarray(shape.contacts[:, panels].sum(axis=1) > 0.8 * outer)
