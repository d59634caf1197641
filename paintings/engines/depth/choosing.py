"""Which of several readings of a photo is the likeliest."""

from collections.abc import Sequence

import cv2
import numpy as np

from paintings.engines.depth.reading import Reading
from paintings.engines.depth.regions import Regions

# What depth is looked for on either side of a border, in pixels.
_ACROSS_PX = 5
# No edge counts more than this many times a clear one.
_CLEAREST = 1.2
# How much being borne out by the other readings counts beside lying on edges.
_BORNE_OUT = 2.0


def likeliest(readings: Sequence[Reading]) -> Reading:
    """The one whose jumps of depth lie on the photo's edges, and that others bear out."""
    readings = [one for one in readings if not one.is_flat()] or readings
    parts = [reading.units() for reading in readings]
    on_edges = [_on_edges(*pair) for pair in zip(readings, parts, strict=True)]
    taken = [
        Regions(labels=reading.sight.as_taken(own.labels), count=own.count)
        for reading, own in zip(readings, parts, strict=True)
    ]
    borne_out = [np.mean([_alike(own, other) for other in taken]) for own in taken]
    return readings[int(np.argmax(on_edges + _BORNE_OUT * np.array(borne_out)))]


def _alike(one: Regions, other: Regions) -> float:
    """Of all pairs of pixels that are one thing to either, the share that are to both.

    How near each thing is does not matter: one wrong foot moves all that stands on it.
    """
    table = np.bincount(
        (one.labels * other.count + other.labels).ravel(),
        minlength=one.count * other.count,
    ).reshape(one.count, other.count)
    both, first, second = (
        float((counts.astype(np.float64) ** 2).sum())
        for counts in (table, table.sum(axis=1), table.sum(axis=0))
    )
    return both / (first + second - both)


def _on_edges(reading: Reading, parts: Regions) -> float:
    """How strong the photo's edges are where depth jumps, weighed by the jumps."""
    strength, labels = reading.sight.evidence.strength, parts.labels
    clearest = max(float(np.quantile(strength, 0.99)), 1e-6)
    thick = cv2.dilate(strength / clearest, np.ones((3, 3)))
    edges = np.minimum(thick, _CLEAREST)
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    window = np.ones((_ACROSS_PX, _ACROSS_PX), np.uint8)
    jumps = cv2.dilate(reading.plain, window) - cv2.erode(reading.plain, window)
    weights = jumps[border]
    return float((weights * edges[border]).sum() / max(float(weights.sum()), 1e-6))
