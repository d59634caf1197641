"""A scan by KIRI Engine: uploaded once, waited for without a worker, fetched with limits."""

import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from pydantic import BaseModel

from jobs.errors import VendorRefusedError
from jobs.pipeline import OutputFile, StageResult, Wait, Workbench
from jobs.toolbox.archives import UnpackLimits, unpack
from jobs.toolbox.fetch import (
    FetchError,
    FetchLimits,
    FetchTooLargeError,
    FetchUnavailableError,
    download,
)
from jobs.vendors import kiri
from jobs.vendors.kiri import KiriClient, Order, Scan, Status
from jobs.workbench import Purchase
from scans.errors import (
    NoModelInArchiveError,
    ScanExpiredError,
    VideoTooHeavyError,
    VideoTooLargeError,
    VideoTooLongError,
)
from scans.facts import CaptureFacts, Method, SourceFacts
from scans.params import ScanParams

MODEL_SUFFIXES = {
    ".usdz": "model_usdz",
    ".glb": "model_glb",
    ".gltf": "model_gltf",
    ".obj": "model_obj",
    ".ply": "model_ply",
    ".stl": "model_stl",
    ".fbx": "model_fbx",
    ".xyz": "model_xyz",
}
MOST_BYTES = 2 * 2**30
UNPACKING = UnpackLimits(max_files=2000, max_bytes=2 * MOST_BYTES)
# A credit's price is not public: one scan is about so much.
PRICE_USD = Decimal("1.00")


class KiriTask(BaseModel):
    """What a scan that waits for KIRI remembers."""

    serialize: str
    started_at: float


def scan(
    bench: Workbench[ScanParams], source: SourceFacts, files: Sequence[Path]
) -> StageResult | Wait:
    """Upload on the first call, ask on the next ones, fetch on the last."""
    client = KiriClient.from_settings()
    task = bench.checkpoint(KiriTask)
    if task is None:
        task = _start(bench, client, source, files)
    status = client.status(task.serialize)
    bench.log(f"{kiri.WORDS[status]} ({task.serialize})")
    if status is Status.SUCCESS:
        return _fetch(bench, client, task, source)
    if status is Status.FAILED:
        raise VendorRefusedError(
            kiri.VENDOR,
            "KIRI could not make a model of this. Film more slowly, from more sides, "
            "with more light; or choose the local engine, which says what is wrong.",
        )
    if status is Status.EXPIRED:
        raise ScanExpiredError(
            kiri.VENDOR,
            "KIRI has deleted this scan already. Start it anew, which buys another, "
            "or choose the local engine.",
        )
    progress = {Status.UPLOADING: 0.2, Status.QUEUING: 0.3}.get(status, 0.5)
    return _wait(task, kiri.WORDS[status], progress)


def _wait(task: KiriTask, reason: str, progress: float) -> Wait:
    return Wait(
        reason=reason,
        checkpoint=task,
        give_up_after=timedelta(minutes=settings.POLLING_TIMEOUT_MINUTES),
        progress=progress,
    )


def _start(
    bench: Workbench[ScanParams],
    client: KiriClient,
    source: SourceFacts,
    files: Sequence[Path],
) -> KiriTask:
    _check(source)
    bench.report(0.02, "Looking at it before it is paid for")
    _look(source, files)
    left = client.balance()
    if left < 1:
        raise VendorRefusedError(
            kiri.VENDOR,
            "The KIRI account has no credit left. Top it up, or scan locally.",
        )
    bench.report(0.05, "Uploading to KIRI")
    order = _order(bench.params)

    def send(our_key: str) -> str:
        if source.video:
            return client.upload_video(files[0], order)
        return client.upload_images(files, order)

    purchase = Purchase(vendor=kiri.VENDOR, item="scan", estimate_usd=PRICE_USD)
    task = KiriTask(serialize=bench.buy(purchase, send), started_at=time.time())
    # Kept at once: another upload would be another scan to pay for.
    bench.save_checkpoint(task)
    return task


def _order(params: ScanParams) -> Order:
    return Order(
        scan=Scan(params.scanType.value),
        model_quality=params.modelQuality,
        texture_quality=params.textureQuality,
        is_mask=params.isMask or 0,
        texture_smoothing=params.textureSmoothing,
        is_mesh=params.isMesh,
        file_format=params.fileFormat.value,
    )


def _check(source: SourceFacts) -> None:
    """What KIRI would refuse is refused before a credit is spent."""
    if not source.video:
        if not kiri.FEWEST_IMAGES <= source.pictures <= kiri.MOST_IMAGES:
            raise VendorRefusedError(
                kiri.VENDOR,
                f"KIRI takes {kiri.FEWEST_IMAGES} to {kiri.MOST_IMAGES} photos, "
                f"not {source.pictures}.",
            )
        return
    if source.size_bytes > MOST_BYTES:
        raise VideoTooHeavyError(size_bytes=source.size_bytes, most_bytes=MOST_BYTES)
    if source.duration_s > kiri.MAX_VIDEO_SECONDS:
        raise VideoTooLongError(seconds=source.duration_s, most=kiri.MAX_VIDEO_SECONDS)
    sides = sorted((source.width_px, source.height_px))
    if sides[1] > max(kiri.MAX_VIDEO_SIDES_PX) or sides[0] > min(
        kiri.MAX_VIDEO_SIDES_PX
    ):
        raise VideoTooLargeError(width_px=source.width_px, height_px=source.height_px)


def _look(source: SourceFacts, files: Sequence[Path]) -> None:
    """What nobody can make a model of, told by a few pictures.

    Whether a thing has marks enough is for KIRI to say: it scans plain things, too.
    """
    # Every process reads this file for its prices; few look at pictures.
    from scans.engines.photogrammetry import frames, photos

    if source.video:
        frames.refuse_at_a_glance(files[0], may_be_plain=True)
    else:
        photos.refuse_at_a_glance(files)


def _fetch(
    bench: Workbench[ScanParams],
    client: KiriClient,
    task: KiriTask,
    source: SourceFacts,
) -> StageResult | Wait:
    bench.report(0.8, "Fetching the model")
    try:
        link = client.model_url(task.serialize)
    except VendorRefusedError as error:
        # It is done and paid for: a link that is not there yet does not spoil it.
        bench.log(error.detail, "warning")
        return _wait(task, "KIRI packs the model", 0.8)
    archive = bench.workdir / "kiri.zip"
    try:
        _download(bench, client, link, archive)
    except (FetchUnavailableError, FetchTooLargeError):
        raise
    except FetchError as error:
        # Links end after an hour; a fresh one costs nothing.
        bench.log(error.detail, "warning")
        _download(bench, client, client.model_url(task.serialize), archive)
    found = unpack(archive, bench.workdir / "kiri", limits=UNPACKING)
    outputs = []
    for file in found:
        role = MODEL_SUFFIXES.get(file.path.suffix.lower())
        if role:
            outputs.append(OutputFile(path=file.path, role=role, published=False))
    if not outputs:
        raise NoModelInArchiveError(names=[file.name for file in found])
    # Materials and textures belong to their model: the archive keeps them together.
    outputs.append(OutputFile(path=archive, role="vendor_archive", published=False))
    bench.spend(Purchase(vendor=kiri.VENDOR, item="scan"), PRICE_USD)
    facts = CaptureFacts(
        method=Method.KIRI,
        # Which pictures of a video KIRI takes it does not tell.
        selected=source.pictures,
        vendor_task=task.serialize,
        seconds=time.time() - task.started_at,
    )
    return StageResult(files=outputs, facts=facts, note="Made by KIRI Engine.")


def _download(
    bench: Workbench[ScanParams], client: KiriClient, link: str, archive: Path
) -> None:
    private = client.base_url.startswith("http://127.")
    # The link carries its own permission: S3 refuses it beside our key.
    download(
        link,
        archive,
        limits=FetchLimits(max_bytes=MOST_BYTES, allow_private=private),
        on_progress=bench.reporter(0.8, 0.95),
    )
