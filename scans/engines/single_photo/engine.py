"""From one photo to a textured, closed mesh."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.toolbox.cutouts import Cutout, cut_out
from jobs.toolbox.cutouts import Method as CutoutMethod
from jobs.toolbox.images import Photo, Pixels
from jobs.toolbox.meshes.mesh import TexturedMesh
from jobs.toolbox.networks import matte_by, told_by
from scans.engines.single_photo.boxes import CornerBox, find_corner_box
from scans.engines.single_photo.depths import Depth, Seen, find_depth
from scans.engines.single_photo.relief import Relief, lay_out
from scans.errors import NoSubjectError
from scans.facts import Method
from scans.params import Shape

# Cells along the subject's longer side.
CELLS = 110
SMALLEST_SHARE = 0.004
DOUBTFUL = 0.12
MOST_TEXTURE_PX = 2048


@dataclass(frozen=True, kw_only=True)
class Networks:
    """ONNX files that see better than rules do, where somebody has named them."""

    matting: Path | None = None
    depth: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """The mesh, which way of closing it was taken, and what else there is to say."""

    mesh: TexturedMesh
    method: Method
    confidence: float
    notes: Sequence[str] = ()


def make_model(
    photo: Photo,
    *,
    mask: Pixels | None,
    shape: Shape,
    thickness: float,
    longest_side_m: float,
    name: str,
    tell: Callable[[float, str], None],
    networks: Networks | None = None,
) -> Made:
    """Cut the subject out, find its depth, close it, and paint it with its own pixels."""
    networks = networks or Networks()
    tell(0.05, "Cutting out the subject")
    notes = []
    if networks.matting and mask is None and photo.alpha is None:
        mask = matte_by(networks.matting, photo.rgb)
        notes.append(f"The subject was cut out by {networks.matting.stem}.")
    cutout = _with_eyes(photo.rgb, cut_out(photo, mask=mask))
    share = float((cutout.alpha > 127).mean())
    if share < SMALLEST_SHARE or share > 0.985 or cutout.confidence < DOUBTFUL:
        raise NoSubjectError
    if not _stands_out(photo.rgb, cutout):
        raise NoSubjectError
    tell(0.5, "Finding its depth")
    near = told_by(networks.depth, photo.rgb) if networks.depth else None
    cropped = _Crop.around(cutout, near)
    distance = cropped.distance()
    inside = distance > 0
    corner_box = find_corner_box(inside) if shape in (Shape.AUTO, Shape.BOX) else None
    if corner_box is not None:
        mesh, method = _box_mesh(corner_box, cropped, name), Method.BOX
    else:
        depth = find_depth(cropped.seen(inside), shape, thickness)
        mesh, method = (
            _relief_mesh(lay_out(distance), depth, cropped, name),
            depth.method,
        )
        if networks.depth and method is Method.INFLATED:
            notes.append(f"Its front was shaped by {networks.depth.stem}.")
    tell(0.9, "Standing it up")
    return Made(
        mesh=_placed(mesh, longest_side_m),
        method=method,
        confidence=cutout.confidence,
        notes=notes,
    )


def _stands_out(rgb: Pixels, cutout: Cutout) -> bool:
    """Whether the subject differs from what is around it by more than noise."""
    if cutout.method in (CutoutMethod.ALPHA, CutoutMethod.GIVEN):
        return True
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 2), cv2.COLOR_RGB2LAB).astype(
        np.float32
    )
    inside, outside = lab[cutout.alpha > 127], lab[cutout.alpha <= 127]
    if len(inside) == 0 or len(outside) == 0:
        return False
    apart = float(np.linalg.norm(inside.mean(axis=0) - outside.mean(axis=0)))
    return apart > 4 or float(inside.std(axis=0).max()) > 4


def _with_eyes(rgb: Pixels, cutout: Cutout) -> Cutout:
    """Open what a plain backdrop shows through: a ring's hole, a chair's back."""
    if cutout.method is not CutoutMethod.BACKDROP:
        return cutout
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.5), cv2.COLOR_RGB2LAB)
    lab = lab.astype(np.float32)
    outside = cutout.alpha < 10
    if outside.sum() < 500:
        return cutout
    backdrop = np.median(lab[outside], axis=0)
    usual = float(np.percentile(np.linalg.norm(lab[outside] - backdrop, axis=1), 95))
    alike = np.linalg.norm(lab - backdrop, axis=2) < max(6.0, 1.2 * usual)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (alike & (cutout.alpha > 127)).astype(np.uint8)
    )
    large = stats[:, cv2.CC_STAT_AREA] > 0.004 * (cutout.alpha > 127).sum()
    large[0] = False
    eyes = cv2.dilate(large[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    # Half of the subject taken for backdrop: the subject itself is that colour.
    if eyes.sum() > 0.4 * (cutout.alpha > 127).sum():
        return cutout
    return replace(cutout, alpha=np.where(eyes, 0, cutout.alpha).astype(np.uint8))


@dataclass(frozen=True, kw_only=True)
class _Crop:
    """The subject with a margin, and how many of its pixels make one cell."""

    rgb: Pixels
    alpha: Pixels
    near: NDArray[np.float32] | None
    cell_px: float

    @classmethod
    def around(cls, cutout: Cutout, near: NDArray[np.float32] | None) -> "_Crop":
        box = cutout.box
        longest = max(box.right - box.left, box.bottom - box.top)
        margin = max(4, round(0.03 * longest))
        size = ((margin, margin), (margin, margin))
        part = np.s_[box.top : box.bottom, box.left : box.right]
        rgb = np.pad(cutout.rgb[part], (*size, (0, 0)), mode="edge")
        alpha = np.pad(cutout.alpha[part], size)
        if near is not None:
            whole = cv2.resize(near, cutout.alpha.shape[::-1])
            near = np.pad(np.asarray(whole, np.float32)[part], size, mode="edge")
        return cls(rgb=rgb, alpha=alpha, near=near, cell_px=max(1.0, longest / CELLS))

    def distance(self) -> NDArray[np.float64]:
        """Signed distance to the outline at the cells' corners, in cells."""
        solid = (_main_part(self.alpha) > 0).astype(np.uint8)
        signed = cv2.distanceTransform(solid, cv2.DIST_L2, 5).astype(np.float64)
        signed -= cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
        found = self._at_cells(signed) / self.cell_px
        # The frame's border is outside, whatever the subject does there.
        found[[0, -1], :] = np.minimum(found[[0, -1], :], -0.5)
        found[:, [0, -1]] = np.minimum(found[:, [0, -1]], -0.5)
        return found

    def seen(self, inside: NDArray[np.bool_]) -> Seen:
        """What the photo shows at the cells' corners."""
        grey = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY).astype(np.float64)
        calm = cv2.GaussianBlur(grey, (0, 0), 0.5 * self.cell_px)
        return Seen(
            inside=inside,
            light=self._at_cells(np.asarray(calm, np.float64)),
            near=None if self.near is None else self._at_cells(self.near),
        )

    def _at_cells(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        height, width = values.shape
        columns = np.arange(0, width - 1e-6, self.cell_px, dtype=np.float32) - 0.5
        rows = np.arange(0, height - 1e-6, self.cell_px, dtype=np.float32) - 0.5
        grid = np.meshgrid(columns, rows)
        found = cv2.remap(
            values.astype(np.float32), grid[0], grid[1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(found, np.float64)


def _main_part(alpha: Pixels) -> NDArray[np.bool_]:
    """The largest connected piece, its pinholes filled."""
    from scipy.ndimage import binary_fill_holes, label

    solid = alpha > 127
    labels, count = label(solid)
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        solid = labels == sizes.argmax()
    holes = binary_fill_holes(solid) & ~solid
    hole_labels, _ = label(holes)
    sizes = np.bincount(hole_labels.ravel())
    # A handle's eye is meant; a speck is not.
    small = sizes < max(30, 0.0015 * solid.sum())
    small[0] = False
    return np.asarray(solid | small[hole_labels], np.bool_)


def _relief_mesh(relief: Relief, depth: Depth, crop: _Crop, name: str) -> TexturedMesh:
    x, y = relief.places.T
    grid = (x.astype(np.float32)[:, None], y.astype(np.float32)[:, None])
    front, back = (
        np.where(
            relief.rim,
            0.0,
            np.maximum(
                cv2.remap(half.astype(np.float32), *grid, cv2.INTER_LINEAR)[:, 0], 0.05
            ),
        )
        for half in (depth.front, depth.back)
    )
    count = len(x)
    places = np.stack([x, -y], axis=1)
    vertices = np.concatenate(
        [np.column_stack([places, front]), np.column_stack([places, -back])]
    )
    faces = np.concatenate([relief.faces, relief.faces[:, ::-1] + count])
    height, width = crop.alpha.shape
    u, v = x * crop.cell_px / width, y * crop.cell_px / height
    # The photo on the left half of the picture, what the back shows on the right.
    uvs = np.concatenate(
        [np.column_stack([u / 2, 1 - v]), np.column_stack([0.5 + u / 2, 1 - v])]
    )
    return TexturedMesh(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        uvs=uvs.astype(np.float32),
        texture=_picture(crop),
        name=name,
    )


def _picture(crop: _Crop) -> Pixels:
    """Front and back side by side."""
    front = _spread_out(crop)
    scale = min(1.0, MOST_TEXTURE_PX / 2 / max(front.shape[:2]))
    if scale < 1:
        front = np.asarray(
            cv2.resize(front, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
            np.uint8,
        )
    # The back shows what the front shows, calmer: words and faces do not repeat.
    calm = cv2.GaussianBlur(front, (0, 0), 0.02 * max(front.shape[:2]))
    solid = cv2.resize(crop.alpha, front.shape[1::-1]) > 127
    rim = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 5)
    share = np.clip(rim / (0.08 * max(front.shape[:2])), 0, 1)[..., None]
    back = front * (1 - share) + calm * share
    return np.concatenate([front, back.astype(np.uint8)], axis=1)


def _spread_out(crop: _Crop) -> Pixels:
    """The subject's colours carried beyond its edge, where texture reading reaches."""
    solid = crop.alpha > 200
    if not solid.any():
        solid = crop.alpha > 127
    empty = (~solid).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(labels.max()) + 1, np.int64)
    owner[labels[solid]] = np.flatnonzero(solid.reshape(-1))
    return np.asarray(crop.rgb.reshape(-1, 3)[owner[labels]], np.uint8)


def _box_mesh(box: CornerBox, crop: _Crop, name: str) -> TexturedMesh:
    """Twelve triangles: the three near faces show the photo, each far one its twin."""
    a, b, c = box.edges
    origin = box.corner
    if np.linalg.det(np.stack([a, b, c])) > 0:
        b, c = c, b
    height, width = crop.alpha.shape
    scale = np.array([crop.cell_px / width, crop.cell_px / height])
    vertices: list[NDArray[np.float64]] = []
    uvs: list[NDArray[np.float64]] = []
    faces: list[tuple[int, int, int]] = []
    for one, two, far in ((a, b, c), (b, c, a), (c, a, b)):
        near = np.stack([origin, origin + one, origin + one + two, origin + two])
        spots = near[:, :2] * scale
        for face, flip in ((near, True), (near + far, False)):
            at = len(vertices) * 4
            vertices.append(face)
            uvs.append(np.column_stack([spots[:, 0], 1 - spots[:, 1]]))
            order = [(0, 2, 1), (0, 3, 2)] if flip else [(0, 1, 2), (0, 2, 3)]
            faces += [(at + i, at + j, at + k) for i, j, k in order]
    points = np.concatenate(vertices) * [1, -1, 1]
    mesh = TexturedMesh(
        vertices=points.astype(np.float32),
        faces=np.array(faces, np.int32),
        uvs=np.clip(np.concatenate(uvs), 0, 1).astype(np.float32),
        texture=_spread_out(crop),
        name=name,
    )
    return _facing_out(mesh)


def _facing_out(mesh: TexturedMesh) -> TexturedMesh:

    corners = mesh.vertices[mesh.faces].astype(np.float64)
    volume = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    if volume < 0:
        return replace(mesh, faces=np.ascontiguousarray(mesh.faces[:, ::-1]))
    return mesh


def _placed(mesh: TexturedMesh, longest_side_m: float) -> TexturedMesh:
    """In metres, standing on y = 0."""

    low, high = mesh.bounds
    scale = longest_side_m / float((high - low).max())
    middle = (low + high) / 2
    shift = np.array([middle[0], low[1], middle[2]], np.float32)
    placed = _facing_out(replace(mesh, vertices=(mesh.vertices - shift) * scale))
    return placed.with_normals()
