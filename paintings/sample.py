"""A photo to try paintings with, drawn on the spot."""

from pathlib import Path

from jobs.toolbox.images import save_jpeg
from paintings.scenery import compose


def write_sample(folder: Path) -> Path:
    scene = compose("landscape", seed=5, width=1440, height=960)
    return save_jpeg(folder / "tree-above-the-valley.jpg", scene.photo, quality=93)
