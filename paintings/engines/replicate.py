"""What Replicate's models do for a painting: depth from a photo, paint from a layer."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from jobs.vendors.replicate import Prediction, Replicate
from jobs.workbench import Purchase, Workbench
from paintings.errors import PaintingRefusedError
from paintings.params import PaintingParams

# A community model: it runs by a version, and the vendor knows which is the latest.
DEPTH_MODEL = "chenxwh/depth-anything-v2"
PAINT_MODEL = "black-forest-labs/flux-dev"
DEPTH_USD = Decimal("0.003")
PAINT_USD = Decimal("0.025")


class Ordered(BaseModel):
    """Predictions that were bought, in the order of what they are for."""

    ids: list[str] = []


def order_depth(bench: Workbench[PaintingParams], picture: Path) -> str:
    return bench.buy(
        purchase_of_depth(),
        lambda key: _start_depth(picture, bench.webhook_url),
    )


def _start_depth(picture: Path, webhook_url: str | None) -> str:
    replicate = Replicate.from_settings()
    return replicate.start(
        f"{DEPTH_MODEL}:{replicate.latest_version(DEPTH_MODEL)}",
        {"model_size": "Large"},
        files={"image": picture},
        webhook_url=webhook_url,
    )


def order_layer(
    bench: Workbench[PaintingParams], picture: Path, number: int, *, mixed: bool
) -> str:
    """Buy one layer's painting; `mixed` keeps the vendor from inventing a scene."""
    params = bench.params
    told: dict[str, Any] = {
        "prompt": prompt(params.painterly_style, part=mixed),
        "prompt_strength": round(0.15 + 0.65 * params.painterly_strength, 3),
        "seed": params.painterly_seed % 2**31,
        "num_outputs": 1,
        "output_format": "png",
        "aspect_ratio": "1:1",
        "go_fast": False,
    }
    return bench.buy(
        purchase_of_layer(number),
        lambda key: Replicate.from_settings().start(
            PAINT_MODEL,
            told,
            files={"image": picture},
            webhook_url=bench.webhook_url,
        ),
    )


def prompt(style: str, *, part: bool) -> str:
    subject = "this part of a picture" if part else "this picture"
    return (
        f"{subject} as a painting in the style of {style}, same composition, "
        "same shapes in the same places, visible handwork, no text, no frame"
    )


def finished(prediction: Prediction) -> bool:
    """Whether it has succeeded; raises when it never will."""
    if not prediction.ended:
        return False
    if prediction.succeeded and prediction.urls and not prediction.forgotten:
        return True
    raise PaintingRefusedError(prediction.error or f"it ended as {prediction.status}")


def purchase_of_depth() -> Purchase:
    return Purchase(vendor="replicate", item="depth", estimate_usd=DEPTH_USD)


def purchase_of_layer(number: int) -> Purchase:
    return Purchase(vendor="replicate", item=f"layer {number}", estimate_usd=PAINT_USD)
