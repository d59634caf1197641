"""Cutting the subject out of a picture: where it is, its soft edge, its clean colours.

Three ways, the surest first: the alpha that the picture came with, a plain
backdrop that is told from the border, and saliency with GrabCut for the rest.
All decide at a small size; `refine` then solves the edge at the full one.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph, linalg

from jobs.toolbox.images import Photo, Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SMALL_PX = 420
_WORK_PX = 1400
_STRIP_ROWS = 512
# Smaller gaps in a subject, as shares of the picture, are taken for its own.
_SMALLEST_HOLE = 0.004


class Method(StrEnum):
    """How the subject was found."""

    ALPHA = "alpha"
    GIVEN = "given"
    BACKDROP = "backdrop"
    SALIENCY = "saliency"


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, kw_only=True)
class Cutout:
    """The subject alone: its colours without the backdrop's, and how solid it is."""

    rgb: Pixels  # (height, width, 3), extended a little beyond the edge
    alpha: Pixels  # (height, width)
    box: Box
    method: Method
    # 0 to 1: how far the result can be trusted without a look at it.
    confidence: float

    @property
    def rgba(self) -> Pixels:
        return np.dstack([self.rgb, self.alpha])


@dataclass(frozen=True, kw_only=True)
class Matte:
    """A soft edge and the colours that belong to it."""

    alpha: Pixels  # (height, width)
    colours: Pixels  # (height, width, 3): decontaminated where alpha is partial


def cut_out(photo: Photo, *, mask: Pixels | None = None) -> Cutout:
    """Find the subject and cut it out; a mask given by a person is taken at its word."""
    if mask is not None:
        resized = cv2.resize(
            mask, (photo.width_px, photo.height_px), interpolation=cv2.INTER_LINEAR
        )
        matte = refine(photo.rgb, _floats(resized) / 255.0)
        return _cutout(matte, Method.GIVEN, 1.0)
    if photo.alpha is not None and _alpha_says_something(photo.alpha):
        matte = Matte(alpha=photo.alpha, colours=photo.rgb)
        return _cutout(matte, Method.ALPHA, 1.0)
    small = photo.shrunk(_SMALL_PX).rgb
    backdrop = _plain_backdrop(small)
    if backdrop is not None:
        found, confidence = backdrop
        return _cutout(refine(photo.rgb, found), Method.BACKDROP, confidence)
    found, confidence = _salient_subject(small)
    return _cutout(refine(photo.rgb, found), Method.SALIENCY, confidence)


def refine(rgb: Pixels, coarse: Floats, *, doubt_px: float = 3.5) -> Matte:
    """Solve the soft edge at full size of a mask (0 to 1) drawn at any size.

    `doubt_px` is how far, in pixels of a 420 px picture, the mask may be wrong.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    work = _floats(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)) / 255.0
    first = _floats(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR))
    radius = max(2, round(doubt_px * max(size) / _SMALL_PX))
    snapped = _floats(cv2.ximgproc.guidedFilter(work, first, radius, 1e-4))
    inside, outside = _trimap(first, radius)
    front = _spread(work, inside, radius)
    back = _spread(work, outside, radius)
    return _solve_edge(rgb, snapped, inside, outside, front, back)


def subject_box(alpha: Pixels) -> Box:
    """The rectangle around all that is more than half solid."""
    rows = np.flatnonzero((alpha > 127).any(axis=1))
    columns = np.flatnonzero((alpha > 127).any(axis=0))
    if rows.size == 0:
        return Box(left=0, top=0, right=alpha.shape[1], bottom=alpha.shape[0])
    return Box(
        left=int(columns[0]),
        top=int(rows[0]),
        right=int(columns[-1]) + 1,
        bottom=int(rows[-1]) + 1,
    )


def _cutout(matte: Matte, method: Method, confidence: float) -> Cutout:
    return Cutout(
        rgb=matte.colours,
        alpha=matte.alpha,
        box=subject_box(matte.alpha),
        method=method,
        confidence=confidence,
    )


def _alpha_says_something(alpha: Pixels) -> bool:
    clear = float((alpha < 128).mean())
    return 0.01 < clear < 0.995


# --- the edge ---------------------------------------------------------------


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
        blurred = _floats(cv2.blur(work * weight[..., None], side))
        total += share * blurred
        mass += share * _floats(cv2.blur(weight, side))
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
    alpha = np.clip((alpha - 0.02) / 0.96, 0.0, 1.0)
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
    return _floats(
        cv2.remap(
            image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


# --- a plain backdrop ---------------------------------------------------------


def _plain_backdrop(small: Pixels) -> tuple[Floats, float] | None:
    """The subject before a paper, wall or gradient; None when the border is busy."""
    lab = _floats(cv2.cvtColor(_floats(small) / 255.0, cv2.COLOR_RGB2LAB))
    border = _border(lab.shape[:2])
    model, fits, noise = _fit_backdrop(lab, border)
    share = float(fits[border].mean())
    if share < 0.72 or noise > 5.0:
        return None
    # Smoothed within edges: a label nearly as white as its paper must still tell.
    calm = _floats(cv2.bilateralFilter(lab, 5, 4.0 + 2.0 * noise, 2.0))
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
    subject = _tidy(~(outside | _seen_through(exact & ~outside, outside)))
    area = float(subject.mean())
    if not 0.004 < area < 0.9:
        return None
    confidence = min(1.0, share) * (1.0 if noise < 2.5 else 0.85)
    return subject.astype(np.float32), confidence


def _border(shape: tuple[int, ...]) -> Mask:
    border = np.zeros(shape, np.bool_)
    thick = max(2, min(shape) // 50)
    border[:thick] = border[-thick:] = True
    border[:, :thick] = border[:, -thick:] = True
    return border


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
    for place in np.flatnonzero(sizes[1:] >= _SMALLEST_HOLE * enclosed.size) + 1:
        hole = labels == place
        # What is printed on a label parts it from a window.
        if sizes[place] < 0.98 * ndimage.binary_fill_holes(hole).sum():
            continue
        rim = hole & ~ndimage.binary_erosion(hole)
        if float((away[rim] < 0.5 * np.sqrt(sizes[place])).mean()) > 0.4:
            # Its soft edge is the backdrop's, too.
            seen |= ndimage.binary_dilation(hole)
    return seen


def _tidy(subject: Mask) -> Mask:
    """Drop specks, fill pinholes; keep every piece that is big enough to be meant."""
    labels, count = ndimage.label(subject)
    if count == 0:
        return subject
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    keep = sizes >= max(12, 0.02 * sizes.max())
    kept = keep[labels]
    holes, _ = ndimage.label(~kept)
    hole_sizes = np.bincount(holes.ravel())
    pinhole = hole_sizes < _SMALLEST_HOLE * kept.size
    pinhole[
        np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    ] = False
    pinhole[0] = False
    return np.asarray(kept | pinhole[holes], dtype=np.bool_)


# --- any picture: robust background saliency, then GrabCut ------------------------


def _salient_subject(small: Pixels) -> tuple[Floats, float]:
    saliency = salience(small)
    height, width = saliency.shape
    cut = otsu(saliency)
    trimap = np.where(saliency > cut, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[saliency > max(0.85, cut + 0.2)] = cv2.GC_FGD
    trimap[saliency < 0.5 * cut * 0.3] = cv2.GC_BGD
    rim = max(2, min(height, width) // 60)
    edge = _border((height, width))
    trimap[edge & (saliency < cut)] = cv2.GC_BGD
    if not (trimap == cv2.GC_FGD).any():
        trimap[saliency >= np.quantile(saliency, 0.97)] = cv2.GC_FGD
    mask = grab_cut(small, trimap)
    area = float(mask.mean())
    if not 0.01 < area < 0.9:
        mask = saliency > cut
    mask = _tidy(
        ndimage.binary_opening(mask, iterations=1 if rim > 2 else 0)
        | (mask & (saliency > 0.9))
    )
    inner = float(saliency[mask].mean()) if mask.any() else 0.0
    outer = float(saliency[~mask].mean()) if (~mask).any() else 1.0
    return mask.astype(np.float32), float(np.clip(inner - outer, 0.05, 0.9))


def grab_cut(small: Pixels, trimap: Pixels, *, rounds: int = 4) -> Mask:
    """Run GrabCut from a map of sure and probable areas; the random start is fixed."""
    known = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    if not known.any() or known.all():
        return np.asarray(known, np.bool_)
    mask = trimap.copy()
    cv2.setRNGSeed(7)
    back, front = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(small[..., ::-1])
    everywhere = (0, 0, small.shape[1], small.shape[0])
    cv2.grabCut(bgr, mask, everywhere, back, front, rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), dtype=np.bool_)


def salience(small: Pixels) -> Floats:
    """How much each pixel stands out from what lies along the border, 0 to 1.

    Robust background detection: a region is backdrop when much of its outline
    lies on the border compared with its size, however it is coloured.
    """
    lab = _floats(cv2.cvtColor(_floats(small) / 255.0, cv2.COLOR_RGB2LAB))
    labels, count = superpixels(lab, size_px=max(8, max(small.shape[:2]) // 24))
    colour, place, on_border = _region_means(lab, labels, count)
    apart = np.sqrt(((colour[:, None] - colour[None]) ** 2).sum(axis=2))
    neighbours = adjacency(labels, count)
    backdrop = _boundary_connectivity(apart, neighbours, on_border)
    away = np.sqrt(((place[:, None] - place[None]) ** 2).sum(axis=2))
    contrast = (apart * np.exp(-(away**2) / 0.125) * backdrop[None]).sum(axis=1)
    contrast = contrast / max(float(contrast.max()), 1e-6)
    # Photographers put their subject near the middle more often than not.
    centred = np.exp(-((place - 0.5) ** 2).sum(axis=1) / 0.22)
    solved = _settle(contrast * centred, backdrop, apart, neighbours)
    low, high = float(solved.min()), float(solved.max())
    values = (solved - low) / max(high - low, 1e-6)
    smooth = cv2.GaussianBlur(values[labels].astype(np.float32), (0, 0), 2.0)
    return _floats(smooth)


def superpixels(lab: Floats, *, size_px: int) -> tuple[NDArray[np.int32], int]:
    """SLIC regions of about this side, numbered from 0."""
    slic = cv2.ximgproc.createSuperpixelSLIC(
        np.ascontiguousarray(lab), cv2.ximgproc.SLICO, size_px, 10.0
    )
    slic.iterate(6)
    slic.enforceLabelConnectivity(30)
    labels = np.asarray(slic.getLabels(), np.int32)
    _, compact = np.unique(labels, return_inverse=True)
    numbered = np.asarray(compact.reshape(labels.shape), np.int32)
    return numbered, int(numbered.max()) + 1


def adjacency(labels: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which regions touch."""
    touches = np.zeros((count, count), np.bool_)
    touches[labels[:, :-1], labels[:, 1:]] = True
    touches[labels[:-1], labels[1:]] = True
    touches |= touches.T
    np.fill_diagonal(touches, False)
    return touches


def _region_means(
    lab: Floats, labels: NDArray[np.int32], count: int
) -> tuple[Floats, Floats, Mask]:
    height, width = labels.shape
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count).astype(np.float32)
    colour = np.stack(
        [np.bincount(flat, lab[..., c].ravel(), count) / sizes for c in range(3)],
        axis=1,
    )
    ys, xs = np.mgrid[0:height, 0:width]
    place = np.stack(
        [
            np.bincount(flat, xs.ravel(), count) / sizes / width,
            np.bincount(flat, ys.ravel(), count) / sizes / height,
        ],
        axis=1,
    )
    on_border = np.zeros(count, np.bool_)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    on_border[np.unique(rim)] = True
    return colour.astype(np.float32), place.astype(np.float32), on_border


def _boundary_connectivity(
    apart: Floats, neighbours: NDArray[np.bool_], on_border: Mask
) -> Floats:
    links = neighbours | (on_border[:, None] & on_border[None])
    np.fill_diagonal(links, False)
    # Differences below this are noise of one surface.
    usual = np.where(neighbours, apart, np.inf).min(axis=1)
    floor = (
        float(np.mean(usual[np.isfinite(usual)])) if np.isfinite(usual).any() else 0.0
    )
    cost = np.where(links, np.maximum(apart - floor, 1e-4), 0.0)
    path = csgraph.shortest_path(sparse.csr_matrix(cost), directed=False)
    near = np.exp(-(np.minimum(path, 1e3) ** 2) / (2 * 7.0**2))
    area = near.sum(axis=1)
    length = (near * on_border[None]).sum(axis=1)
    connectivity = length / np.sqrt(np.maximum(area, 1e-6))
    return np.asarray(1 - np.exp(-(connectivity**2) / 2), dtype=np.float32)


def _settle(
    front: Floats, back: Floats, apart: Floats, neighbours: NDArray[np.bool_]
) -> Floats:
    """The smoothest labelling that agrees with both maps."""
    alike = np.where(neighbours, np.exp(-(apart**2) / 200.0) + 0.1, 0.0)
    laplacian = np.diag(alike.sum(axis=1)) - alike
    system = sparse.csc_matrix(
        laplacian + np.diag(front + back) + 1e-6 * np.eye(len(front))
    )
    return np.asarray(linalg.spsolve(system, front), dtype=np.float32)


def otsu(values: Floats) -> float:
    """The threshold that best parts values from 0 to 1 in two."""
    grey = np.clip(values * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(threshold) / 255.0


def _floats(array: object) -> Floats:
    return np.asarray(array, dtype=np.float32)
