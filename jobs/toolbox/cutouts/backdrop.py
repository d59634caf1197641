"""The subject before a paper, wall or gradient that is told from the border."""

import cv2
import numpy as np
from scipy import ndimage

from jobs.toolbox.cutouts.masks import SMALLEST_HOLE, border_of, tidied
from jobs.toolbox.cutouts.shapes import Floats, Mask, as_floats
from jobs.toolbox.images import Pixels


def plain_backdrop(small: Pixels) -> tuple[Floats, float] | None:
    """The subject before a paper, wall or gradient; None when the border is busy."""
    lab = as_floats(cv2.cvtColor(as_floats(small) / 255.0, cv2.COLOR_RGB2LAB))
    border = border_of(lab.shape[:2])
    model, fits, noise = _fit_backdrop(lab, border)
    share = float(fits[border].mean())
    if share < 0.72 or noise > 5.0:
        return None
    # Smoothed within edges: a label nearly as white as its paper must still tell.
    calm = as_floats(cv2.bilateralFilter(lab, 5, 4.0 + 2.0 * noise, 2.0))
    difference = calm - model
    lightness, chroma = (
        difference[..., 0],
        np.hypot(difference[..., 1], difference[..., 2]),
    )
    alike = np.hypot(lightness, 1.5 * chroma) < max(1.9, 2.6 * noise)
    # A shadow darkens the backdrop, keeps its hue and fades without an outline.
    outline = ndimage.maximum_filter(_edge_strength(lab), 3)
    shadow = (lightness < 0) & (lightness > -40) & (chroma < 3.0 + noise)
    outside = _reachable(alike | (shadow & (outline < 7.0)), border)
    exact = alike & (np.hypot(lightness, chroma) < 1.0 + 0.5 * noise)
    subject = tidied(~(outside | _seen_through(exact & ~outside, outside)))
    area = float(subject.mean())
    if not 0.004 < area < 0.9:
        return None
    confidence = min(1.0, share) * (1.0 if noise < 2.5 else 0.85)
    return subject.astype(np.float32), confidence


def _fit_backdrop(lab: Floats, border: Mask) -> tuple[Floats, Mask, float]:
    """A quadratic surface of colour through the border, outliers left out."""
    height, width = lab.shape[:2]
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(xs), xs, ys, xs * xs, ys * ys, xs * ys], axis=-1)
    use = border.copy()
    middle = np.median(lab[border], axis=0)
    use &= np.abs(lab - middle).max(axis=2) < 25
    model = np.broadcast_to(middle, lab.shape).astype(np.float32)
    noise = 1.0
    for _ in range(4):
        if int(use.sum()) < 60:
            break
        # A whisper of ridge keeps the surface tame where the border is one colour.
        a = terms[use].astype(np.float64)
        gram = a.T @ a + 1e-3 * len(a) * np.diag([0, 0.1, 0.1, 1, 1, 1])
        model = (terms @ np.linalg.solve(gram, a.T @ lab[use])).astype(np.float32)
        off = np.sqrt(((lab - model) ** 2).sum(axis=2))
        noise = float(1.25 * np.median(off[use])) + 0.3
        use = border & (off < max(3.0, 3.0 * noise))
    off = np.sqrt(((lab - model) ** 2).sum(axis=2))
    return model, off < max(4.0, 3.5 * noise), noise


def _edge_strength(lab: Floats) -> Floats:
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    dx = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.25)
    dy = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.25)
    return np.hypot(dx, dy).astype(np.float32)


def _reachable(alike: Mask, border: Mask) -> Mask:
    """Backdrop is what can be reached from the border without leaving its colour."""
    labels, count = ndimage.label(alike)
    touching = np.unique(labels[border & alike])
    keep = np.zeros(count + 1, np.bool_)
    keep[touching] = True
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_)


def _seen_through(enclosed: Mask, outside: Mask) -> Mask:
    """Backdrop inside the outline, as in a handle: it is empty, and its wall is thin."""
    labels, count = ndimage.label(enclosed)
    away = ndimage.distance_transform_edt(~outside)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    seen = np.zeros(enclosed.shape, np.bool_)
    for place in np.flatnonzero(sizes[1:] >= SMALLEST_HOLE * enclosed.size) + 1:
        hole = labels == place
        # What is printed on a label parts it from a window.
        if sizes[place] < 0.98 * ndimage.binary_fill_holes(hole).sum():
            continue
        rim = hole & ~ndimage.binary_erosion(hole)
        if float((away[rim] < 0.5 * np.sqrt(sizes[place])).mean()) > 0.4:
            # Its soft edge is the backdrop's, too.
            seen |= ndimage.binary_dilation(hole)
    return seen
