"""One photo of some megapixels through depth, layers and paint, with its time and memory."""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from jobs.toolbox.images import Photo, save_png
from paintings.engines.depth import local
from paintings.engines.layers.cutting import cut
from paintings.engines.layers.peeling import peel
from paintings.engines.painterly.fields import Light
from paintings.engines.painterly.painting import paint_sheet
from paintings.engines.painterly.styles import Style
from paintings.scenery import compose

_LAYERS = 4


def measure() -> None:
    megapixels, style = float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    _warm(style)
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    drawn = compose("landscape", seed=1, width=1200, height=900).photo
    size = (width, round(width * 3 / 4))
    photo = Photo(
        rgb=np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_CUBIC))
    )
    began, cpu = time.monotonic(), time.process_time()
    _run(photo, style)
    told = {
        "bench": "large",
        "megapixels": megapixels,
        "style": style or "photo-realistic",
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(told), flush=True)


def _warm(style: str) -> None:
    """Let machine code be made before the clock runs, as it is in a worker."""
    _run(Photo(rgb=compose("landscape", seed=1, width=160, height=120).photo), style)


def _run(photo: Photo, style: str) -> None:
    field = local.estimate(photo)
    labels, _ = cut(field, _LAYERS)
    light = Light.of(photo.rgb)
    with tempfile.TemporaryDirectory() as folder:
        for sheet in peel(photo, labels, _LAYERS):
            rgba = sheet.rgba
            if style:
                rgba = paint_sheet(
                    rgba,
                    style=Style(style),
                    strength=0.8,
                    seed=42,
                    number=sheet.number,
                    light=light,
                )
            save_png(Path(folder) / f"{sheet.number}.png", rgba)


if __name__ == "__main__":
    measure()
