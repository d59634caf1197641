"""The four styles: typography, colours, tempo, voice and transitions, as plain data."""

from dataclasses import dataclass
from enum import StrEnum

from jobs.toolbox.fonts import Typeface
from jobs.toolbox.speech import Delivery

Colour = tuple[int, int, int]


class StyleName(StrEnum):
    LUXURY = "luxury"
    ENERGETIC = "energetic"
    MINIMAL = "minimal"
    BOLD = "bold"


class Aspect(StrEnum):
    WIDE = "16:9"
    TALL = "9:16"
    SQUARE = "1:1"

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return {"16:9": (1920, 1080), "9:16": (1080, 1920), "1:1": (1080, 1080)}[
            self.value
        ]

    @property
    def label(self) -> str:
        """For file names."""
        return self.value.replace(":", "x")


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one style looks, sounds and moves."""

    name: StyleName
    beats_per_minute: float
    delivery: Delivery
    headline: Typeface
    kicker: Typeface
    caption: Typeface
    button: Typeface
    default_cta: str
    # Half the length of the transition, before and after the cut.
    transition_s: float
    # How loud the bed is beside the voice when nobody speaks.
    music_lufs: float
    # Share of the scene's length that the camera needs to come to rest.
    energy: float


LUXURY = Style(
    name=StyleName.LUXURY,
    beats_per_minute=72,
    delivery=Delivery(pace=0.9, pitch=34, liveliness=45, pause_s=0.42),
    headline=Typeface(family="PlayfairDisplay", weight=500, line_height=1.12),
    kicker=Typeface(family="Jost", weight=400, tracking=0.3, upper=True),
    caption=Typeface(family="Jost", weight=500, tracking=0.01),
    button=Typeface(family="Jost", weight=500, tracking=0.2, upper=True),
    default_cta="Discover more",
    transition_s=0.4,
    music_lufs=-20.0,
    energy=0.5,
)
ENERGETIC = Style(
    name=StyleName.ENERGETIC,
    beats_per_minute=124,
    delivery=Delivery(pace=1.1, pitch=52, liveliness=75, pause_s=0.2),
    headline=Typeface(family="Kanit", weight=800, italic=True, line_height=1.02),
    kicker=Typeface(family="Kanit", weight=600, italic=True, tracking=0.06, upper=True),
    caption=Typeface(family="Kanit", weight=600),
    button=Typeface(family="Kanit", weight=800, italic=True, upper=True, tracking=0.02),
    default_cta="Get yours now",
    transition_s=0.2,
    music_lufs=-18.5,
    energy=1.0,
)
MINIMAL = Style(
    name=StyleName.MINIMAL,
    beats_per_minute=96,
    delivery=Delivery(pace=0.97, pitch=42, liveliness=50, pause_s=0.36),
    headline=Typeface(family="Inter", weight=600, tracking=-0.025, line_height=1.1),
    kicker=Typeface(family="Inter", weight=500, tracking=0.0),
    caption=Typeface(family="Inter", weight=500),
    button=Typeface(family="Inter", weight=600),
    default_cta="See more",
    transition_s=0.3,
    music_lufs=-21.0,
    energy=0.35,
)
BOLD = Style(
    name=StyleName.BOLD,
    beats_per_minute=108,
    delivery=Delivery(pace=1.03, pitch=36, liveliness=65, pause_s=0.3),
    # Anton has one weight; the number is for scripts that it does not have.
    headline=Typeface(family="Anton", weight=800, upper=True, line_height=1.14),
    kicker=Typeface(family="Archivo", weight=800, tracking=0.08, upper=True),
    caption=Typeface(family="Archivo", weight=700),
    button=Typeface(family="Anton", weight=800, upper=True, tracking=0.03),
    default_cta="Get it",
    transition_s=0.23,
    music_lufs=-19.0,
    energy=0.8,
)
_STYLES = {style.name: style for style in (LUXURY, ENERGETIC, MINIMAL, BOLD)}


def style_of(name: StyleName) -> Style:
    return _STYLES[name]
