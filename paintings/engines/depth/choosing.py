"""Which of several readings of a photo is the likeliest."""

from collections.abc import Sequence

import cv2
import numpy as np

from paintings.engines.depth.reading import Reading
from paintings.engines.depth.regions import Floats

# What depth is looked for on either side of a border, in pixels.
_ACROSS_PX = 5
# How much being unlike the other readings counts against not lying on edges.
_ALONE = 8.0


def likeliest(readings: Sequence[Reading], strength: Floats) -> Reading:
    """The one whose jumps of depth lie on the photo's edges, and that others bear out."""
    readings = [one for one in readings if not one.is_flat()] or readings
    clearest = max(float(np.quantile(strength, 0.99)), 1e-6)
    edges = np.asarray(cv2.dilate(strength / clearest, np.ones((3, 3))), np.float32)
    depths = np.stack([reading.plain for reading in readings])
    alone = [float(np.abs(depths - one).mean()) for one in depths]
    rates = [
        _on_edges(reading, np.minimum(edges, 1.2)) - _ALONE * apart
        for reading, apart in zip(readings, alone, strict=True)
    ]
    return readings[int(np.argmax(rates))]


def _on_edges(reading: Reading, edges: Floats) -> float:
    """How strong the photo's edges are where depth jumps, weighed by the jumps."""
    labels = reading.units().labels
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    window = np.ones((_ACROSS_PX, _ACROSS_PX), np.uint8)
    jumps = cv2.dilate(reading.plain, window) - cv2.erode(reading.plain, window)
    weights = jumps[border]
    return float((weights * edges[border]).sum() / max(float(weights.sum()), 1e-6))
