"""Fewer triangles where the surface is flat, and always a closed surface.

Quadric error metric of Garland and Heckbert 1997, in rounds: each round sorts the
edges by what collapsing them costs and collapses the cheap ones that do not touch. An
edge goes only when its ends share exactly two neighbours (the link condition), so that
a closed surface stays closed, and when no triangle would turn over.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scans.engines.photogrammetry.cleanup import Surface, compact, edges_of

# The share of the edges, cheapest first, that one round looks at.
LOOKED_AT = 0.35
MOST_ROUNDS = 80
FLATTEST_COS = 0.2


@njit(cache=True, nogil=True)
def _quadrics(vertices, faces):  # type: ignore[no-untyped-def]
    """Ten numbers a vertex: the squared distances to its triangles' planes."""
    out = np.zeros((vertices.shape[0], 10))
    for f in range(faces.shape[0]):
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        nx = (b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])
        ny = (b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])
        nz = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        area = np.sqrt(nx * nx + ny * ny + nz * nz)
        if area < 1e-20:
            continue
        nx, ny, nz = nx / area, ny / area, nz / area
        d = -(nx * a[0] + ny * a[1] + nz * a[2])
        terms = (
            nx * nx, nx * ny, nx * nz, nx * d, ny * ny, ny * nz, ny * d, nz * nz, nz * d, d * d,
        )  # fmt: skip
        for k in range(10):
            for corner in range(3):
                out[faces[f, corner], k] += terms[k] * area
    return out


@njit(cache=True, nogil=True)
def _error(q, x, y, z):  # type: ignore[no-untyped-def]
    return (
        q[0] * x * x + 2 * q[1] * x * y + 2 * q[2] * x * z + 2 * q[3] * x
        + q[4] * y * y + 2 * q[5] * y * z + 2 * q[6] * y
        + q[7] * z * z + 2 * q[8] * z + q[9]
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _meet(q, a, b, spot):  # type: ignore[no-untyped-def]
    """The best place for the merged vertex, into `spot`; returns its cost."""
    det = (
        q[0] * (q[4] * q[7] - q[5] * q[5])
        - q[1] * (q[1] * q[7] - q[5] * q[2])
        + q[2] * (q[1] * q[5] - q[4] * q[2])
    )
    size = q[0] + q[4] + q[7]
    length = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    if det > 1e-4 * size * size * size:
        bx, by, bz = -q[3], -q[6], -q[8]
        x = bx * (q[4] * q[7] - q[5] * q[5]) - q[1] * (by * q[7] - q[5] * bz)
        x = (x + q[2] * (by * q[5] - q[4] * bz)) / det
        y = q[0] * (by * q[7] - bz * q[5]) - bx * (q[1] * q[7] - q[5] * q[2])
        y = (y + q[2] * (q[1] * bz - by * q[2])) / det
        z = q[0] * (q[4] * bz - by * q[5]) - q[1] * (q[1] * bz - by * q[2])
        z = (z + bx * (q[1] * q[5] - q[4] * q[2])) / det
        mx, my, mz = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2
        if (x - mx) ** 2 + (y - my) ** 2 + (z - mz) ** 2 < length:
            spot[0], spot[1], spot[2] = x, y, z
            return max(_error(q, x, y, z), 0.0) + 1e-9 * size * length
    best = 1e300
    for t in (0.5, 0.0, 1.0):
        x = a[0] + t * (b[0] - a[0])
        y = a[1] + t * (b[1] - a[1])
        z = a[2] + t * (b[2] - a[2])
        cost = max(_error(q, x, y, z), 0.0)
        if cost < best:
            best = cost
            spot[0], spot[1], spot[2] = x, y, z
    # Between edges that cost nothing, short ones first: flat parts stay even.
    return best + 1e-6 * size * length


@njit(cache=True, nogil=True)
def _costs(vertices, quadrics, edges):  # type: ignore[no-untyped-def]
    out = np.empty(edges.shape[0])
    spot = np.empty(3)
    for e in range(edges.shape[0]):
        a, b = edges[e, 0], edges[e, 1]
        out[e] = _meet(quadrics[a] + quadrics[b], vertices[a], vertices[b], spot)
    return out


@njit(cache=True, nogil=True)
def _turns_over(vertices, faces, owned, start, end, gone, other, spot):  # type: ignore[no-untyped-def]
    """Whether moving the vertex `gone` to `spot` would fold a triangle that stays."""
    p = np.empty((3, 3))
    for i in range(start, end):
        f = owned[i]
        if faces[f, 0] == other or faces[f, 1] == other or faces[f, 2] == other:
            continue
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        ox = (b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])
        oy = (b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])
        oz = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        for k in range(3):
            for j in range(3):
                p[k, j] = spot[j] if faces[f, k] == gone else vertices[faces[f, k], j]
        nx = (p[1, 1] - p[0, 1]) * (p[2, 2] - p[0, 2]) - (p[1, 2] - p[0, 2]) * (
            p[2, 1] - p[0, 1]
        )
        ny = (p[1, 2] - p[0, 2]) * (p[2, 0] - p[0, 0]) - (p[1, 0] - p[0, 0]) * (
            p[2, 2] - p[0, 2]
        )
        nz = (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[1, 1] - p[0, 1]) * (
            p[2, 0] - p[0, 0]
        )
        before = np.sqrt(ox * ox + oy * oy + oz * oz)
        after = np.sqrt(nx * nx + ny * ny + nz * nz)
        if ox * nx + oy * ny + oz * nz < FLATTEST_COS * before * after:
            return True
        if after < 1e-16:
            return True
    return False


@njit(cache=True, nogil=True)
def _round(vertices, faces, quadrics, edges, order, starts, owned, wanted):  # type: ignore[no-untyped-def]
    """Collapse cheap edges that do not touch; returns how many triangles went."""
    count = vertices.shape[0]
    locked = np.zeros(count, np.bool_)
    mark = np.full(count, -1, np.int64)
    into = np.arange(count)
    spot = np.empty(3)
    gone = 0
    for e in order:
        if gone >= wanted:
            break
        a, b = edges[e, 0], edges[e, 1]
        if locked[a] or locked[b]:
            continue
        # Neighbours of a, then how many of b's are among them.
        free = True
        for i in range(starts[a], starts[a + 1]):
            for k in range(3):
                v = faces[owned[i], k]
                mark[v] = 2 * e
                free &= not locked[v]
        shared = 0
        for i in range(starts[b], starts[b + 1]):
            for k in range(3):
                v = faces[owned[i], k]
                free &= not locked[v]
                if v != a and v != b and mark[v] == 2 * e:  # noqa: PLR1714  # numba knows no sets here
                    mark[v] = 2 * e + 1
                    shared += 1
        if not free or shared != 2:
            continue
        _meet(quadrics[a] + quadrics[b], vertices[a], vertices[b], spot)
        if _turns_over(vertices, faces, owned, starts[a], starts[a + 1], a, b, spot):
            continue
        if _turns_over(vertices, faces, owned, starts[b], starts[b + 1], b, a, spot):
            continue
        for i in range(starts[a], starts[a + 1]):
            for k in range(3):
                locked[faces[owned[i], k]] = True
        for i in range(starts[b], starts[b + 1]):
            for k in range(3):
                locked[faces[owned[i], k]] = True
        for k in range(3):
            vertices[a, k] = spot[k]
        quadrics[a] += quadrics[b]
        into[b] = a
        gone += 2
    for f in range(faces.shape[0]):
        for k in range(3):
            faces[f, k] = into[faces[f, k]]
    return gone


def simplified(surface: Surface, triangles: int) -> Surface:
    """A closed surface of at most so many triangles, where its shape allows it."""
    vertices = surface.vertices.astype(np.float64)
    faces = surface.faces.astype(np.int64)
    quadrics = _quadrics(vertices, faces)
    for _ in range(MOST_ROUNDS):
        if len(faces) <= triangles:
            break
        edges = edges_of(faces.astype(np.int32))
        edges = np.ascontiguousarray(edges[edges[:, 0] < edges[:, 1]])
        costs = _costs(vertices, quadrics, edges)
        order = np.argsort(costs)[: max(64, int(LOOKED_AT * len(edges)))]
        starts, owned = _incidence(faces, len(vertices))
        wanted = len(faces) - triangles
        gone = _round(vertices, faces, quadrics, edges, order, starts, owned, wanted)
        proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2])
        faces = faces[proper & (faces[:, 2] != faces[:, 0])]
        if gone == 0:
            break
    return compact(
        Surface(vertices=vertices.astype(np.float32), faces=faces.astype(np.int32))
    )


def _incidence(
    faces: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The triangles around each vertex, as runs of one array."""
    flat = faces.reshape(-1)
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(flat, minlength=count), out=starts[1:])
    return starts, np.argsort(flat, kind="stable") // 3
