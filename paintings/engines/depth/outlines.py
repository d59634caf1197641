"""Where each surface begins and ends, and what it touches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paintings.engines.depth.regions import Floats, Regions, row_reaches

Flags = NDArray[np.bool_]

# A rim whose rows follow its columns this closely is a line; a crown's curve is none.
_STRAIGHT = 0.92


@dataclass(frozen=True, kw_only=True)
class Outlines:
    """Where surfaces begin and end, as shares of the picture, and what they touch."""

    top: Floats  # mean over the columns of the highest pixel
    foot: Floats  # the lowest part, a few stray pixels left out
    mean_foot: Floats  # mean over the columns of the lowest pixel
    peak: Floats
    # How straight the lower rim climbs or falls: a wall seen at an angle.
    slant: Floats
    left: Floats
    right: Floats
    size: Floats
    contacts: Floats
    # Share of the lower rim that rests on each other surface; last the frame.
    below: Floats
    above: Floats  # the same of its upper rim
    on_left: Floats  # shares of the frame's sides that it holds
    on_right: Floats
    on_top: Floats
    on_bottom: Floats
    # For each surface and column: the highest and lowest row, and whether it is there.
    highest: Floats
    lowest: Floats
    held: Flags


def outline(regions: Regions) -> Outlines:
    labels, count = regions.labels, regions.count
    height, width = labels.shape
    highest, lowest, mass = _columns(labels, count)
    held = mass > 0
    columns = np.maximum(held.sum(axis=1), 1)
    spread = np.where(held, lowest, -1.0)
    foot = np.array([np.quantile(row[row >= 0], 0.95) for row in spread])
    peak = np.where(held, highest, height).min(axis=1)
    return Outlines(
        top=_share((np.where(held, highest, 0).sum(axis=1)) / columns, height),
        foot=_share(foot + 1, height),
        mean_foot=_share(np.where(held, lowest, 0).sum(axis=1) / columns + 1, height),
        peak=_share(peak, height),
        slant=_slants(lowest, held),
        left=_share(held.argmax(axis=1), width),
        right=_share(width - held[:, ::-1].argmax(axis=1), width),
        size=_share(regions.sizes, labels.size),
        contacts=regions.contacts(),
        below=_below(labels, count),
        above=_below(labels[::-1], count, share=0.12)[:, :count],
        on_left=_share(np.bincount(labels[:, 0], minlength=count), height),
        on_right=_share(np.bincount(labels[:, -1], minlength=count), height),
        on_top=_share(np.bincount(labels[0], minlength=count), width),
        on_bottom=_share(np.bincount(labels[-1], minlength=count), width),
        highest=highest,
        lowest=lowest,
        held=held,
    )


def _slants(lowest: Floats, held: NDArray[np.bool_]) -> Floats:
    """The slope of the line through each lower rim; 0 where it is no line."""
    slopes = np.zeros(len(lowest), np.float32)
    for one, (row, own) in enumerate(zip(lowest, held, strict=True)):
        xs = np.flatnonzero(own)
        if len(xs) < 12:
            continue
        # The ends of a rim are where something else cuts in.
        xs = xs[len(xs) // 10 : -len(xs) // 10]
        rim = row[xs]
        if np.ptp(rim) > 0 and abs(np.corrcoef(xs, rim)[0, 1]) > _STRAIGHT:
            slopes[one] = abs(np.polyfit(xs, rim, 1)[0])
    return slopes


def _columns(
    labels: NDArray[np.int32], count: int
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """For each surface and column: the highest row, the lowest row, how many rows."""
    height, width = labels.shape
    rows, columns = np.indices(labels.shape)
    flat = labels.ravel().astype(np.int64) * width + columns.ravel()
    mass = np.bincount(flat, minlength=count * width)
    highest = np.full(count * width, height, np.float32)
    lowest = np.full(count * width, -1, np.float32)
    # Of several values for one place the last one stays.
    highest[flat[::-1]] = rows.ravel()[::-1]
    lowest[flat] = rows.ravel()
    shape = (count, width)
    return highest.reshape(shape), lowest.reshape(shape), mass.reshape(shape)


def _below(labels: NDArray[np.int32], count: int, *, share: float = 0.3) -> Floats:
    """What lies right under the lowest part of each surface."""
    height = labels.shape[0]
    under = np.vstack([labels[1:], np.full((1, labels.shape[1]), count)])
    rows = np.arange(height)[:, None]
    high, low = row_reaches(labels, count)
    limit = low - share * (low - high)
    edge = (under != labels) & (rows >= limit[labels])
    table = np.zeros((count, count + 1))
    np.add.at(table, (labels[edge], under[edge]), 1.0)
    total = np.maximum(table.sum(axis=1, keepdims=True), 1)
    return np.asarray(table / total, np.float32)


def _share(values: NDArray[np.generic], whole: float) -> Floats:
    return np.asarray(np.asarray(values, np.float64) / whole, np.float32)
