"""A table whose underside no camera saw: nothing may hang down where one looks through."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray

from jobs.toolbox.meshes import TexturedMesh, look_at
from jobs.toolbox.meshes.rasteriser import rasterise
from jobs.toolbox.meshes.rendering import render
from scans.engines.photogrammetry.backdrop import Backdrop, find_backdrop
from scans.engines.photogrammetry.cleanup import Surface, is_closed
from scans.engines.photogrammetry.fusion import Cloud
from scans.engines.photogrammetry.meshing import Thing, mesh
from scans.engines.photogrammetry.texturing import Photo

TOP, THICK = 0.72, 0.12
ROUND = 0.15
MIDDLE = np.array([0.0, 0.36, 0.0])
Doubles = NDArray[np.float64]


def _box(size: tuple[float, float, float], at: tuple[float, float, float]):  # type: ignore[no-untyped-def]  # trimesh has no types
    box = trimesh.creation.box(extents=size)
    box.apply_translation(at)
    return box


@cache
def _table():  # type: ignore[no-untyped-def]  # as above
    legs = [
        _box((0.12, TOP - THICK, 0.12), (x, (TOP - THICK) / 2, z))
        for x in (-0.42, 0.42)
        for z in (-0.42, 0.42)
    ]
    top = _box((1.0, THICK, 1.0), (0, TOP - THICK / 2, 0))
    return trimesh.util.concatenate([top, *legs])


def _on_marbled_ground(thing) -> TexturedMesh:  # type: ignore[no-untyped-def]  # as above
    """The thing, faintly marbled grey, on a ground of many marks."""
    random = np.random.default_rng(3)
    marks = sum(
        cv2.resize(random.normal(0, 1, (n, n)), (1024, 1024)) * 160 / np.sqrt(n)
        for n in (32, 64, 128, 256)
    )
    picture = np.repeat((128 + marks)[..., None], 3, axis=2)
    # The lowest strip is the thing's own.
    picture[900:] = 150 + 0.06 * marks[900:, :, None]
    # In small triangles: those that reach behind a camera are not drawn.
    side = 40
    plan = np.stack(np.meshgrid(*[np.linspace(0, 1, side + 1)] * 2), -1).reshape(-1, 2)
    corners = np.insert(8 * plan - 4, 1, 0, axis=1)
    at = np.arange(side * (side + 1)).reshape(side, side + 1)[:, :-1].reshape(-1)
    here, right, below = at, at + 1, at + side + 1
    ground = np.concatenate(
        [np.stack([here, below, right], 1), np.stack([right, below, below + 1], 1)]
    )
    on_ground = np.stack([plan[:, 0], 0.14 + 0.86 * plan[:, 1]], 1)
    at = thing.vertices
    on_thing = np.stack(
        [0.5 + 0.3 * (at[:, 0] + 0.4 * at[:, 1]), 0.06 + 0.04 * at[:, 2]], 1
    )
    return TexturedMesh(
        vertices=np.concatenate([corners, at]).astype(np.float32),
        faces=np.concatenate([ground, thing.faces + len(corners)]).astype(np.int32),
        uvs=np.concatenate([on_ground, on_thing]).astype(np.float32),
        texture=np.clip(picture, 0, 255).astype(np.uint8),
    )


@cache
def _skittle():  # type: ignore[no-untyped-def]  # as above
    """It stands on the round end of a post."""
    post = trimesh.creation.capsule(height=0.6, radius=ROUND, count=(32, 64))
    post.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
    post.apply_translation((0, -post.bounds[0][1], 0))
    return post


def _photos(thing) -> tuple[Photo, ...]:  # type: ignore[no-untyped-def]  # as above
    scene = _on_marbled_ground(thing)
    taken = []
    for number in range(18):
        angle = 2 * np.pi * number / 18
        eye = np.array([2.6 * np.sin(angle), 1.0, 2.6 * np.cos(angle)])
        camera = look_at(eye, MIDDLE, size_px=(480, 360))
        taken.append(Photo(pixels=render(scene, camera)[0], camera=camera))
    return tuple(taken)


def _behind(thing) -> Backdrop:  # type: ignore[no-untyped-def]  # as above
    return find_backdrop(_photos(thing), middle=MIDDLE, ground=0.0, above=0.005)


@cache
def _backdrop() -> Backdrop:
    return _behind(_table())


def _seen_from_above(thing, down_to: float = -0.5) -> Thing:  # type: ignore[no-untyped-def]  # as above
    points, faces = trimesh.sample.sample_surface(thing, 60_000, seed=1)
    normals = thing.face_normals[faces]
    seen = normals[:, 1] > down_to
    cloud = Cloud(
        points=points[seen].astype(np.float32),
        normals=normals[seen].astype(np.float32),
        support=np.full(int(seen.sum()), 3, np.float32),
    )
    return Thing(cloud=cloud, ground=0.0, share=1.0)


def _hanging(surface: Surface) -> float:
    """How far the surface hangs down under the rim of the top, away from the legs."""
    across, along = np.abs(surface.vertices[:, 0]), np.abs(surface.vertices[:, 2])
    near_rim = (np.maximum(across, along) > 0.4) & (np.minimum(across, along) < 0.25)
    return float(TOP - THICK - surface.vertices[near_rim, 1].min())


def test_what_shows_the_ground_is_told_from_the_thing() -> None:
    for view in _backdrop().views[::6]:
        table = _table()
        drawn = rasterise(
            table.vertices.astype(np.float32), table.faces.astype(np.int32), view.camera
        )
        thing = drawn.depth > 0
        around = cv2.dilate(thing.astype(np.uint8), np.ones((41, 41))) > 0

        # A foot begins as low as the ground: a few pixels of it may pass for that.
        assert view.mask[thing].mean() < 0.02
        assert view.mask[around & ~thing].mean() > 0.4


def test_nothing_hangs_down_where_the_ground_shows_through(tmp_path: Path) -> None:
    thing = _seen_from_above(_table())

    guessed = mesh(thing, tmp_path / "guessed", depth=7)
    carved = mesh(thing, tmp_path / "carved", depth=7, backdrop=_backdrop())

    assert _hanging(guessed) > 0.1
    assert _hanging(carved) < 0.06
    assert is_closed(carved)


def test_the_ground_is_known_up_to_the_outline() -> None:
    shares = []
    for view in _backdrop().views[::3]:
        table = _table()
        drawn = rasterise(
            table.vertices.astype(np.float32), table.faces.astype(np.int32), view.camera
        )
        thing = (drawn.depth > 0).astype(np.uint8)
        close = cv2.dilate(thing, np.ones((7, 7))) > cv2.dilate(thing, np.ones((3, 3)))
        shares.append(view.mask[close].mean())

    assert np.mean(shares) > 0.4


def test_a_rounded_foot_has_no_skirt(tmp_path: Path) -> None:
    thing = _seen_from_above(_skittle(), down_to=-0.9)

    found = mesh(thing, tmp_path, depth=7, backdrop=_behind(_skittle()))

    low = found.vertices[found.vertices[:, 1] < 0.008]
    # So wide is the post's end at that height; around it the ground lies bare.
    at_most = np.sqrt(ROUND**2 - (ROUND - 0.008) ** 2)
    assert np.linalg.norm(low[:, [0, 2]], axis=1).max() < 1.1 * at_most
    assert is_closed(found)
