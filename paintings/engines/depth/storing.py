"""A depth field as a file between two steps."""

from pathlib import Path

import numpy as np

from paintings.engines.depth.local import DepthField
from paintings.engines.depth.regions import Regions


def save_field(path: Path, field: DepthField) -> Path:
    np.savez_compressed(
        path,
        near=field.near,
        labels=field.regions.labels,
        plain=field.plain,
        words=np.array([field.engine, field.scene]),
    )
    return path


def load_field(path: Path) -> DepthField:
    with np.load(path) as stored:
        labels = stored["labels"]
        engine, scene = (str(word) for word in stored["words"])
        return DepthField(
            near=stored["near"],
            regions=Regions(labels=labels, count=int(labels.max()) + 1),
            plain=stored["plain"],
            engine=engine,
            scene=scene,
        )
