"""Backdrops by a video model on Replicate: an empty stage is brought to life.

The product is not sent: a video model would redraw it. What is sent is the style's stage
without it, and the product's own pixels are laid over the film that comes back.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
from pydantic import BaseModel

from ads.engines.stage.scene import ScenePlan, empty_stage
from ads.errors import ClipFailedError
from ads.params import AdParams
from ads.script import Scene
from jobs.pipeline import Wait
from jobs.workbench import Purchase, Workbench

# What the start picture is called, model by model; all others call it “image”.
_START_KEYS = {
    "minimax/video-01": "first_frame_image",
    "kwaivgi/kling-v2.1": "start_image",
    "kwaivgi/kling-v2.1-master": "start_image",
    "kwaivgi/kling-v2.5-turbo-pro": "start_image",
}
_ENDED_BADLY = ("failed", "canceled", "aborted")


class ClipOrder(BaseModel):
    """The prediction that a stage waits for."""

    prediction: str


def clip_backdrop(bench: Workbench[AdParams], plan: ScenePlan) -> Path | Wait:
    """The clip of a scene once it is there; till then, a wait."""
    from django.conf import settings
    from jobs.vendors.replicate import ReplicateClient

    client = ReplicateClient.from_settings()
    purchase = Purchase(
        vendor="replicate",
        item=f"clip of scene {plan.scene.index}",
        estimate_usd=Decimal(str(settings.REPLICATE_VIDEO_USD)),
    )
    model = settings.REPLICATE_VIDEO_MODEL

    def send(key: str) -> str:
        start = client.upload(_start_picture(plan, bench.workdir))
        order = _order(model, plan, start, seed=bench.params.seed)
        return client.create(model, order, webhook_url=bench.webhook_url).id

    order = bench.checkpoint(ClipOrder)
    number = order.prediction if order else bench.buy(purchase, send)
    bench.save_checkpoint(ClipOrder(prediction=number))
    told = client.prediction(number)
    if told.status in _ENDED_BADLY:
        raise ClipFailedError(
            scene=plan.scene.index, reason=told.error or f"it was {told.status}"
        )
    if told.status != "succeeded":
        return Wait(
            reason=f"Replicate makes the backdrop of scene {plan.scene.index}",
            checkpoint=ClipOrder(prediction=number),
        )
    bench.spend(purchase, purchase.estimate_usd)
    return client.download(told.file_url(), bench.workdir / "clip.mp4")


def cancel_clip(bench: Workbench[AdParams]) -> None:
    """Stop a clip that nobody waits for any more."""
    from jobs.vendors.replicate import ReplicateClient

    order = bench.checkpoint(ClipOrder)
    if order is not None:
        ReplicateClient.from_settings().cancel(order.prediction)


def _start_picture(plan: ScenePlan, folder: Path) -> Path:
    path = folder / "stage.png"
    cv2.imwrite(str(path), cv2.cvtColor(empty_stage(plan), cv2.COLOR_RGB2BGR))
    return path


def _order(model: str, plan: ScenePlan, start: str, *, seed: int) -> dict[str, Any]:
    order: dict[str, Any] = {
        "prompt": _prompt(plan.scene, plan.style),
        _START_KEYS.get(model, "image"): start,
    }
    if model.startswith(("bytedance/", "kwaivgi/", "wan-video/wan-2.5")):
        order["duration"] = 10 if plan.span.seconds > 6 else 5
    if model.startswith("bytedance/"):
        order |= {"resolution": "1080p", "seed": seed}
    if model == "bytedance/seedance-2.0":
        order["generate_audio"] = False
    return order


def _prompt(scene: Scene, style: str) -> str:
    return (
        f"An empty {style} studio set, {scene.mood} mood, slow {scene.camera.value} of "
        "the light alone. The camera does not move. Nothing enters the picture: no "
        "objects, no people, no letters. Soft, seamless, cinematic."
    )
