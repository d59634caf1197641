"""The two pipelines of this room: `scan` and `model`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
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
from jobs.toolbox.fetch import UrlRefusedError, check_url
from scans.endpoints import endpoint_of
from scans.engines.kiri import PRICE_USD
from scans.errors import WHY_NO_FBX
from scans.facts import PublishedFacts
from scans.params import FileFormat, ModelParams, Quality, ScanParams

if TYPE_CHECKING:
    from scans import model_stages, sample, stages
else:
    model_stages = Later("scans.model_stages")
    sample = Later("scans.sample")
    stages = Later("scans.stages")

MOST_PHOTOS = 300


def check_scan(params: ScanParams, inputs: Sequence[InputFacts]) -> None:
    """One video, or photos, or an address: found out before anything is queued."""
    videos = [one for one in inputs if one.kind is Kind.VIDEO]
    if params.videoUrl and inputs:
        raise RequestError(
            "Send either a video address or an upload, not both.",
            errors={"videoUrl": ["An upload was given, too."]},
        )
    if params.videoUrl:
        try:
            check_url(params.videoUrl, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        except UrlRefusedError as error:
            raise RequestError(
                error.detail, errors={"videoUrl": [error.detail]}
            ) from error
    elif not inputs:
        detail = "Send a video, at least 8 photos, or the address of a video."
        raise RequestError(detail, errors={"videoUrl": [detail]})
    if params.fileFormat is FileFormat.FBX and not settings.KIRI_API_KEY:
        raise RequestError(WHY_NO_FBX, errors={"fileFormat": [WHY_NO_FBX]})
    if videos and len(inputs) > 1:
        detail = "Send one video, or photos alone."
        raise RequestError(detail, errors={"inputs": [detail]})


def is_local(so_far: SoFar[ScanParams]) -> bool:
    return so_far.engine("capture") == "local"


def _takes(seconds: float) -> Any:
    """An estimate of a local step on two cores; a preview takes a quarter."""

    def estimate(so_far: SoFar[ScanParams], engine: str) -> Estimate:
        share = 0.25 if so_far.params.quality is Quality.PREVIEW else 1.0
        return Estimate(seconds=seconds * share)

    return estimate


def _capture_takes(so_far: SoFar[ScanParams], engine: str) -> Estimate:
    if engine == "kiri":
        return Estimate(seconds=900, cost_usd=Decimal(PRICE_USD))
    return Estimate(seconds=15)


def summarize(so_far: SoFar[ScanParams]) -> Mapping[str, Any]:
    return so_far.facts("publish", PublishedFacts).model_dump(mode="json")


SCAN = Pipeline(
    slug="scan",
    title="3D scan",
    description=(
        "A video walked around a thing, or photos of it from all sides, become one "
        "textured 3D model: USDZ for phones, GLB for everything else."
    ),
    params=ScanParams,
    inputs=InputRule(
        kinds=frozenset({Kind.VIDEO, Kind.IMAGE}), at_least=0, at_most=MOST_PHOTOS
    ),
    home_project="scans",
    check=check_scan,
    summarize=summarize,
    sample=sample.walk_around,
    sample_params={"quality": "preview"},
    steps=(
        Step(
            name="source", title="Open the video", run=stages.open_source,
            queue=Queue.IO, weight=0.3, uses=("videoUrl",), cacheable=False,
        ),
        Step(
            name="capture", title="Choose pictures", run=stages.capture,
            engines=("kiri", "local"), version=2, weight=1.5,
            timeout=timedelta(hours=1), estimate=_capture_takes,
        ),
        Step(
            name="poses", title="Place the cameras", run=stages.place_cameras,
            version=4, weight=4, when=is_local, uses=("modelQuality", "quality"),
            estimate=_takes(45),
        ),
        Step(
            name="depth", title="Measure depth", run=stages.measure_depth, version=4,
            weight=6, when=is_local, uses=("modelQuality", "quality"),
            timeout=timedelta(hours=2), estimate=_takes(80),
        ),
        Step(
            name="mesh", title="Build the surface", run=stages.build_mesh, version=5,
            weight=2, when=is_local, uses=("modelQuality", "quality", "isMask"),
            estimate=_takes(25),
        ),
        Step(
            name="texture", title="Paint the surface", run=stages.paint, version=3,
            weight=3, when=is_local, estimate=_takes(40),
        ),
        Step(
            name="publish", title="Write the files", run=stages.publish,
            weight=1.5, estimate=_takes(15),
        ),
    ),
)  # fmt: skip


def _model_takes(so_far: SoFar[ModelParams], engine: str) -> Estimate:
    photos = max(1, len(so_far.inputs))
    if engine == "fal":
        endpoint = endpoint_of(so_far.params, 1)
        return Estimate(seconds=60, cost_usd=endpoint.price_usd * photos)
    return Estimate(seconds=4.0 * photos)


def summarize_models(so_far: SoFar[ModelParams]) -> Mapping[str, Any]:
    from scans.model_stages import ModelsFacts

    return so_far.facts("pack", ModelsFacts).model_dump(mode="json")


MODEL = Pipeline(
    slug="model",
    title="3D models from photos",
    description=(
        "Up to 25 photos become 3D models: photos of one object from several sides make "
        "one, every other photo makes its own."
    ),
    params=ModelParams,
    inputs=InputRule(kinds=frozenset({Kind.IMAGE}), at_least=1, at_most=25),
    home_project="models",
    summarize=summarize_models,
    sample=sample.photos,
    steps=(
        Step(
            name="group", title="Group the photos", run=model_stages.group_photos,
            weight=0.5, uses=("group", "model"),
        ),
        Step(
            name="make", title="Make the models", run=model_stages.make_part, version=2,
            engines=("fal", "local"), parts=model_stages.parts_of, weight=6,
            tolerates_failed_parts=True, cancel=model_stages.cancel,
            timeout=timedelta(hours=1), estimate=_model_takes,
        ),
        Step(name="pack", title="Pack the files", run=model_stages.pack, weight=0.5),
    ),
)  # fmt: skip
