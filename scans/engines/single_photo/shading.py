"""What light and dark tell of a surface that its outline leaves open.

One far lamp over a matt surface: brightness is linear in the normal. The lamp is fitted
to the shape that the outline suggests; as far as it explains the photo, the surface is
bent until it shows the photo's own light and dark. A picture painted on the thing is
not explained by any lamp, and then nothing is bent.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A lamp that explains less of the light and dark than this is none.
EXPLAINS = 0.35
# Near the rim the suggested surface is too steep to be lit by a formula.
STEEPEST = 2.5
ROUNDS = 4
# How much slopes may differ from the suggested ones, and what is left to paint.
SLOPE_DOUBT = 0.5
PAINT_SHARE = 0.35


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """Brightness = direction . normal + ambient."""

    direction: Doubles  # (3,): right, down, towards the viewer
    ambient: float
    # The share of the light and dark that it explains.
    explained: float

    def lights(self, normals: Doubles) -> Doubles:
        return np.asarray(normals @ self.direction + self.ambient)

    def reaches(self, normals: Doubles) -> Mask:
        """Where its light falls; what is turned away lies in its own shadow."""
        return reached(normals, self.direction)


def shaded(half: Doubles, inside: Mask, light: Doubles) -> Doubles:
    """A depth per cell (rows, columns) after the light and dark of the same cells."""
    calm = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float64)
    smooth = np.asarray(cv2.GaussianBlur(half, (0, 0), 1.0), np.float64)
    core = ndimage.binary_erosion(inside, iterations=3)
    core &= np.hypot(*np.gradient(smooth)) < STEEPEST
    if core.sum() < 200:
        return half
    lamp = find_lamp(smooth, core, calm)
    if lamp.explained < EXPLAINS:
        return half
    bent = np.zeros_like(half)
    for _ in range(ROUNDS):
        bent += _bending(smooth + bent, bent, core, calm, lamp)
    return np.where(inside, np.maximum(half + bent, 0.3 * half), half)


def reached(normals: Doubles, direction: Doubles) -> Mask:
    return np.asarray(normals @ direction > 0.1 * np.linalg.norm(direction))


def find_lamp(surface: Doubles, core: Mask, light: Doubles) -> Lamp:
    """The lamp that explains most, patches of another colour left out."""
    rows = np.column_stack([normals_of(surface)[core], np.ones(int(core.sum()))])
    seen = light[core]
    keep = np.ones(len(seen), np.bool_)
    lit = keep
    for _ in range(6):
        fitted = np.asarray(
            np.linalg.lstsq(rows[keep], seen[keep], rcond=None)[0], float
        )
        missed = np.abs(rows @ fitted - seen)
        lit = reached(rows[:, :3], fitted[:3])
        if lit.sum() < 0.2 * len(lit):
            break
        keep = lit & (missed <= max(float(np.percentile(missed[lit], 90)), 1e-9))
    spread = float(np.var(seen[lit])) if lit.any() else 0.0
    missed_spread = float(np.var((rows @ fitted - seen)[lit])) if lit.any() else 0.0
    return Lamp(
        direction=fitted[:3],
        ambient=float(fitted[3]),
        explained=0.0 if spread < 1.0 else max(0.0, 1 - missed_spread / spread),
    )


def normals_of(surface: Doubles) -> Doubles:
    """Towards the viewer, (rows, columns, 3)."""
    down, right = np.gradient(surface)
    steep = np.stack([-right, -down, np.ones_like(surface)], axis=-1)
    return np.asarray(steep / np.linalg.norm(steep, axis=-1, keepdims=True))


def _bending(
    surface: Doubles, bent: Doubles, core: Mask, light: Doubles, lamp: Lamp
) -> Doubles:
    """One step of Gauss and Newton: what to add, by linear least squares."""
    down, right = np.gradient(surface)
    length = np.sqrt(1 + down**2 + right**2)
    normals = normals_of(surface)
    shown = lamp.lights(normals)
    lit = shown - lamp.ambient
    by_right = -lamp.direction[0] / length - lit * right / length**2
    by_down = -lamp.direction[1] / length - lit * down / length**2
    missing = light - shown
    number = np.full(surface.shape, -1)
    number[core] = np.arange(int(core.sum()))
    across = _slopes(number, core, axis=1)
    along = _slopes(number, core, axis=0)
    told = sparse.diags(by_right[core]) @ across + sparse.diags(by_down[core]) @ along
    here = lamp.reaches(normals)[core]
    paint = max(PAINT_SHARE * float(missing[core].std()), 1.0)
    trust, tame = sparse.diags(here / paint**2), 1 / SLOPE_DOUBT**2
    smooth = across.T @ across + along.T @ along
    system = told.T @ trust @ told + tame * smooth
    system += 1e-4 * sparse.identity(len(missing[core]))
    # What was bent before pulls back, too: doubt counts from the suggested surface.
    wanted = told.T @ (trust @ missing[core]) - tame * (smooth @ bent[core])
    out = np.zeros_like(surface)
    out[core] = spsolve(system.tocsc(), wanted)
    return out


def _slopes(number: NDArray[np.int64], core: Mask, *, axis: int) -> sparse.csr_matrix:
    """Central differences along an axis; nothing is bent outside of the core."""
    count = int(core.sum())
    at = np.arange(count)
    after = np.roll(number, -1, axis)[core]
    before = np.roll(number, 1, axis)[core]
    parts = [(at[other >= 0], other[other >= 0], sign * 0.5) for other, sign in
             ((after, 1), (before, -1))]  # fmt: skip
    values = np.concatenate([np.full(len(rows), value) for rows, _, value in parts])
    rows, columns = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return sparse.coo_matrix((values, (rows, columns)), (count, count)).tocsr()
