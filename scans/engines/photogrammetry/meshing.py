"""The cloud becomes a closed surface: ground taken away, base closed, Poisson."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.errors import EngineFailedError
from scans.engines.photogrammetry.backdrop import Backdrop
from scans.engines.photogrammetry.carving import find_cut
from scans.engines.photogrammetry.cleanup import Surface, clean
from scans.engines.photogrammetry.fusion import Cloud
from scans.engines.photogrammetry.region import Region, cluster_labels
from scans.errors import SeveralObjectsError, TooLittleTextureError

WORKER = "scans.engines.photogrammetry.mesh_worker"
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
FEWEST_POINTS = 2000
# A second heap this large beside the first is a second thing.
RIVAL_SHARE = 0.4
# Room around the outline of the base, as a share of the thing's size.
BASE_MARGIN = 0.08
# A footprint is so many times as large as the walls around it.
ENCLOSES = 2.0
# Fewer of the lowest points than this face up: bits of the ground, not of a foot.
FOOT_SHARE = 0.25
# Were more of its points empty space than this, the ground was mistaken.
MOST_EMPTY = 0.3


@dataclass(frozen=True, kw_only=True)
class Thing:
    """The points of the thing itself, upright, and the height it stands on."""

    cloud: Cloud
    ground: float
    # The share of the dense points that belong to it.
    share: float


def stand_alone(cloud: Cloud, region: Region, *, keep_ground: bool) -> Thing:
    """Turn the cloud upright and leave only the thing (and, if asked, its ground)."""
    upright = Cloud(
        points=region.to_upright(cloud.points).astype(np.float32),
        normals=region.to_upright(cloud.normals).astype(np.float32),
        support=cloud.support,
    )
    size = region.size
    heights = upright.points[:, 1]
    if region.floor is None:
        ground = float(np.percentile(heights, 0.2)) if len(heights) else 0.0
        above = np.ones(len(heights), np.bool_)
    else:
        ground = _settled(upright, region.floor, size)
        # Flat-lying points just over the ground are the ground; upright walls are not.
        flat = upright.normals[:, 1] > 0.8
        above = heights > ground + np.where(flat, 0.012, 0.006) * size
    if above.sum() < FEWEST_POINTS:
        raise TooLittleTextureError(features=int(above.sum()))
    thing = upright.where(above)
    if region.floor is not None:
        thing = thing.where(_no_crumbs(thing, ground, size))
    labels = cluster_labels(thing.points, 0.03 * size)
    counts = np.bincount(labels)
    middle = (region.low + region.high) / 2
    near = np.exp(
        -(
            (np.linalg.norm((thing.points - middle)[:, [0, 2]], axis=1) / (0.4 * size))
            ** 2
        )
    )
    main = int(np.bincount(labels, near).argmax())
    _refuse_rivals(thing, labels, counts, main)
    # Parts that the cameras saw only in pieces belong to it when they lie close by.
    own = thing.where(_belonging(thing.points, labels, main, size))
    if keep_ground and region.floor is not None:
        own = _with_ground(own, upright.where(~above), size)
    return Thing(cloud=own, ground=ground, share=len(own.points) / len(heights))


def _no_crumbs(thing: Cloud, ground: float, size: float) -> NDArray[np.bool_]:
    """Bits of ground that lie a little too high have nothing standing over them."""
    from scipy.spatial import cKDTree

    heights = thing.points[:, 1] - ground
    low = heights < 0.03 * size
    standing = thing.points[(heights >= 0.03 * size) & (heights < 0.09 * size)]
    keep = np.ones(len(heights), np.bool_)
    if not low.any() or len(standing) == 0:
        return keep
    gaps, _ = cKDTree(standing[:, [0, 2]]).query(thing.points[low][:, [0, 2]])
    crumbs = gaps > 0.025 * size
    # A thing that is flat itself, such as a plate, is no crumb.
    if crumbs.mean() < 0.5:
        keep[np.flatnonzero(low)[crumbs]] = False
    facing_up = low & (thing.normals[:, 1] > 0.5)
    if facing_up.sum() < FOOT_SHARE * low.sum():
        keep[facing_up] = False
    return keep


def _settled(upright: Cloud, floor: float, size: float) -> float:
    """The ground's height by the dense points, which know better than the sparse ones."""
    heights = upright.points[:, 1]
    close = (np.abs(heights - floor) < 0.02 * size) & (upright.normals[:, 1] > 0.9)
    return float(np.median(heights[close])) if close.sum() > 200 else floor


def _refuse_rivals(
    thing: Cloud, labels: NDArray[np.int64], counts: NDArray[np.int64], main: int
) -> None:
    big = np.flatnonzero(counts > RIVAL_SHARE * counts[main])
    if len(big) < 2:
        return
    # Pieces of one thing stand over each other or touch in plan; things stand side by side.
    boxes = []
    for heap in big:
        plan = thing.points[labels == heap][:, [0, 2]]
        boxes.append(np.percentile(plan, [2, 98], axis=0))
    mine = boxes[int(np.flatnonzero(big == main)[0])]
    apart = 0
    for box in boxes:
        overlap = np.minimum(box[1], mine[1]) - np.maximum(box[0], mine[0])
        apart += bool((overlap < 0).any())
    if apart:
        raise SeveralObjectsError(count=apart + 1)


def _belonging(
    points: Floats, labels: NDArray[np.int64], main: int, size: float
) -> NDArray[np.bool_]:
    from scipy.spatial import cKDTree

    heart = cKDTree(points[labels == main][::7])
    keep = labels == main
    for heap in np.unique(labels):
        members = labels == heap
        if heap != main and members.sum() > 60:
            gaps, _ = heart.query(points[members][::5])
            if gaps.min() < 0.06 * size:
                keep |= members
    return np.asarray(keep)


def _with_ground(own: Cloud, ground: Cloud, size: float) -> Cloud:
    """A round piece of the ground that the thing stands on."""
    low, high = own.points.min(axis=0), own.points.max(axis=0)
    middle = (low + high)[[0, 2]] / 2
    radius = 0.62 * float(np.linalg.norm((high - low)[[0, 2]]))
    close = np.linalg.norm(ground.points[:, [0, 2]] - middle, axis=1) < radius
    kept = ground.where(close)
    return own.with_more(kept)


def with_base(thing: Thing) -> Cloud:
    """Add the underside that no camera saw: a flat base within the outline."""
    points = thing.cloud.points
    size = float(np.ptp(points, axis=0).max())
    cell = size / 220
    low = points[:, [0, 2]].min(axis=0) - BASE_MARGIN * size
    spots = np.floor((points[:, [0, 2]] - low) / cell).astype(np.int64)
    heights = (points[:, 1] - thing.ground) / size
    # As low as walls close around it: what bulges out higher up is no base.
    for reach in (0.02, 0.03, 0.05):
        walls = np.zeros(spots.max(axis=0) + round(BASE_MARGIN * 220) + 1, np.bool_)
        walls[tuple(spots[heights < reach].T)] = True
        footprint = _filled(walls)
        if footprint.sum() > ENCLOSES * walls.sum():
            break
    columns = np.argwhere(footprint)
    if len(columns) == 0:
        return thing.cloud
    random = np.random.default_rng(0)
    spread = np.repeat(columns, 3, axis=0) + random.random((3 * len(columns), 2))
    plan = low + spread * cell
    base = np.stack([plan[:, 0], np.full(len(plan), thing.ground), plan[:, 1]], axis=1)
    down = np.tile(np.array([0, -1, 0], np.float32), (len(base), 1))
    weight = np.full(len(base), float(np.median(thing.cloud.support)), np.float32)
    underside = Cloud(points=base.astype(np.float32), normals=down, support=weight)
    return thing.cloud.with_more(underside)


def _filled(walls: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What walls go around, gaps bridged as far as it takes to close them."""
    from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes

    filled = walls
    for reach in (3, 6, 9, 12):
        # Filled while the walls are thick: thinned first, gaps would open again.
        thick = binary_fill_holes(binary_dilation(walls, iterations=reach))
        wider = binary_erosion(thick, iterations=reach)
        # The area leaps when a ring closes; before and after it hardly grows.
        if reach == 3 or wider.sum() > 1.6 * filled.sum():
            filled = wider
    return np.asarray(binary_erosion(filled, iterations=1), np.bool_)


def write_cloud(cloud: Cloud, path: Path) -> None:
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    table = np.empty(len(cloud.points), dtype=fields)
    for column, name in enumerate("xyz"):
        table[name] = cloud.points[:, column]
        table[f"n{name}"] = cloud.normals[:, column]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    header += [f"property float {name}" for name, _ in fields] + ["end_header", ""]
    path.write_bytes("\n".join(header).encode() + table.tobytes())


def read_surface(path: Path) -> Surface:
    """Binary PLY as the worker writes it, of any property order."""
    content = path.read_bytes()
    end = content.index(b"end_header\n") + len(b"end_header\n")
    lines = content[:end].decode().splitlines()
    counts = [int(line.split()[2]) for line in lines if line.startswith("element")]
    kinds = {
        "float": "<f4",
        "double": "<f8",
        "uchar": "u1",
        "int": "<i4",
        "uint": "<u4",
    }
    fields = []
    for line in lines:
        words = line.split()
        if words[0] == "property" and words[1] != "list":
            fields.append((words[2], kinds[words[1]]))
    table = np.frombuffer(content, np.dtype(fields), counts[0], end)
    start = end + table.nbytes
    [listed] = [line.split() for line in lines if line.startswith("property list")]
    triangle = np.dtype([("count", kinds[listed[2]]), ("at", kinds[listed[3]], 3)])
    faces = np.frombuffer(content, triangle, counts[1], start)["at"]
    vertices = np.stack([table[name] for name in "xyz"], axis=1)
    return Surface(vertices=vertices.astype(np.float32), faces=faces.astype(np.int32))


def mesh(
    thing: Thing, workdir: Path, *, depth: int, backdrop: Backdrop | None = None
) -> Surface:
    """One closed surface through the thing's points, and none that is looked through."""
    workdir.mkdir(parents=True, exist_ok=True)
    based = with_base(thing)
    if backdrop is not None:
        empty = backdrop.shows_through(thing.cloud.points)
        if empty.mean() > MOST_EMPTY:
            # What lies flat on the ground cannot be told from it.
            backdrop = None
    if backdrop is None:
        return _closed(based, workdir, depth, thing.ground)
    surface = _carved(based, workdir, depth, thing.ground, backdrop)
    bare = backdrop.lies_bare(based.points)
    bare[: len(thing.cloud.points)] = False
    if not bare.any():
        return surface
    # Around a rounded foot the base would lie on bare ground, and the foot closes
    # without it. Where no foot was measured, nothing else holds the surface in.
    footed = _carved(based.where(~bare), workdir, depth, thing.ground, backdrop)
    return min(
        (footed, surface), key=lambda one: backdrop.lies_bare(one.vertices).mean()
    )


def _carved(
    cloud: Cloud, workdir: Path, depth: int, ground: float, backdrop: Backdrop
) -> Surface:
    """Closed, and closed once more without what is looked through."""
    surface = _closed(cloud, workdir, depth, ground)
    cut = find_cut(surface, backdrop)
    if cut is None:
        return surface
    solid = cloud.where(~cut.holds(cloud.points))
    return _closed(solid.with_more(cut.rim), workdir, depth, ground)


def _closed(cloud: Cloud, workdir: Path, depth: int, ground: float) -> Surface:
    write_cloud(cloud, workdir / "cloud.ply")
    _poisson(workdir / "cloud.ply", workdir / "poisson.ply", depth)
    return clean(read_surface(workdir / "poisson.ply"), ground=ground)


def _poisson(source: Path, target: Path, depth: int) -> None:
    order = {"source": str(source), "target": str(target), "depth": depth}
    request = target.with_suffix(".json")
    request.write_text(json.dumps(order))
    done = subprocess.run(
        [sys.executable, "-m", WORKER, str(request)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineFailedError("Poisson meshing", done.stderr)
