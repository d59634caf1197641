"""How far patches lead in a fill, and how they are made to fit what is around them."""

import cv2
import numpy as np

from jobs.toolbox.inpainting.membranes import membrane
from jobs.toolbox.inpainting.patches import Level, Offsets, vote
from jobs.toolbox.inpainting.sizes import Floats, Mask

# How wide a rim tells whether the patches meet it, and over what it is averaged.
_RIM_PX, _RIM_SOFT_PX = 2, 3.0
# Of what the edges stray from the base patches may this much, and how near by that is
# measured, as a share of the longer side.
_LEAD, _LEAD_NEAR, _LEAD_MOST = 0.65, 0.08, 0.85
# What is wider than this share of the longer side is the base's to tell.
_TONE_SHARE = 0.05


def met(level: Level, offsets: Offsets, voted: Floats) -> Floats:
    """What was voted, shifted in tone so as to meet the rim without a step."""
    kernel = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    rim = (cv2.dilate(level.hole.astype(np.uint8), kernel) > 0) & ~level.hole
    seen = level.picture[..., :3]
    told = level.picture.copy()
    vote(told, level.picture, rim, level.hole, offsets)
    off = np.where(rim[..., None], seen - told[..., :3], 0).astype(np.float32)
    calm = membrane(_mean_where(off, rim, _RIM_SOFT_PX), rim)
    inside = np.where(level.hole[..., None], calm, 0)
    return np.asarray(voted[..., :3] + inside, np.float32)


def toned(level: Level, base: Floats, patched: Floats) -> Floats:
    """The patches in the base's wide tones: they know of structure, it of light."""
    hole = level.hole[..., None]
    off = np.where(hole, base - patched, 0).astype(np.float32)
    wide = _mean_where(off, level.hole, _TONE_SHARE * max(level.hole.shape))
    return np.asarray(patched + np.where(hole, wide, 0), np.float32)


def lead(level: Level, base: Floats, edges: Floats, patched: Floats) -> Floats:
    """From 0 to 1, how far the patches lead: they may stray from the base as edges do.

    What is drawn is never quite the truth. Where edges that run in change much, much is
    going on around; a sea or a road, whose grain they hardly carry, is best left calm.
    """
    allowed, asked = (
        np.where(level.hole, ((guess - base) ** 2).sum(axis=2), 0).astype(np.float32)
        for guess in (edges, patched)
    )
    whole = float(allowed.sum()) / max(float(asked.sum()), 1.0)
    px = _LEAD_NEAR * max(level.hole.shape)
    near = cv2.GaussianBlur(allowed, (0, 0), px) / np.maximum(
        cv2.GaussianBlur(asked, (0, 0), px), 1.0
    )
    share = _LEAD * np.sqrt(0.5 * (near + whole))
    return np.asarray(np.clip(share, 0, _LEAD_MOST), np.float32)


def _mean_where(values: Floats, mask: Mask, px: float) -> Floats:
    """The mean of what is near and masked; elsewhere the values are zero."""
    mass = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), px)
    total = cv2.GaussianBlur(values, (0, 0), px)
    return np.asarray(total / np.maximum(mass, 1e-3)[..., None], np.float32)
