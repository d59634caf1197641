"""The plain alternative: pycolmap with its defaults on as many frames, evenly taken.

Extraction, exhaustive matching and incremental mapping as a first script of pycolmap's
documentation runs them; only then are its poses compared with the product's.
"""

import json
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scans_grading import similarity
from benchmarks.scans_scenes import Film

Doubles = NDArray[np.float64]


def evenly_taken(scene: Film, count: int, folder: Path) -> list[int]:
    """Write frames of the film, every n-th; returns their places."""
    import av

    wanted = np.unique(
        np.linspace(0, len(scene.cameras) - 1, count).round().astype(int)
    )
    folder.mkdir(parents=True)
    with av.open(str(scene.path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                frame.to_image().save(folder / f"{index:06d}.png")
    return [int(index) for index in wanted]


def align_plainly(scene: Film, count: int, folder: Path) -> dict[str, Any]:
    """What pycolmap makes of the film by itself: seconds, and cameras by frame."""
    # What a run before was stopped over is begun anew: its seconds would be missing.
    shutil.rmtree(folder, ignore_errors=True)
    images = folder / "images"
    evenly_taken(scene, count, images)
    started = time.monotonic()
    # A process of its own: pycolmap shadows zlib's symbols.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scans_rival", str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds = time.monotonic() - started
    # JSON written by `work` below.
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": seconds, "centres": told["centres"]}


def compared(
    scene: Film, folder: Path, ours: Mapping[int, Doubles], ours_s: float, selected: int
) -> dict[str, Any]:
    """Both ways side by side: cameras placed, how far off they are, seconds."""
    plain = align_plainly(scene, selected, folder)
    theirs = {
        int(name.split(".")[0]): np.array(centre)
        for name, centre in plain["centres"].items()
    }
    return {
        "pictures": selected,
        "registered": len(ours),
        "registered_plain": len(theirs),
        "pose_error_percent": _error_percent(scene, ours),
        "pose_error_percent_plain": _error_percent(scene, theirs),
        "seconds": round(ours_s, 1),
        "seconds_plain": round(plain["seconds"], 1),
        "times_faster": round(plain["seconds"] / ours_s, 2),
    }


def _error_percent(scene: Film, centres: Mapping[int, Doubles]) -> float | None:
    """Root mean square of the cameras' misses, in per cent of the longest side."""
    if len(centres) < 3:
        return None
    own = np.array(list(centres.values()))
    true = np.array([scene.cameras[index].centre for index in centres])
    misses = np.linalg.norm(similarity(own, true).apply(own) - true, axis=1)
    share = np.sqrt((misses**2).mean()) / scene.shape.longest_side
    return round(100 * float(share), 4)


def work(folder: Path) -> dict[str, Sequence[float]]:
    # pycolmap carries its own zlib: Python's must be bound before it is imported.
    zlib.compress(b"bound")
    import pycolmap

    database, sparse = folder / "database.db", folder / "sparse"
    sparse.mkdir()
    pycolmap.extract_features(database, folder / "images")
    pycolmap.match_exhaustive(database)
    models = pycolmap.incremental_mapping(database, folder / "images", sparse)
    if not models:
        return {}
    best = max(models.values(), key=lambda model: model.num_reg_images())
    images = [best.images[index] for index in best.reg_image_ids()]
    return {image.name: image.projection_center().tolist() for image in images}


if __name__ == "__main__":
    centres = work(Path(sys.argv[1]))
    sys.stdout.write("\n" + json.dumps({"centres": centres}) + "\n")
