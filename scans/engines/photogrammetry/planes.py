"""The kernels of the stereo search: what a plane costs at a pixel, and better planes.

All numbers stay 32 bits wide; mixing in a Python int or float would widen them.
"""

import numpy as np
from numba import njit

# 6 x 6 samples of an 11 x 11 window.
REACH, STRIDE, SIDE = 5, 2, 6
SAMPLES = SIDE * SIDE
SIGMA_SPACE = 4.0
# The middle itself is no sample: a lone speck is like nothing around it.
LEAST_WEIGHT = 1e-6
COUNTED = 2
WORST = 2.0
GEOMETRIC_WEIGHT = 0.15
GEOMETRIC_CAP_PX = 3.0
# How far along each arm a pixel looks for a neighbour's plane.
ARM = (1, 3, 5, 9, 15)


@njit(cache=True, nogil=True, fastmath=True)
def _sample(image, x, y):  # type: ignore[no-untyped-def]
    left, top = np.int32(x), np.int32(y)
    across, down = x - np.float32(left), y - np.float32(top)
    upper = image[top, left] + across * (image[top, left + 1] - image[top, left])
    lower = image[top + 1, left] + across * (
        image[top + 1, left + 1] - image[top + 1, left]
    )
    return upper + down * (lower - upper)


@njit(cache=True, nogil=True, fastmath=True)
def _patch(image, tolerance, row, column, values, weights):  # type: ignore[no-untyped-def]
    """Fill the patch's values and weights; returns its mean and variance."""
    height, width = image.shape
    middle = image[row, column]
    sigma = tolerance[row, column]
    total = np.float32(0.0)
    first = np.float32(0.0)
    second = np.float32(0.0)
    n = 0
    for dy in range(-REACH, REACH + 1, STRIDE):
        for dx in range(-REACH, REACH + 1, STRIDE):
            y = min(max(row + dy, 0), height - 1)
            x = min(max(column + dx, 0), width - 1)
            value = image[y, x]
            apart = value - middle
            weight = np.exp(
                -apart * apart / (np.float32(2) * sigma * sigma)
                - np.float32(dx * dx + dy * dy)
                / np.float32(2 * SIGMA_SPACE * SIGMA_SPACE)
            ) + np.float32(LEAST_WEIGHT)
            values[n], weights[n] = value, weight
            total += weight
            first += weight * value
            second += weight * value * value
            n += 1
    for k in range(n):
        weights[k] /= total
    mean = first / total
    return mean, second / total - mean * mean


@njit(cache=True, nogil=True, fastmath=True)
def _carried(s, x, y, m0, m1, m2, turn, shift):  # type: ignore[no-untyped-def]
    """Where a plane carries a pixel, and its neighbourhood's affine map: u v ux uy vx vy.

    The plane makes a homography between two pictures; over a patch it is as good as
    affine, which spares a division a sample. u is negative where it leads nowhere.
    """
    h20 = turn[s, 2, 0] + shift[s, 2] * m0
    h21 = turn[s, 2, 1] + shift[s, 2] * m1
    nowhere = np.float32(-1)
    w = h20 * x + h21 * y + turn[s, 2, 2] + shift[s, 2] * m2
    if w < np.float32(1e-6):
        return nowhere, nowhere, nowhere, nowhere, nowhere, nowhere
    h00 = turn[s, 0, 0] + shift[s, 0] * m0
    h01 = turn[s, 0, 1] + shift[s, 0] * m1
    h10 = turn[s, 1, 0] + shift[s, 1] * m0
    h11 = turn[s, 1, 1] + shift[s, 1] * m1
    u = (h00 * x + h01 * y + turn[s, 0, 2] + shift[s, 0] * m2) / w
    v = (h10 * x + h11 * y + turn[s, 1, 2] + shift[s, 1] * m2) / w
    return (
        u, v, (h00 - u * h20) / w, (h01 - u * h21) / w,
        (h10 - v * h20) / w, (h11 - v * h21) / w,
    )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True)
def _unlikeness(  # type: ignore[no-untyped-def]
    sources, s, values, weights, mean, variance, u, v, ux, uy, vx, vy
):  # fmt: skip
    """One minus the correlation of a patch with its image in another picture."""
    height, width = sources.shape[1], sources.shape[2]
    reach_u = np.float32(REACH) * (abs(ux) + abs(uy)) + np.float32(1)
    reach_v = np.float32(REACH) * (abs(vx) + abs(vy)) + np.float32(1)
    if u < reach_u or v < reach_v:
        return np.float32(WORST)
    if u + reach_u > np.float32(width - 1) or v + reach_v > np.float32(height - 1):
        return np.float32(WORST)
    # A patch squeezed or stretched this much shows another surface.
    area = abs(ux * vy - uy * vx)
    if area < np.float32(0.1) or area > np.float32(10):
        return np.float32(WORST)
    two = np.float32(STRIDE)
    first = np.float32(0.0)
    second = np.float32(0.0)
    mixed = np.float32(0.0)
    start_u = u - np.float32(0.5) - np.float32(REACH) * (ux + uy)
    start_v = v - np.float32(0.5) - np.float32(REACH) * (vx + vy)
    n = 0
    for _row in range(SIDE):
        su, sv = start_u, start_v
        for _column in range(SIDE):
            value = _sample(sources[s], su, sv)
            weighted = weights[n] * value
            first += weighted
            second += weighted * value
            mixed += weighted * values[n]
            n += 1
            su += two * ux
            sv += two * vx
        start_u += two * uy
        start_v += two * vy
    other = second - first * first
    if other < np.float32(0.5) or variance < np.float32(0.5):
        return np.float32(WORST)
    score = (mixed - first * mean) / np.sqrt(other * variance)
    return min(np.float32(1.0) - score, np.float32(WORST))


@njit(cache=True, nogil=True, fastmath=True)
def _mean_of_best(costs):  # type: ignore[no-untyped-def]
    """The best few count: the others may not see the spot at all."""
    count = costs.shape[0]
    total = np.float32(0.0)
    counted = min(COUNTED, count)
    for _ in range(counted):
        best = 0
        for s in range(1, count):
            if costs[s] < costs[best]:
                best = s
        total += costs[best]
        costs[best] = np.float32(99.0)
    return min(total / np.float32(counted), np.float32(WORST))


@njit(cache=True, nogil=True, fastmath=True)
def _plane_cost(  # type: ignore[no-untyped-def]
    row, column, depth, nx, ny, nz, values, weights, mean, variance,
    sources, turn, shift, inverse, geometric, depths, back_turn, back_shift, costs,
):  # fmt: skip
    """The mean of the best source costs of a plane at a pixel."""
    x, y = np.float32(column + 0.5), np.float32(row + 0.5)
    # The plane: normal . X = distance, with X = depth * ray.
    rx = inverse[0, 0] * x + inverse[0, 2]
    ry = inverse[1, 1] * y + inverse[1, 2]
    distance = depth * (nx * rx + ny * ry + nz)
    if distance > np.float32(-1e-6):
        return np.float32(WORST)
    m0 = nx * inverse[0, 0] / distance
    m1 = ny * inverse[1, 1] / distance
    m2 = (nx * inverse[0, 2] + ny * inverse[1, 2] + nz) / distance
    for s in range(sources.shape[0]):
        u, v, ux, uy, vx, vy = _carried(s, x, y, m0, m1, m2, turn, shift)
        cost = np.float32(WORST)
        if u >= 0:
            cost = _unlikeness(
                sources, s, values, weights, mean, variance, u, v, ux, uy, vx, vy
            )
        if geometric and cost < np.float32(WORST):
            cost += np.float32(GEOMETRIC_WEIGHT) * _disagreement(
                x, y, depth, s, turn, shift, depths, back_turn, back_shift
            )
        costs[s] = cost
    return _mean_of_best(costs)


@njit(cache=True, nogil=True, fastmath=True)
def _seen_from(s, k, depth, x, y, turn, shift):  # type: ignore[no-untyped-def]
    """One of three coordinates of a pixel's point in another picture."""
    across = turn[s, k, 0] * x + turn[s, k, 1] * y + turn[s, k, 2]
    return depth * across + shift[s, k]


@njit(cache=True, nogil=True, fastmath=True)
def _disagreement(x, y, depth, s, turn, shift, depths, back_turn, back_shift):  # type: ignore[no-untyped-def]
    """How far from here, in pixels, the source's own depth leads back."""
    height, width = depths.shape[1], depths.shape[2]
    w = _seen_from(s, 2, depth, x, y, turn, shift)
    if w < np.float32(1e-6):
        return np.float32(GEOMETRIC_CAP_PX)
    # Their depth counts at the pixel's middle; the spot's own place in it is kept.
    px = _seen_from(s, 0, depth, x, y, turn, shift) / w
    py = _seen_from(s, 1, depth, x, y, turn, shift) / w
    column, row = np.int32(px), np.int32(py)
    if column < 0 or row < 0 or column >= width or row >= height:
        return np.float32(GEOMETRIC_CAP_PX)
    theirs = depths[s, row, column]
    if theirs <= 0:
        return np.float32(GEOMETRIC_CAP_PX)
    back = _seen_from(s, 2, theirs, px, py, back_turn, back_shift)
    if back < np.float32(1e-6):
        return np.float32(GEOMETRIC_CAP_PX)
    miss_x = _seen_from(s, 0, theirs, px, py, back_turn, back_shift) / back - x
    miss_y = _seen_from(s, 1, theirs, px, py, back_turn, back_shift) / back - y
    apart = np.sqrt(miss_x * miss_x + miss_y * miss_y)
    return min(np.float32(apart), np.float32(GEOMETRIC_CAP_PX))


@njit(cache=True, nogil=True)
def _chance(state):  # type: ignore[no-untyped-def]
    """The next number in [0, 1), xorshift."""
    value = state[0]
    value ^= (value << np.uint32(13)) & np.uint32(0xFFFFFFFF)
    value ^= value >> np.uint32(17)
    value ^= (value << np.uint32(5)) & np.uint32(0xFFFFFFFF)
    state[0] = value
    return np.float32(value) / np.float32(4294967296.0)


@njit(cache=True, nogil=True, fastmath=True)
def _tilted(nx, ny, nz, amount, rx, ry, state):  # type: ignore[no-untyped-def]
    """A normal changed by chance that still faces the camera."""
    nx += amount * (np.float32(2) * _chance(state) - np.float32(1))
    ny += amount * (np.float32(2) * _chance(state) - np.float32(1))
    nz += amount * (np.float32(2) * _chance(state) - np.float32(1))
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    nx, ny, nz = nx / length, ny / length, nz / length
    if nx * rx + ny * ry + nz > np.float32(-0.12) * np.sqrt(rx * rx + ry * ry + 1):
        return np.float32(0), np.float32(0), np.float32(-1)
    return nx, ny, nz


@njit(cache=True, nogil=True, fastmath=True)
def _best_along(row, column, arm, cost, inside):  # type: ignore[no-untyped-def]
    """The pixel of the cheapest plane on one of four arms; -1 when there is none."""
    height, width = cost.shape
    low = np.float32(99.0)
    at_row, at_column = -1, -1
    for reach in ARM:
        r = row + (reach if arm == 0 else -reach if arm == 1 else 0)
        c = column + (reach if arm == 2 else -reach if arm == 3 else 0)
        if r < 0 or c < 0 or r >= height or c >= width or not inside[r, c]:
            continue
        if cost[r, c] < low:
            low, at_row, at_column = cost[r, c], r, c
    return at_row, at_column


@njit(cache=True, nogil=True, fastmath=True)
def _followed(row, column, rx, ry, depth, normal, inverse):  # type: ignore[no-untyped-def]
    """A pixel's plane, followed to another pixel's ray: the depth there, 0 if none."""
    nx = normal[row, column, 0]
    ny = normal[row, column, 1]
    nz = normal[row, column, 2]
    ox = inverse[0, 0] * np.float32(column + 0.5) + inverse[0, 2]
    oy = inverse[1, 1] * np.float32(row + 0.5) + inverse[1, 2]
    facing = nx * rx + ny * ry + nz
    if facing > np.float32(-1e-4):
        return np.float32(0)
    return depth[row, column] * (nx * ox + ny * oy + nz) / facing


@njit(cache=True, nogil=True, fastmath=True)
def _tried(attempt, step, d, nx, ny, nz, rx, ry, state):  # type: ignore[no-untyped-def]
    """A plane changed by chance: 0 its depth, 1 its slant, 2 and 3 both a little."""
    if attempt != 1:
        small = step if attempt != 3 else step * np.float32(0.25)
        d = d * (1 + small * (np.float32(2) * _chance(state) - np.float32(1)))
    if attempt != 0:
        amount = np.float32(0.6) if attempt == 1 else np.float32(0.15)
        amount = min(amount, step * np.float32(20))
        nx, ny, nz = _tilted(nx, ny, nz, amount, rx, ry, state)
    return d, nx, ny, nz


@njit(cache=True, nogil=True, fastmath=True)
def first_costs(  # type: ignore[no-untyped-def]
    image, tolerance, inside, sources, turn, shift, inverse, depth, normal, cost,
    geometric, depths, back_turn, back_shift,
):  # fmt: skip
    """What the planes that a search starts from cost."""
    values = np.empty(SAMPLES, np.float32)
    weights = np.empty(SAMPLES, np.float32)
    costs = np.empty(sources.shape[0], np.float32)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if inside[row, column]:
                mean, variance = _patch(image, tolerance, row, column, values, weights)
                n = normal[row, column]
                cost[row, column] = _plane_cost(
                    row, column, depth[row, column], n[0], n[1], n[2], values, weights,
                    mean, variance, sources, turn, shift, inverse, geometric, depths,
                    back_turn, back_shift, costs,
                )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True)
def sweep(  # type: ignore[no-untyped-def]
    image, tolerance, inside, sources, turn, shift, inverse, nearest, farthest,
    depth, normal, cost, colour, step, seed,
    geometric, depths, back_turn, back_shift,
):  # fmt: skip
    """One half of a sweep: every second pixel looks at its neighbours and tries luck."""
    height, width = image.shape
    values = np.empty(SAMPLES, np.float32)
    weights = np.empty(SAMPLES, np.float32)
    costs = np.empty(sources.shape[0], np.float32)
    state = np.empty(1, np.uint32)
    for row in range(height):
        for column in range((row + colour) % 2, width, 2):
            if not inside[row, column]:
                continue
            state[0] = np.uint32(
                (row * 73856093) ^ (column * 19349663) ^ (seed * 83492791) | 1
            )
            _chance(state)
            mean, variance = _patch(image, tolerance, row, column, values, weights)
            rx = inverse[0, 0] * np.float32(column + 0.5) + inverse[0, 2]
            ry = inverse[1, 1] * np.float32(row + 0.5) + inverse[1, 2]
            best, d = cost[row, column], depth[row, column]
            nx = normal[row, column, 0]
            ny = normal[row, column, 1]
            nz = normal[row, column, 2]
            # First the neighbours' planes, the best of each arm; then chance.
            for attempt in range(8):
                if attempt < 4:
                    r, c = _best_along(row, column, attempt, cost, inside)
                    if r < 0:
                        continue
                    td = _followed(r, c, rx, ry, depth, normal, inverse)
                    tx, ty, tz = normal[r, c, 0], normal[r, c, 1], normal[r, c, 2]
                else:
                    td, tx, ty, tz = _tried(
                        attempt - 4, step, d, nx, ny, nz, rx, ry, state
                    )
                if td < nearest or td > farthest:
                    continue
                tried = _plane_cost(
                    row, column, td, tx, ty, tz, values, weights, mean, variance, sources,
                    turn, shift, inverse, geometric, depths, back_turn, back_shift, costs,
                )  # fmt: skip
                if tried < best:
                    best, d, nx, ny, nz = tried, td, tx, ty, tz
            cost[row, column], depth[row, column] = best, d
            normal[row, column, 0] = nx
            normal[row, column, 1] = ny
            normal[row, column, 2] = nz
