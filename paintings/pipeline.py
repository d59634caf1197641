"""How a photo becomes layers."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from jobs.errors import RequestError
from jobs.later import Later
from jobs.pipeline import (
    Estimate,
    InputFacts,
    InputRule,
    Kind,
    Pipeline,
    Queue,
    SoFar,
    Step,
)
from jobs.toolbox.images import MIN_SIDE_PX
from paintings.engines import replicate
from paintings.facts import ManifestFacts
from paintings.params import Mode, PaintingParams

if TYPE_CHECKING:
    from paintings import sample, stages
else:
    sample = Later("paintings.sample")
    stages = Later("paintings.stages")

_PAINT = ("painterly_style", "painterly_strength", "painterly_seed")


def _check(params: PaintingParams, inputs: Sequence[InputFacts]) -> None:
    """Refuse at submit what the header of the photo already shows."""
    width, height = inputs[0].width_px, inputs[0].height_px
    if width is not None and height is not None and min(width, height) < MIN_SIDE_PX:
        raise RequestError(
            f"The photo measures only {width} x {height} pixels. Both sides need at "
            f"least {MIN_SIDE_PX}.",
            errors={"inputs": ["This photo is too small."]},
        )


def _is_painterly(so_far: SoFar[PaintingParams]) -> bool:
    return so_far.params.mode == Mode.PAINTERLY


def _megapixels(so_far: SoFar[PaintingParams]) -> float:
    photo = so_far.inputs[0]
    return (photo.width_px or 4000) * (photo.height_px or 3000) / 1e6


def _depth_estimate(so_far: SoFar[PaintingParams], engine: str) -> Estimate:
    if engine == "replicate":
        return Estimate(seconds=20, cost_usd=replicate.DEPTH_USD)
    return Estimate(seconds=1.5 + 0.1 * _megapixels(so_far))


def _layers_estimate(so_far: SoFar[PaintingParams], engine: str) -> Estimate:
    per_layer = 0.8 + 0.3 * _megapixels(so_far)
    return Estimate(seconds=per_layer * so_far.params.num_layers)


def _paint_estimate(so_far: SoFar[PaintingParams], engine: str) -> Estimate:
    layers = so_far.params.num_layers
    if engine == "replicate":
        return Estimate(seconds=60, cost_usd=layers * replicate.PAINT_USD)
    return Estimate(seconds=layers * 2.0 * min(_megapixels(so_far), 3.0))


def _publish_estimate(so_far: SoFar[PaintingParams], engine: str) -> Estimate:
    return Estimate(seconds=0.5 + 0.3 * _megapixels(so_far))


def _summary(so_far: SoFar[PaintingParams]) -> Mapping[str, Any]:
    return so_far.facts("publish", ManifestFacts).model_dump(mode="json")


def _max_running() -> int:
    return int(settings.MAX_CONCURRENT_JOBS)


def _sample(folder: Path) -> list[Path]:
    return [sample.write_sample(folder)]


def _depth_version() -> int:
    """Of our own estimate; another network's results are not this one's either."""
    own = 12
    if not settings.DEPTH_MODEL:
        return own
    network = Path(settings.DEPTH_MODEL)
    size = network.stat().st_size if network.is_file() else 0
    return (own << 32) + zlib.crc32(f"{network.name} {size}".encode())


_TIMEOUT = timedelta(seconds=settings.JOB_TIMEOUT_SECONDS)

PAINTING: Pipeline[PaintingParams] = Pipeline(
    slug="painting",
    title="Painting in depth",
    description=(
        "A photo becomes two to five layers by depth, as photographed or painted, "
        "with what was hidden filled in; to be moved, edited and walked around."
    ),
    params=PaintingParams,
    inputs=InputRule(kinds=frozenset({Kind.IMAGE})),
    home_project="paintings",
    check=_check,
    max_running=_max_running,
    summarize=_summary,
    sample=_sample,
    sample_params={"mode": Mode.PAINTERLY.value, "painterly_strength": 0.9},
    steps=(
        Step(
            name="check",
            run=stages.check_photo,
            title="Look at the photo",
            weight=0.3,
            timeout=_TIMEOUT,
            uses=(),
        ),
        Step(
            name="depth",
            run=stages.tell_depth,
            title="Tell near from far",
            version=_depth_version(),
            engines=("replicate", "local"),
            timeout=_TIMEOUT,
            uses=("depth_map",),
            cancel=stages.stop_vendor,
            estimate=_depth_estimate,
        ),
        Step(
            name="layers",
            run=stages.cut_layers,
            title="Cut and fill layers",
            version=9,
            weight=3,
            timeout=_TIMEOUT,
            uses=("num_layers", "mask"),
            estimate=_layers_estimate,
        ),
        Step(
            name="paint",
            run=stages.paint_layers,
            title="Paint",
            version=4,
            weight=4,
            engines=("replicate", "local"),
            timeout=_TIMEOUT,
            uses=_PAINT,
            when=_is_painterly,
            cancel=stages.stop_vendor,
            estimate=_paint_estimate,
        ),
        Step(
            name="publish",
            run=stages.publish,
            title="Lay out the layers",
            weight=1.5,
            timeout=_TIMEOUT,
            # The manifest names the job: another job's would be wrong.
            cacheable=False,
            estimate=_publish_estimate,
        ),
        Step(
            name="documents",
            run=stages.write_documents,
            title="Files for painting programs",
            weight=1,
            timeout=_TIMEOUT,
        ),
        Step(
            name="previews",
            run=stages.write_previews,
            title="Scene, loop and viewer",
            queue=Queue.CPU,
            weight=2.5,
            timeout=_TIMEOUT,
        ),
    ),
)
