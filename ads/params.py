"""What an ad can be asked for."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from ads.script import plain
from ads.styles import Aspect, StyleName
from jobs.pipeline import AssetRef, Params

EngineName = Literal[
    "", "auto", "local", "anthropic", "elevenlabs", "openai", "replicate"
]


class AdParams(Params):
    product_name: str = Field(
        min_length=1, max_length=500, description="What is sold, as it is called."
    )
    style: StyleName = Field(StyleName.LUXURY, description="How it looks and sounds.")
    cta_text: str = Field(
        "",
        max_length=80,
        title="Call to action",
        description="What the viewer should do; empty: the style's own words.",
    )
    features: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(
        default_factory=list,
        max_length=8,
        description="What may be said of the product. Nothing else is promised.",
    )
    aspect: list[Aspect] = Field(
        default_factory=lambda: [Aspect.WIDE],
        min_length=1,
        max_length=3,
        description="Shapes of the picture; one video is made for each.",
    )
    duration: Literal[6, 15, 30, 60] = Field(30, description="Length in seconds.")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="Another number, another ad.")
    captions: bool = Field(True, description="Write what is said into the picture.")
    logo: AssetRef | None = Field(None, description="A logo for the end card.")
    webm: bool = Field(True, description="Make a WebM beside the MP4.")
    webm_size: Literal[720, 1080] = Field(
        1080,
        title="WebM size",
        description="The WebM's shorter side in pixels; the MP4 always has 1080.",
    )
    script_engine: EngineName = Field("", description="Who writes the script.")
    voice_engine: EngineName = Field("", description="Who speaks.")
    video_engine: EngineName = Field("", description="Who makes the backdrops.")

    @field_validator("aspect", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("aspect")
    @classmethod
    def _each_once(cls, value: list[Aspect]) -> list[Aspect]:
        return list(dict.fromkeys(value))

    @field_validator("features", mode="before")
    @classmethod
    def _lines_or_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [line.strip() for line in value.splitlines() if line.strip()]
        return value

    @field_validator("product_name", "cta_text")
    @classmethod
    def _plain(cls, value: str) -> str:
        kept = plain(value)
        if value and not kept:
            raise ValueError("it holds nothing that can be read")
        return kept
