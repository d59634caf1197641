"""What a scan's and a model's steps tell the steps after them."""

from enum import StrEnum

from pydantic import BaseModel, Field


class Method(StrEnum):
    """How a model was made; said plainly in every result."""

    PHOTOGRAMMETRY = "photogrammetry"
    KIRI = "kiri"
    FAL = "fal"
    INFLATED = "single_photo_inflated"
    BOX = "single_photo_box"
    CYLINDER = "single_photo_cylinder"
    LATHE = "single_photo_lathe"


class SourceFacts(BaseModel):
    """What was handed in, after a look inside."""

    video: bool
    pictures: int = 0
    duration_s: float = 0.0
    width_px: int = 0
    height_px: int = 0
    size_bytes: int = 0


class LeftOut(BaseModel):
    """How many pictures were not used, and why."""

    too_blurred: int = 0
    too_dark: int = 0
    too_alike: int = 0
    not_placed: int = 0
    other_shape: int = 0


class CaptureFacts(BaseModel):
    """Which pictures are used, or that a vendor did it all."""

    method: Method
    selected: int = 0
    looked_at: int = 0
    left_out: LeftOut = LeftOut()
    turntable: bool = False
    vendor_task: str = ""
    seconds: float = 0.0


class PosesFacts(BaseModel):
    registered: int
    reprojection_px: float
    focal_px: float
    points: int
    seconds: float


class DepthFacts(BaseModel):
    points: int
    agreement: float
    ground_found: bool
    seconds: float


class MeshFacts(BaseModel):
    triangles: int
    watertight: bool
    seconds: float


class TextureFacts(BaseModel):
    texture_px: int
    coverage: float
    seconds: float


class PublishedFacts(BaseModel):
    """What the job's result shows."""

    method: Method
    views: dict[str, int] = Field(default_factory=dict)
    triangles: int = 0
    texture_px: int = 0
    formats: list[str] = Field(default_factory=list)
    usdz_faults: list[str] = Field(default_factory=list)
    size_m: list[float] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
