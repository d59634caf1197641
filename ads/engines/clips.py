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
from jobs.vendors.replicate import Replicate
from jobs.workbench import Purchase, Workbench

# What the start picture is called, model by model; all others call it “image”.
_START_KEYS = {
    "minimax/video-01": "first_frame_image",
    "kwaivgi/kling-v2.1": "start_image",
    "kwaivgi/kling-v2.1-master": "start_image",
    "kwaivgi/kling-v2.5-turbo-pro": "start_image",
}


class ClipOrder(BaseModel):
    """The prediction that a stage waits for."""

    prediction: str = ""
    # How many were made in vain: each new one is a purchase of its own.
    failures: int = 0


def clip_backdrop(bench: Workbench[AdParams], plan: ScenePlan) -> Path | Wait:
    """The clip of a scene once it is there; till then, a wait."""
    from django.conf import settings

    client = Replicate.from_settings()
    order = bench.checkpoint(ClipOrder) or ClipOrder()
    again = f", try {order.failures + 1}" if order.failures else ""
    purchase = Purchase(
        vendor="replicate",
        item=f"clip of scene {plan.scene.index}{again}",
        estimate_usd=Decimal(str(settings.REPLICATE_VIDEO_USD)),
    )
    model = settings.REPLICATE_VIDEO_MODEL

    def send(key: str) -> str:
        return client.start(
            model,
            _order(model, plan, seed=bench.params.seed),
            files={
                _START_KEYS.get(model, "image"): _start_picture(plan, bench.workdir)
            },
            webhook_url=bench.webhook_url,
        )

    number = order.prediction or bench.buy(purchase, send)
    order = ClipOrder(prediction=number, failures=order.failures)
    bench.save_checkpoint(order)
    told = client.look(number)
    if not told.ended:
        return Wait(
            reason=f"Replicate makes the backdrop of scene {plan.scene.index}",
            checkpoint=order,
        )
    if not told.succeeded or not told.urls:
        bench.save_checkpoint(ClipOrder(failures=order.failures + 1))
        reason = told.error or f"the prediction is {told.status.value}"
        raise ClipFailedError(scene=plan.scene.index, reason=reason)
    bench.spend(purchase, purchase.estimate_usd)
    return client.download(told.urls[0], bench.workdir / "clip.mp4")


def cancel_clip(bench: Workbench[AdParams]) -> None:
    """Stop a clip that nobody waits for any more."""
    order = bench.checkpoint(ClipOrder)
    if order is not None and order.prediction:
        Replicate.from_settings().cancel(order.prediction)


def _start_picture(plan: ScenePlan, folder: Path) -> Path:
    path = folder / "stage.png"
    cv2.imwrite(str(path), cv2.cvtColor(empty_stage(plan), cv2.COLOR_RGB2BGR))
    return path


def _order(model: str, plan: ScenePlan, *, seed: int) -> dict[str, Any]:
    order: dict[str, Any] = {"prompt": _prompt(plan.scene, plan.style)}
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
