"""What a painting can be asked for."""

from enum import StrEnum

from django.conf import settings
from pydantic import Field

from jobs.pipeline import AssetRef, Params


class Mode(StrEnum):
    """Whether the layers are left as photographed or painted."""

    PHOTO = "photo-realistic"
    PAINTERLY = "painterly"


def _num_layers() -> int:
    return int(settings.DEFAULT_NUM_LAYERS)


def _style() -> str:
    return str(settings.DEFAULT_PAINTERLY_STYLE)


def _strength() -> float:
    return float(settings.DEFAULT_PAINTERLY_STRENGTH)


def _seed() -> int:
    return int(settings.DEFAULT_PAINTERLY_SEED)


class PaintingParams(Params):
    """One photo, cut into layers by depth."""

    mode: Mode = Field(Mode.PHOTO, title="Mode")
    num_layers: int = Field(
        default_factory=_num_layers,
        ge=2,
        le=5,
        title="Layers",
        description="How many layers, from background to foreground.",
    )
    painterly_style: str = Field(
        default_factory=_style,
        max_length=200,
        title="Style",
        description=(
            "In your own words: oil, impressionist, watercolour, pencil, ink, pastel, "
            "pointillism, smooth, woodcut …"
        ),
    )
    painterly_strength: float = Field(
        default_factory=_strength,
        ge=0,
        le=1,
        title="Strength",
        description="0 keeps the photo, 1 is all paint.",
    )
    painterly_seed: int = Field(
        default_factory=_seed,
        ge=-(2**31),
        le=2**32 - 1,
        title="Seed",
        description="The same seed paints the same strokes.",
    )
    mask: AssetRef | None = Field(
        None,
        title="Subject mask",
        description="A picture, white where the subject in front is.",
    )
    depth_map: AssetRef | None = Field(
        None,
        title="Depth map",
        description="A picture, bright where things are near; replaces the estimate.",
    )
