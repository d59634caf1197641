"""Brush strokes: where they go, how they bend, and what they leave on the canvas.

A stroke is a bent bar: in its own frame, `along` runs with the brush and `across`
over its bristles. Rows of the canvas are painted in blocks, each block taking
all strokes in their order, so the result does not depend on how many threads run.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from paintings.engines.painterly.fields import Floats, Flow, wide_blur

_BLOCK_ROWS = 32
# A power of two: taking it round is one instruction.
_BRISTLES = 256


@dataclass(frozen=True, kw_only=True)
class Brush:
    """How one pass of strokes is laid."""

    width_px: float
    length: float  # in widths
    spacing: float = 0.8  # in widths
    opacity: float = 0.95
    # How far colours stray, in shares of the range.
    hue_jitter: float = 0.02
    light_jitter: float = 0.03
    turn_jitter: float = 0.12
    # Paint only where the canvas is still this far from the picture; 0 paints all over.
    only_where_off: float = 0.0
    # How strongly single bristles show, 0 to 1.
    bristle: float = 0.5
    softness: float = 0.25
    # Strokes end where the colour has changed this much.
    stop_at: float = 0.14
    # A fixed direction in radians that the hand keeps to, and how much it does.
    hand: float = 0.0
    hand_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Wet paint and how thick it lies."""

    colour: Floats  # (height, width, 3)
    height: Floats  # (height, width)


def lay(
    canvas: Canvas,
    target: Floats,
    flow: Flow,
    brush: Brush,
    rng: np.random.Generator,
    wanted: NDArray[np.bool_] | None = None,
) -> None:
    """Put one pass of strokes onto the canvas."""
    calm = wide_blur(target, max(0.6, brush.width_px / 4))
    strokes = _plan(canvas, calm, flow, brush, rng, wanted)
    if len(strokes) == 0:
        return
    bristles = rng.standard_normal((_BRISTLES,)).astype(np.float32)
    bristles = np.asarray(
        cv2.GaussianBlur(bristles[None], (3, 1), 0, borderType=cv2.BORDER_REFLECT)[0]
    )
    first, order = _by_block(strokes, canvas.colour.shape[0])
    _render(
        canvas.colour,
        canvas.height,
        strokes,
        first,
        order,
        bristles,
        brush.opacity,
        brush.bristle,
        brush.softness,
    )


def _plan(
    canvas: Canvas,
    calm: Floats,
    flow: Flow,
    brush: Brush,
    rng: np.random.Generator,
    wanted: NDArray[np.bool_] | None,
) -> Floats:
    """Columns: y, x, cos, sin, bend, reach back, reach ahead, half width, r, g, b, bristle."""
    height, width = calm.shape[:2]
    step = max(1.0, brush.spacing * brush.width_px)
    ys, xs = np.meshgrid(
        np.arange(step / 2, height, step),
        np.arange(step / 2, width, step),
        indexing="ij",
    )
    ys, xs = ys.ravel(), xs.ravel()
    ys = np.clip(ys + rng.uniform(-0.5, 0.5, ys.shape) * step, 0, height - 1)
    xs = np.clip(xs + rng.uniform(-0.5, 0.5, xs.shape) * step, 0, width - 1)
    iy, ix = ys.astype(np.int64), xs.astype(np.int64)
    keep = np.ones(len(ys), np.bool_) if wanted is None else wanted[iy, ix]
    if brush.only_where_off > 0:
        off = np.abs(calm - canvas.colour).sum(axis=2)
        side = max(1, round(step)) | 1
        keep = keep & (cv2.blur(off, (side, side))[iy, ix] > brush.only_where_off)
    ys, xs, iy, ix = ys[keep], xs[keep], iy[keep], ix[keep]
    count = len(ys)
    if count == 0:
        return np.empty((0, 12), np.float32)
    angle = flow.angle[iy, ix] + rng.normal(0, brush.turn_jitter, count)
    # An axis has no head: bring it near the hand's way before the two are mixed.
    turn = np.mod(angle - brush.hand + np.pi / 2, np.pi) - np.pi / 2
    angle = brush.hand + turn * (1 - brush.hand_share)
    cos, sin = np.cos(angle), np.sin(angle)
    colour = calm[iy, ix]
    longest = brush.length * brush.width_px / 2
    ahead = _reach(calm, ys, xs, cos, sin, colour, longest, brush.stop_at)
    behind = _reach(calm, ys, xs, -cos, -sin, colour, longest, brush.stop_at)
    bend = _bend(flow, ys, xs, cos, sin, ahead, behind) * (1 - brush.hand_share)
    colour = colour + rng.normal(0, brush.hue_jitter, (count, 3))
    colour = np.clip(colour + rng.normal(0, brush.light_jitter, (count, 1)), 0, 1)
    half = brush.width_px / 2 * rng.uniform(0.75, 1.15, count)
    table = np.column_stack(
        [
            ys,
            xs,
            cos,
            sin,
            bend,
            behind,
            ahead,
            half,
            colour,
            rng.uniform(0, _BRISTLES, count),
        ]
    )
    return table[rng.permutation(count)].astype(np.float32)


def _reach(
    calm: Floats,
    ys: NDArray[np.float64],
    xs: NDArray[np.float64],
    cos: NDArray[np.float64],
    sin: NDArray[np.float64],
    colour: Floats,
    longest: float,
    stop_at: float,
) -> NDArray[np.float64]:
    """How far each stroke may run before it would cross into another colour."""
    height, width = calm.shape[:2]
    reach = np.full(len(ys), longest)
    for share in (1.0, 0.75, 0.5, 0.25):
        py = np.clip(ys + sin * longest * share, 0, height - 1).astype(np.int64)
        px = np.clip(xs + cos * longest * share, 0, width - 1).astype(np.int64)
        off = np.abs(calm[py, px] - colour).max(axis=1)
        reach = np.where(off > stop_at, longest * max(0.12, share - 0.25), reach)
    return reach


def _bend(
    flow: Flow,
    ys: NDArray[np.float64],
    xs: NDArray[np.float64],
    cos: NDArray[np.float64],
    sin: NDArray[np.float64],
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The curvature that the field shows between a stroke's two ends."""
    height, width = flow.x.shape
    turns = []
    for sign, reach in ((1.0, ahead), (-1.0, behind)):
        py = np.clip(ys + sign * sin * reach, 0, height - 1).astype(np.int64)
        px = np.clip(xs + sign * cos * reach, 0, width - 1).astype(np.int64)
        fx, fy = flow.x[py, px], flow.y[py, px]
        cross, dot = cos * fy - sin * fx, cos * fx + sin * fy
        turns.append(
            np.arctan(
                cross / np.where(np.abs(dot) < 0.2, 0.2, np.abs(dot)) * np.sign(dot)
            )
        )
    length = np.maximum(ahead + behind, 1.0)
    bend = (turns[0] - turns[1]) / (2 * length)
    return np.asarray(np.clip(bend, -0.5 / length, 0.5 / length), np.float64)


def _by_block(
    strokes: Floats, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each block of rows, the strokes that touch it, in their order."""
    blocks = -(-height // _BLOCK_ROWS)
    tall = (
        np.maximum(strokes[:, 5], strokes[:, 6]) * np.abs(strokes[:, 3])
        + strokes[:, 7] * 1.2
        + 2
        + np.abs(strokes[:, 4]) * np.maximum(strokes[:, 5], strokes[:, 6]) ** 2
    )
    top = np.clip((strokes[:, 0] - tall) // _BLOCK_ROWS, 0, blocks - 1).astype(np.int64)
    low = np.clip((strokes[:, 0] + tall) // _BLOCK_ROWS, 0, blocks - 1).astype(np.int64)
    spans = low - top + 1
    who = np.repeat(np.arange(len(strokes)), spans)
    start = np.repeat(np.cumsum(spans) - spans, spans)
    block = np.repeat(top, spans) + np.arange(len(who)) - start
    # Stable: within a block the strokes keep their order.
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], np.arange(blocks + 1))
    return first.astype(np.int64), who[order].astype(np.int32)


@njit(cache=True, nogil=True)
def _in_row(stroke: Floats, dy: float, x0: int, x1: int) -> tuple[int, int]:
    """The columns of its box that a stroke may reach here: a slanted one holds few."""
    cos, sin, half = stroke[2], stroke[3], stroke[7]
    if abs(sin) <= 0.1:
        return x0, x1
    longest = max(stroke[5], stroke[6]) + half
    middle = stroke[1] + dy * cos / sin
    most = (half + abs(stroke[4]) * longest**2 + 1) / abs(sin)
    return max(x0, int(middle - most)), min(x1, int(middle + most) + 2)


@njit(cache=True, nogil=True, parallel=True)
def _render(
    colour: Floats,
    thick: Floats,
    strokes: Floats,
    first: NDArray[np.int64],
    order: NDArray[np.int32],
    bristles: Floats,
    opacity: float,
    bristle: float,
    softness: float,
) -> None:
    rows, columns = thick.shape
    for block in prange(len(first) - 1):
        top = block * _BLOCK_ROWS
        low = min(rows, top + _BLOCK_ROWS)
        for place in range(first[block], first[block + 1]):
            s = strokes[order[place]]
            cos, sin, bend, behind, ahead, half = s[2], s[3], s[4], s[5], s[6], s[7]
            longest = max(behind, ahead)
            sway = abs(bend) * longest * longest
            tall = longest * abs(sin) + half + sway + 1
            wide = longest * abs(cos) + half + sway + 1
            y0, y1 = max(top, int(s[0] - tall)), min(low, int(s[0] + tall) + 2)
            x0, x1 = max(0, int(s[1] - wide)), min(columns, int(s[1] + wide) + 2)
            edge = max(1.0, softness * half)
            for y in range(y0, y1):
                dy = y - s[0]
                left, right = _in_row(s, dy, x0, x1)
                for x in range(left, right):
                    dx = x - s[1]
                    along = dx * cos + dy * sin
                    if along > ahead + half or along < -behind - half:
                        continue
                    across = dy * cos - dx * sin - bend * along * along
                    over = max(along - ahead, -behind - along, 0.0)
                    away = across * across + over * over
                    if away >= half * half:
                        continue
                    inside = half - np.sqrt(away)
                    cover = min(1.0, inside / edge)
                    hair = across / half * 9.0 + s[11] + 0.004 * along
                    at = int(np.floor(hair))
                    part = hair - at
                    grain = (
                        bristles[at & (_BRISTLES - 1)] * (1 - part)
                        + bristles[(at + 1) & (_BRISTLES - 1)] * part
                    )
                    # A brush runs dry towards its end.
                    dry = (along + behind) / (ahead + behind + half)
                    load = 1.0 - bristle * max(0.0, 0.25 * grain + 0.55 * dry - 0.15)
                    share = opacity * cover * min(max(load, 0.0), 1.0)
                    tint = 1.0 + 0.05 * bristle * grain
                    for c in range(3):
                        mine = min(max(s[8 + c] * tint, 0.0), 1.0)
                        colour[y, x, c] += share * (mine - colour[y, x, c])
                    lump = (0.55 + 0.3 * grain * bristle) * min(
                        1.0, inside / (0.5 * half + 1)
                    )
                    thick[y, x] += share * (lump - 0.75 * thick[y, x])
