"""Runs structure-from-motion with pycolmap, in a process of its own.

`python -m scans.engines.photogrammetry.pose_worker order.json` writes poses.npz;
progress goes to standard output, one JSON object a line. Exit code 3: nothing fits;
4: the pictures fit, and show no depth.
"""

import json
import os
import sys
import zlib
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.engines.photogrammetry import stillness

# Threads that wait for each other sleep: where others use the cores, too, waiting
# awake takes ten times as long. Read once, when pycolmap is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# pycolmap carries its own zlib: Python's must be bound before it is imported.
zlib.compress(b"bound")
import pycolmap  # noqa: E402

from scans.engines.photogrammetry.settling import settled, sharpen  # noqa: E402

NOTHING_FITS, NO_DEPTH = 3, 4
# A model of fewer points is none: a camera that turns on the spot gives such.
FEWEST_POINTS = 50
# Where nearly all pairs fit by turning a flat picture, nothing shows how far it is.
FLAT_SHARE = 0.95
# So many of the coarsest features stand in for a picture when pairs are sought.
COARSE_FEATURES = 400
COARSE_MATCHES = 12
NEIGHBOURS_IN_TIME = 3
MOST_PARTNERS = 10


def tell(done: float, doing: str) -> None:
    sys.stdout.write(json.dumps({"done": done, "doing": doing}) + "\n")
    sys.stdout.flush()


def main(order_path: Path) -> int:
    # JSON of PoseOrder.
    order: dict[str, Any] = json.loads(order_path.read_text())
    workdir, images = Path(order["workdir"]), Path(order["images"])
    database = workdir / "database.db"
    database.unlink(missing_ok=True)
    pycolmap.set_random_seed(0)
    tell(0.02, "Looking for marks in the pictures")
    extract(order, database, images)
    if order["shifts"]:
        forget_standing(database, order["shifts"])
    tell(0.35, "Looking for the same marks in other pictures")
    pairs = choose_pairs(database, ordered=order["ordered"])
    match(order, database, workdir, pairs)
    tell(0.65, "Placing the cameras")
    model = place(order, database, images, workdir)
    if model is None or model.num_points3D() < FEWEST_POINTS:
        return NO_DEPTH if flat_share(database) > FLAT_SHARE else NOTHING_FITS
    sharpen(model, images)
    write(settled(model), workdir / "poses.npz")
    tell(1.0, "Cameras placed")
    return 0


def extract(order: dict[str, Any], database: Path, images: Path) -> None:
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = order["threads"]
    options.sift.max_num_features = order["features"]
    # Doubling the picture first finds marks that a video's compression made up.
    options.sift.first_octave = 0 if order["fine"] else -1
    options.sift.peak_threshold = 0.003
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "SIMPLE_RADIAL"
    if order["masks"]:
        reader.mask_path = order["masks"]
    pycolmap.extract_features(
        database,
        images,
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=reader,
        extraction_options=options,
    )


def forget_standing(database: Path, shifts: dict[str, list[list[float]]]) -> None:
    """Keep what moves: a background that stands still says the camera did, too."""
    with pycolmap.Database.open(database) as store:
        pictures = sorted(store.read_all_images(), key=lambda picture: picture.name)
        points = {p.name: store.read_keypoints(p.image_id) for p in pictures}
        kinds = {p.name: store.read_descriptors(p.image_id) for p in pictures}
        found = stillness.standing(
            {
                name: stillness.Marks(
                    places=stillness.steadied(points[name][:, :2], shifts[name]),
                    looks=unit_length(kinds[name].data),
                )
                for name in points
            }
        )
        store.clear_descriptors()
        for picture in pictures:
            moves = ~found[picture.name]
            described = kinds[picture.name]
            described.data = np.ascontiguousarray(described.data[moves])
            store.update_keypoints(picture.image_id, points[picture.name][moves])
            store.write_descriptors(picture.image_id, described)


def unit_length(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    long = descriptors.astype(np.float32)
    lengths = np.linalg.norm(long, axis=1, keepdims=True)
    return np.asarray(long / np.maximum(lengths, 1e-6), np.float32)


def choose_pairs(database: Path, *, ordered: bool) -> list[tuple[str, str]]:
    """Pairs that share something, judged by their coarsest features."""
    names, coarse = [], []
    with pycolmap.Database.open(database) as store:
        for image in sorted(store.read_all_images(), key=lambda image: image.name):
            keypoints = np.asarray(store.read_keypoints(image.image_id))
            descriptors = np.asarray(store.read_descriptors(image.image_id).data)
            # Columns: x, y, and the 2 x 2 shape of the mark.
            scale = np.hypot(keypoints[:, 2], keypoints[:, 4])
            largest = np.argsort(-scale)[:COARSE_FEATURES]
            names.append(image.name)
            coarse.append(unit_length(descriptors[largest]))
    count = len(names)
    votes = np.zeros((count, count), np.int32)
    for a, b in combinations(range(count), 2):
        votes[a, b] = votes[b, a] = mutual_matches(coarse[a], coarse[b])
    pairs = set()
    for a in range(count):
        for b in np.argsort(-votes[a])[:MOST_PARTNERS]:
            if votes[a, b] >= COARSE_MATCHES:
                pairs.add((min(a, int(b)), max(a, int(b))))
        if ordered:
            for step in range(1, NEIGHBOURS_IN_TIME + 1):
                if a + step < count:
                    pairs.add((a, a + step))
    return [(names[a], names[b]) for a, b in sorted(pairs)]


def mutual_matches(a: NDArray[np.float32], b: NDArray[np.float32]) -> int:
    if len(a) < 2 or len(b) < 2:
        return 0
    likeness = a @ b.T
    best_b, best_a = likeness.argmax(axis=1), likeness.argmax(axis=0)
    mutual = best_a[best_b] == np.arange(len(a))
    return int(np.sum(mutual & (likeness.max(axis=1) > 0.86)))


def match(
    order: dict[str, Any], database: Path, workdir: Path, pairs: list[tuple[str, str]]
) -> None:
    listed = workdir / "pairs.txt"
    listed.write_text("".join(f"{a} {b}\n" for a, b in pairs))
    options = pycolmap.FeatureMatchingOptions()
    options.num_threads = order["threads"]
    pairing = pycolmap.ImportedPairingOptions()
    pairing.match_list_path = str(listed)
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.max_error = 3.0
    verification.ransac.random_seed = 0
    pycolmap.match_image_pairs(
        database,
        matching_options=options,
        pairing_options=pairing,
        verification_options=verification,
    )


def flat_share(database: Path) -> float:
    """The share of fitting pairs that one turned or flat picture explains."""
    kinds = pycolmap.TwoViewGeometryConfiguration
    flat = (kinds.PLANAR, kinds.PANORAMIC, kinds.PLANAR_OR_PANORAMIC)
    with pycolmap.Database.open(database) as store:
        _, pairs = store.read_two_view_geometries()
    fitting = [pair.config for pair in pairs if len(pair.inlier_matches)]
    if len(fitting) < NEIGHBOURS_IN_TIME:
        return 0.0
    return sum(config in flat for config in fitting) / len(fitting)


def place(
    order: dict[str, Any], database: Path, images: Path, workdir: Path
) -> "pycolmap.Reconstruction | None":
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = order["threads"]
    options.random_seed = 0
    options.extract_colors = False
    options.min_model_size = 5
    # The last adjustment is our own: on the way there once is enough.
    options.ba_local_max_refinements = 1
    options.ba_global_max_refinements = 2
    # Global adjustment after each growth by a quarter, not by a tenth.
    options.ba_global_frames_ratio = 1.25
    options.ba_global_points_ratio = 1.25
    options.mapper.init_min_tri_angle = 8.0
    target = workdir / "sparse"
    target.mkdir(exist_ok=True)
    count = max(1, len(list(images.glob("*.png"))))
    placed = [0]

    def next_picture() -> None:
        placed[0] += 1
        tell(0.65 + 0.33 * min(1.0, placed[0] / count), "Placing the cameras")

    models = pycolmap.incremental_mapping(
        database, images, target, options=options, next_image_callback=next_picture
    )
    if not models:
        return None
    return max(models.values(), key=lambda model: model.num_reg_images())


def write(model: "pycolmap.Reconstruction", path: Path) -> None:
    images = sorted(
        (model.images[i] for i in model.reg_image_ids()), key=lambda image: image.name
    )
    ids = [i for i, p in model.points3D.items() if p.track.length() >= 3]
    place_of = {point_id: place for place, point_id in enumerate(ids)}
    sees = [
        sorted(
            {
                place_of[point.point3D_id]
                for point in image.points2D
                if point.has_point3D() and point.point3D_id in place_of
            }
        )
        for image in images
    ]
    poses = [image.cam_from_world() for image in images]
    camera = model.cameras[images[0].camera_id]
    focal, x, y, radial = camera.params
    np.savez(
        path,
        names=[image.name for image in images],
        rotations=[pose.rotation.matrix() for pose in poses],
        translations=[pose.translation for pose in poses],
        camera=[camera.width, camera.height, focal, x, y, radial],
        points=[model.points3D[i].xyz for i in ids],
        starts=np.cumsum([0, *map(len, sees)]),
        sees=np.array([place for seen in sees for place in seen], np.int32),
        error=model.compute_mean_reprojection_error(),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
