"""A model by one of fal's: put in its queue once, waited for without a worker."""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from django.conf import settings
from pydantic import BaseModel

from jobs.errors import VendorRefusedError, VendorUnavailableError
from jobs.pipeline import Wait, Workbench
from jobs.toolbox import images
from jobs.toolbox.fetch import FetchLimits, download
from jobs.toolbox.meshes.textures import encode_texture
from jobs.vendors import fal
from jobs.vendors.fal import (
    Endpoint,
    FalClient,
    Progress,
    State,
    Task,
    View,
)
from jobs.workbench import Purchase
from scans.endpoints import endpoint_of
from scans.errors import VendorBrokeDownError
from scans.params import ModelParams

# What phones show; some models make half a million when not told.
MOST_TRIANGLES = 50_000
MOST_BYTES = 500 * 2**20
GIVE_UP_AFTER = timedelta(minutes=45)


class FalWait(BaseModel):
    """What a part that waits for fal remembers."""

    task: Task
    logs_seen: int = 0


def options_of(params: ModelParams, endpoint: Endpoint) -> dict[str, Any]:
    seed = {} if params.seed is None else {"seed": params.seed}
    if endpoint.app == "fal-ai/trellis-2":
        # It textures at no less than 1024, and half a million triangles are its default.
        size = max(1024, params.textureSize)
        return {"texture_size": size, "decimation_target": MOST_TRIANGLES, **seed}
    if endpoint.app.startswith("fal-ai/trellis"):
        return {"texture_size": params.textureSize, **seed}
    if endpoint.app.startswith("tripo3d/"):
        # The documented default of `pbr` contradicts itself: it is always said.
        return {"texture": "standard", "pbr": False, **seed}
    if endpoint.app.startswith("fal-ai/hunyuan3d/v2"):
        return {"textured_mesh": True, **seed}
    if endpoint.app.endswith("/rapid/image-to-3d"):
        return {"enable_pbr": False}
    if endpoint.app.startswith(("fal-ai/hunyuan3d-v3", "fal-ai/hunyuan-3d")):
        return {"generate_type": "Normal", "face_count": MOST_TRIANGLES}
    return {"output_format": "glb"}


def view_of(name: str) -> View | None:
    """The side that a file's name says it shows."""
    last = re.split(r"[^a-z]+", PurePath(name).stem.lower())[-1]
    return View(last) if last in set(View) else None


def make(
    bench: Workbench[ModelParams], photos: Sequence[Path], names: Sequence[str] = ()
) -> Path | Wait:
    """The GLB that fal made, or a wait for it; `names` tell which sides are shown."""
    client = FalClient.from_settings()
    endpoint = endpoint_of(bench.params, len(photos))
    waiting = bench.checkpoint(FalWait) or _start(
        bench, client, endpoint, photos, names
    )
    progress = client.progress(waiting.task)
    for log in progress.logs[waiting.logs_seen :]:
        bench.log(log.message, log.level.lower())
    if progress.state is not State.COMPLETED:
        return Wait(
            reason=_reason(progress),
            checkpoint=FalWait(task=waiting.task, logs_seen=len(progress.logs)),
            give_up_after=GIVE_UP_AFTER,
            progress=0.1 if progress.state is State.IN_QUEUE else 0.4,
        )
    answer = _answer(client, waiting.task, progress)
    bench.report(0.7, "Fetching the model")
    target = bench.workdir / "fal.glb"
    download(
        endpoint.model_url(answer),
        target,
        limits=FetchLimits(
            max_bytes=MOST_BYTES,
            allow_private=client.queue_url.startswith("http://127."),
        ),
    )
    bench.spend(_purchase(endpoint), endpoint.price_usd)
    return target


def _answer(client: FalClient, task: Task, progress: Progress) -> dict[str, Any]:
    """What the model answered; a failed request is COMPLETED, too."""
    try:
        answer = client.result(task)
    except VendorUnavailableError as error:
        if not progress.error:
            raise
        # This request has ended, and asking again would get the same answer for ever.
        # What broke down at fal is not charged: it may be sent anew.
        raise VendorBrokeDownError(
            fal.VENDOR,
            f"fal broke down over it ({progress.error_type or 'no kind given'}): "
            f"{progress.error}",
        ) from error
    if progress.error:
        raise VendorRefusedError(fal.VENDOR, f"fal could not do it: {progress.error}")
    return answer


def _reason(progress: Progress) -> str:
    # The position may also grow: it is no countdown.
    if progress.state is State.IN_QUEUE:
        return "In line at fal"
    return "fal is computing the model"


def _purchase(endpoint: Endpoint) -> Purchase:
    return Purchase(
        vendor=fal.VENDOR, item=endpoint.app, estimate_usd=Decimal(endpoint.price_usd)
    )


def _start(
    bench: Workbench[ModelParams],
    client: FalClient,
    endpoint: Endpoint,
    photos: Sequence[Path],
    names: Sequence[str],
) -> FalWait:
    bench.report(0.05, "Sending the photos to fal")
    arguments = endpoint.arguments(
        _pictures(endpoint, photos, names), options_of(bench.params, endpoint)
    )
    sent: list[Task] = []

    def send(our_key: str) -> str:
        sent.append(client.submit(endpoint, arguments, webhook_url=callback_url(bench)))
        return sent[0].request_id

    request_id = bench.buy(_purchase(endpoint), send)
    task = sent[0] if sent else client.task_of(endpoint, request_id)
    waiting = FalWait(task=task)
    bench.save_checkpoint(waiting)
    return waiting


def callback_url(bench: Workbench[ModelParams]) -> str | None:
    """Where fal's signed callbacks are checked; none without a public address."""
    if bench.webhook_url is None:
        return None
    return f"{settings.PUBLIC_URL}/{settings.API_V1_PREFIX}/vendors/fal/webhook"


def _pictures(
    endpoint: Endpoint, photos: Sequence[Path], names: Sequence[str]
) -> dict[View, str] | list[str]:
    """By the sides that their names tell where the model asks for sides."""
    if not endpoint.sides:
        return [_data_uri(path, endpoint) for path in photos]
    by_side: dict[View, str] = {}
    for path, name in zip(photos, names or [path.name for path in photos], strict=True):
        by_side.setdefault(view_of(name) or View.FRONT, _data_uri(path, endpoint))
    return by_side


def _data_uri(path: Path, endpoint: Endpoint) -> str:
    photo = images.decode(path, longest_px=endpoint.most_px).shrunk(endpoint.most_px)
    if min(photo.width_px, photo.height_px) < endpoint.fewest_px:
        raise VendorRefusedError(
            fal.VENDOR,
            f"{path.name} has {photo.width_px}x{photo.height_px} pixels; this model "
            f"takes at least {endpoint.fewest_px} a side.",
        )
    pixels = photo.rgb if photo.alpha is None else np.dstack([photo.rgb, photo.alpha])
    return fal.data_uri(*encode_texture(pixels))


def named_sides(names: Sequence[str]) -> list[list[int]]:
    """Groups of indices: what is named alike but for its side is one object, front first."""
    heaps: dict[tuple[str, int], list[int]] = {}
    for index, name in enumerate(names):
        view = view_of(name)
        stem = PurePath(name).stem.lower()
        if view is None:
            heaps[stem, index] = [index]
            continue
        heaps.setdefault((stem.removesuffix(view), -1), []).append(index)
    order = list(View)

    def side(index: int) -> int:
        view = view_of(names[index])
        return 0 if view is None else order.index(view)

    return [sorted(heap, key=side) for heap in heaps.values()]


def cancel(bench: Workbench[ModelParams]) -> None:
    """Tell fal to stop; a request that runs already may still be charged."""
    waiting = bench.checkpoint(FalWait)
    if waiting is not None:
        FalClient.from_settings().cancel(waiting.task)
