"""The subject of any picture: robust background saliency, then GrabCut."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph, linalg

from jobs.toolbox.cutouts.masks import border_of, otsu, tidied
from jobs.toolbox.cutouts.regions import adjacency, region_means, superpixels
from jobs.toolbox.cutouts.shapes import Floats, Mask, as_floats
from jobs.toolbox.images import Pixels


def salient_subject(small: Pixels) -> tuple[Floats, float]:
    saliency = salience(small)
    height, width = saliency.shape
    cut = otsu(saliency)
    trimap = np.where(saliency > cut, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[saliency > max(0.85, cut + 0.2)] = cv2.GC_FGD
    trimap[saliency < 0.5 * cut * 0.3] = cv2.GC_BGD
    rim = max(2, min(height, width) // 60)
    edge = border_of((height, width))
    trimap[edge & (saliency < cut)] = cv2.GC_BGD
    if not (trimap == cv2.GC_FGD).any():
        trimap[saliency >= np.quantile(saliency, 0.97)] = cv2.GC_FGD
    mask = grab_cut(small, trimap)
    area = float(mask.mean())
    if not 0.01 < area < 0.9:
        mask = saliency > cut
    mask = tidied(
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
    lab = as_floats(cv2.cvtColor(as_floats(small) / 255.0, cv2.COLOR_RGB2LAB))
    labels, count = superpixels(lab, size_px=max(8, max(small.shape[:2]) // 24))
    colour, place, on_border = region_means(lab, labels, count)
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
    return as_floats(smooth)


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
