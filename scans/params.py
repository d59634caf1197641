"""What scans and models can be asked for."""

from enum import StrEnum
from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from jobs.pipeline import AssetRef, Params


class Quality(StrEnum):
    DEFAULT = "default"
    PREVIEW = "preview"


class FileFormat(StrEnum):
    OBJ = "obj"
    FBX = "fbx"
    STL = "stl"
    PLY = "ply"
    GLB = "glb"
    GLTF = "gltf"
    USDZ = "usdz"
    XYZ = "xyz"


class ScanType(StrEnum):
    """How KIRI computes; the local engine knows photo scans."""

    PHOTO = "photo"
    FEATURELESS = "featureless"
    SPLAT = "3dgs"


def labels(*words: str) -> JsonDict:
    """What people read for KIRI's numbers, from 0 on."""
    return {"labels": {str(number): word for number, word in enumerate(words)}}


class ScanParams(Params):
    """The words and numbers are KIRI's: 0 is High and 4K, 3 is Ultra and 8K."""

    videoUrl: str = Field(
        "", title="Video address", max_length=2000,
        description="A public address of the video, instead of an upload.",
    )  # fmt: skip
    fileFormat: FileFormat = Field(
        FileFormat.USDZ, title="File format",
        description="Delivered beside USDZ and GLB.",
    )  # fmt: skip
    modelQuality: Literal[0, 1, 2, 3] = Field(
        0, title="Model quality", description="0 High, 1 Medium, 2 Low, 3 Ultra.",
        json_schema_extra=labels("High", "Medium", "Low", "Ultra"),
    )  # fmt: skip
    textureQuality: Literal[0, 1, 2, 3] = Field(
        0, title="Texture quality", description="0 is 4K, 1 is 2K, 2 is 1K, 3 is 8K.",
        json_schema_extra=labels("4K", "2K", "1K", "8K"),
    )  # fmt: skip
    isMask: Literal[0, 1] | None = Field(
        None, title="Only the thing",
        description=(
            "1 removes the ground and what lies around; 0 keeps the ground that the "
            "thing stands on. Left out, the local engine removes it and KIRI does not."
        ),
        json_schema_extra=labels("Off", "On"),
    )  # fmt: skip
    textureSmoothing: Literal[0, 1] = Field(
        0, title="Smooth the texture", description="1 blends the views softly.",
        json_schema_extra=labels("Off", "On"),
    )  # fmt: skip
    quality: Quality = Field(
        Quality.DEFAULT, title="Effort",
        description="A preview is rough and done in about a minute.",
    )  # fmt: skip
    scanType: ScanType = Field(ScanType.PHOTO, title="Kind of scan (KIRI)")
    isMesh: Literal[0, 1] = Field(
        0, title="Mesh from splats (KIRI)",
        description="With 3dgs: 1 also makes a mesh.",
        json_schema_extra=labels("Off", "On"),
    )  # fmt: skip
    longestSideMeters: float = Field(
        0.3, title="Longest side", gt=0.001, le=100.0,
        description="How large the thing is, in metres: pictures do not tell.",
    )  # fmt: skip

    @property
    def keeps_ground(self) -> bool:
        return self.isMask == 0


class FalModel(StrEnum):
    TRIPOSR = "triposr"
    TRELLIS = "trellis"
    TRELLIS_MULTI = "trellis_multi"
    TRELLIS_2 = "trellis_2"
    TRIPO = "tripo"
    TRIPO_MULTIVIEW = "tripo_multiview"
    HUNYUAN = "hunyuan3d"
    HUNYUAN_TURBO = "hunyuan3d_turbo"
    HUNYUAN_MULTIVIEW = "hunyuan3d_multiview"
    HUNYUAN_V3 = "hunyuan3d_v3"
    HUNYUAN_PRO = "hunyuan3d_pro"
    HUNYUAN_RAPID = "hunyuan3d_rapid"


class Shape(StrEnum):
    """How the local engine closes the side that the photo does not show."""

    AUTO = "auto"
    INFLATED = "inflated"
    BOX = "box"
    CYLINDER = "cylinder"
    LATHE = "lathe"


class ModelParams(Params):
    """How photos become models."""

    model: FalModel = Field(
        FalModel.TRELLIS,
        title="Model (fal)",
        description=(
            "Which of fal's models does it. Those of several views take photos whose "
            "names end in front, back, left or right as one object."
        ),
    )
    textureSize: Literal[512, 1024, 2048] = Field(1024, title="Texture size")
    seed: int | None = Field(None, title="Seed", ge=0, le=2**31 - 1)
    group: bool = Field(
        True, title="Group photos",
        description="Photos of one object from several sides make one model.",
    )  # fmt: skip
    shape: Shape = Field(Shape.AUTO, title="Shape (local)")
    thickness: float = Field(
        1.0, title="Thickness (local)", ge=0.1, le=3.0,
        description="How deep the unseen side goes: 1 is as deep as the outline is wide.",
    )  # fmt: skip
    mask: AssetRef | None = Field(
        None, title="Mask", description="An image whose white part is the subject."
    )
    longestSideMeters: float = Field(0.3, title="Longest side", gt=0.001, le=100.0)
