"""The soft edge of a mask, solved at full size, and the colours that belong to it."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from scipy import ndimage

from jobs.toolbox.cutouts.shapes import Floats, Mask, Matte, as_floats
from jobs.toolbox.images import Pixels

SMALL_PX = 420
_WORK_PX = 1400
_STRIP_ROWS = 512
# So little of either side is grain of the other one, not its mixture.
_FAINT = 0.08


def refine(rgb: Pixels, coarse: Floats, *, doubt_px: float = 3.5) -> Matte:
    """Solve the soft edge at full size of a mask (0 to 1) drawn at any size.

    `doubt_px` is how far, in pixels of a 420 px picture, the mask may be wrong.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    work = as_floats(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)) / 255.0
    first = as_floats(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR))
    radius = max(2, round(doubt_px * max(size) / SMALL_PX))
    snapped = as_floats(cv2.ximgproc.guidedFilter(work, first, radius, 1e-4))
    inside, outside = _trimap(first, radius)
    with ThreadPoolExecutor(2, thread_name_prefix="matting") as both:
        front, back = both.map(
            lambda known: _spread(work, known, radius), (inside, outside)
        )
    return _solve_edge(rgb, snapped, inside, outside, front, back)


def _trimap(alpha: Floats, radius: int) -> tuple[Mask, Mask]:
    """What is surely inside and surely outside; the doubt between is never thick."""
    solid = (alpha > 0.5).astype(np.uint8)
    # Padded by repetition, so that a subject cut by the frame keeps its edge there.
    padded = cv2.copyMakeBorder(solid, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    depth_in = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[2:-2, 2:-2]
    depth_out = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5)[2:-2, 2:-2]
    inside = depth_in > radius
    outside = depth_out > radius
    # A stalk thinner than the doubt keeps its own middle as sure.
    ridge = ndimage.maximum_filter(depth_in, 5) == depth_in
    inside |= ridge & (depth_in >= 1.5) & (alpha > 0.9)
    return inside, outside


def _spread(work: Floats, known: Mask, radius: int) -> Floats:
    """Carry the known colours over the doubtful band: near ones count most."""
    weight = known.astype(np.float32)
    total = np.zeros_like(work)
    mass = np.zeros(work.shape[:2], np.float32)
    for step, share in ((1, 1.0), (3, 1e-3), (12, 1e-6)):
        side = (2 * radius * step + 1,) * 2
        blurred = as_floats(cv2.blur(work * weight[..., None], side))
        total += share * blurred
        mass += share * as_floats(cv2.blur(weight, side))
    overall = work[known].mean(axis=0) if known.any() else work.mean(axis=(0, 1))
    far = 1e-9
    return np.asarray(
        (total + far * overall) / (mass + far)[..., None], dtype=np.float32
    )


def _solve_edge(
    rgb: Pixels,
    snapped: Floats,
    inside: Mask,
    outside: Mask,
    front: Floats,
    back: Floats,
) -> Matte:
    """Go over the picture in strips: a 48 MP photo must not need gigabytes."""
    height, width = rgb.shape[:2]
    alpha = np.empty((height, width), np.uint8)
    colours = rgb.copy()
    scale = snapped.shape[0] / height
    for top in range(0, height, _STRIP_ROWS):
        bottom = min(height, top + _STRIP_ROWS)
        rows = (np.arange(top, bottom, dtype=np.float32) + 0.5) * scale - 0.5
        columns = (np.arange(width, dtype=np.float32) + 0.5) * (
            snapped.shape[1] / width
        ) - 0.5
        grid = np.meshgrid(columns, rows)
        is_in = _sample(inside.astype(np.float32), grid) > 0.5
        is_out = _sample(outside.astype(np.float32), grid) > 0.5
        band = ~(is_in | is_out)
        strip = np.where(is_in, 255, 0).astype(np.uint8)
        if band.any():
            at = [axis[band][None, :] for axis in grid]
            mine = rgb[top:bottom][band].astype(np.float32) / 255.0
            value, clean = _unmix(
                mine,
                _sample(front, at)[0],
                _sample(back, at)[0],
                _sample(snapped, at)[0],
            )
            strip[band] = np.round(value * 255).astype(np.uint8)
            colours[top:bottom][band] = np.round(clean * 255).astype(np.uint8)
        alpha[top:bottom] = strip
    return Matte(alpha=alpha, colours=colours)


def _unmix(
    mine: Floats, front: Floats, back: Floats, prior: Floats
) -> tuple[Floats, Floats]:
    """How much of each pixel is front, and which colour that front has."""
    across = front - back
    contrast = (across**2).sum(axis=1)
    along = ((mine - back) * across).sum(axis=1) / np.maximum(contrast, 1e-6)
    # Where both sides look alike the picture cannot tell, and the mask decides.
    # Where the pixel lies off the line between both, it is neither's mixture.
    off = ((mine - back - along[:, None] * across) ** 2).sum(axis=1)
    trust = contrast / (contrast + 0.01 + 4.0 * off)
    clean_prior = np.clip(prior, 0.0, 1.0)
    alpha = trust * np.clip(along, 0.0, 1.0) + (1 - trust) * clean_prior
    # Colours alike to the subject's, but far outside it, stay outside.
    alpha *= np.clip(clean_prior * 6.0, 0.0, 1.0)
    alpha = 1 - (1 - alpha) * np.clip((1 - clean_prior) * 6.0, 0.0, 1.0)
    alpha = np.clip((alpha - _FAINT) / (1 - 2 * _FAINT), 0.0, 1.0)
    lifted = (mine - (1 - alpha)[:, None] * back) / np.maximum(alpha, 0.15)[:, None]
    share = np.clip(alpha * 1.6 - 0.2, 0.0, 1.0)[:, None]
    clean = share * np.clip(lifted, 0.0, 1.0) + (1 - share) * front
    return alpha.astype(np.float32), clean.astype(np.float32)


def _sample(image: Floats, grid: list[Floats] | tuple[Floats, ...]) -> Floats:
    columns, rows = (np.asarray(axis, np.float32) for axis in grid)
    if columns.shape[0] == 1 and columns.shape[1] > 32_000:
        # OpenCV refuses maps with a side of 32767 and more.
        pieces = [
            _sample(image, [columns[:, at : at + 32_000], rows[:, at : at + 32_000]])
            for at in range(0, columns.shape[1], 32_000)
        ]
        return np.concatenate(pieces, axis=1)
    return as_floats(
        cv2.remap(
            image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )
