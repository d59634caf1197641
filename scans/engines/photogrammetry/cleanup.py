"""Surfaces made whole: one piece, no doubled triangles, a flat base, closed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Triangles without a picture yet."""

    vertices: Floats  # (n, 3)
    faces: Ints  # (m, 3)


MOST_WIDENINGS = 8


def edges_of(faces: Ints) -> NDArray[np.int64]:
    """Directed edges (3 m, 2), three a face."""
    return np.concatenate(
        [faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]
    ).astype(np.int64)


def is_closed(surface: Surface) -> bool:
    """Every edge lies between exactly two triangles that turn the same way."""
    if len(surface.faces) == 0:
        return False
    edges = edges_of(surface.faces)
    span = int(edges.max()) + 1
    there = np.sort(edges[:, 0] * span + edges[:, 1])
    back = np.sort(edges[:, 1] * span + edges[:, 0])
    return bool(np.array_equal(there, back) and (np.diff(there) > 0).all())


def pieces(surface: Surface) -> NDArray[np.int32]:
    """Which connected piece each vertex belongs to."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = edges_of(surface.faces)
    count = len(surface.vertices)
    graph = coo_matrix((np.ones(len(edges), np.int8), edges.T), (count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def compact(surface: Surface) -> Surface:
    """Drop vertices that no triangle uses."""
    used, faces = np.unique(surface.faces, return_inverse=True)
    return Surface(
        vertices=surface.vertices[used],
        faces=faces.reshape(-1, 3).astype(np.int32),
    )


def largest_piece(surface: Surface) -> Surface:
    labels = pieces(surface)
    sizes = np.bincount(labels[surface.faces[:, 0]])
    keep = labels[surface.faces[:, 0]] == sizes.argmax()
    return compact(Surface(vertices=surface.vertices, faces=surface.faces[keep]))


def open_edges_of(surface: Surface) -> NDArray[np.int64]:
    """Directed edges without a neighbour on their other side."""
    edges = edges_of(surface.faces)
    span = len(surface.vertices)
    there = edges[:, 0] * span + edges[:, 1]
    back = edges[:, 1] * span + edges[:, 0]
    return edges[~np.isin(there, back)]


def closed(surface: Surface) -> Surface:
    """Fill holes with fans around their middles."""
    open_edges = open_edges_of(surface)
    # Where two holes touch in a point no loop is simple: widen until they are one.
    for _ in range(MOST_WIDENINGS):
        starts, count = np.unique(open_edges[:, 0], return_counts=True)
        if (count < 2).all():
            break
        touching = np.isin(surface.faces, starts[count > 1]).any(axis=1)
        surface = largest_piece(
            Surface(vertices=surface.vertices, faces=surface.faces[~touching])
        )
        open_edges = open_edges_of(surface)
    after = dict(open_edges.tolist())
    span = len(surface.vertices)
    vertices, faces = [surface.vertices], [surface.faces]
    added = span
    while after:
        first, second = after.popitem()
        loop = [first, second]
        while loop[-1] != first and loop[-1] in after:
            loop.append(after.pop(loop[-1]))
        if loop[-1] != first:
            continue
        ring = np.array(loop, np.int32)
        middle = np.full(len(loop) - 1, added, np.int32)
        # Against the open edges' direction, so that all triangles face outwards.
        faces.append(np.stack([ring[1:], ring[:-1], middle], axis=1))
        vertices.append(surface.vertices[ring[:-1]].mean(axis=0, keepdims=True))
        added += 1
    return Surface(
        vertices=np.concatenate(vertices).astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
    )


def told_apart(surface: Surface) -> Surface:
    """Vertices of one spot, each a little nearer to its own neighbours.

    A thin place may come to a point from two sides. The surface is closed there, too,
    but not for readers who take what lies in one spot for one vertex.
    """
    vertices = surface.vertices.copy()
    _, spot, count = np.unique(
        vertices, axis=0, return_inverse=True, return_counts=True
    )
    for number, vertex in enumerate(np.flatnonzero(count[spot.reshape(-1)] > 1)):
        around = np.unique(surface.faces[(surface.faces == vertex).any(axis=1)])
        middle = surface.vertices[around[around != vertex]].mean(axis=0)
        share = 0.05 * (1 + number % 4)
        vertices[vertex] += share * (middle - vertices[vertex])
    return Surface(vertices=vertices, faces=surface.faces)


def clean(surface: Surface, *, ground: float | None = None) -> Surface:
    """The largest piece, its holes filled, with nothing below the ground."""
    faces = surface.faces
    proper = (
        (faces[:, 0] != faces[:, 1])
        & (faces[:, 1] != faces[:, 2])
        & (faces[:, 2] != faces[:, 0])
    )
    whole = largest_piece(Surface(vertices=surface.vertices, faces=faces[proper]))
    whole = closed(whole)
    if ground is None:
        return whole
    # Flattened, not cut: the surface stays closed.
    vertices = whole.vertices.copy()
    vertices[:, 1] = np.maximum(vertices[:, 1], ground)
    return Surface(vertices=vertices, faces=whole.faces)
