"""What the steps tell one another, and the manifest that tells the user."""

from typing import Any

from pydantic import BaseModel

_NAMES = {
    2: ("background", "foreground"),
    3: ("background", "midground", "foreground"),
    4: ("background", "midground_far", "midground_near", "foreground"),
    5: (
        "background",
        "midground_far",
        "midground",
        "midground_near",
        "foreground",
    ),
}


def layer_name(number: int, count: int) -> str:
    """What the layer with this number (0 is the hindmost) is called."""
    return _NAMES[count][number]


def layer_file(number: int, count: int) -> str:
    return f"Layer_{number + 1}_{layer_name(number, count)}.png"


class PhotoFacts(BaseModel):
    """The photo as it was decoded."""

    width: int
    height: int
    format: str
    colour_profile: bool
    seconds: float


class DepthFacts(BaseModel):
    """Where the depth came from."""

    engine: str
    scene: str
    seconds: float


class LayersFacts(BaseModel):
    """How near each sheet is (0 far, 1 near), the hindmost first."""

    nearness: list[float]
    ranges: list[tuple[float, float]]
    seconds: float


class PaintFacts(BaseModel):
    """How the sheets were painted."""

    engine: str
    style: str
    seconds: float


class BoundingBox(BaseModel):
    x: int
    y: int
    width: int
    height: int


class LayerFacts(BaseModel):
    """One layer in the manifest."""

    name: str
    file: str
    order: int
    width: int
    height: int
    size_bytes: int
    depth_range: tuple[float, float]
    bounding_box: BoundingBox


class ManifestFacts(BaseModel):
    """All that manifest.json says."""

    job_id: str
    layer_count: int
    mode: str
    width: int
    height: int
    layers: list[LayerFacts]
    composite: list[str]
    depth_map: str
    engine: dict[str, str]
    params: dict[str, Any]
    timings: dict[str, float]


class FilesFacts(BaseModel):
    """How long the files for other programs took."""

    seconds: float
