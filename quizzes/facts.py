"""What the stages of a lesson tell each other."""

from enum import StrEnum

from quizzes.content import Content, Lesson, Scene, Word


class MediaSummary(Content):
    """What probing found."""

    duration: float
    has_video: bool
    has_audio: bool
    width: int = 0
    height: int = 0
    fps: float = 0.0
    video_codec: str = ""
    audio_codecs: tuple[str, ...] = ()
    audio_languages: tuple[str, ...] = ()
    rotation: int = 0
    variable_frame_rate: bool = False
    subtitles: tuple[str, ...] = ()


class ProxyFacts(Content):
    copied: bool
    filename: str


class Given(StrEnum):
    """Where a transcript that need not be recognised comes from."""

    NONE = ""
    OWN_CUES = "own"
    OWN_TEXT = "own text"
    EMBEDDED = "embedded"


class Interval(Content):
    start: float
    end: float


class Part(Content):
    """A piece of the sound for one recogniser: what it hears, what of that counts."""

    hear: Interval
    own: Interval


class SoundFacts(Content):
    duration: float
    has_sound: bool
    given: Given = Given.NONE
    spoken: tuple[Interval, ...] = ()
    parts: tuple[Part, ...] = ()
    # What stands on the slides, for recognisers to expect.
    vocabulary: tuple[str, ...] = ()


class PartWords(Content):
    """What one part's recogniser heard."""

    part: int
    source: str
    language: str
    words: tuple[Word, ...]


class SceneFacts(Content):
    screencast: bool
    scenes: tuple[Scene, ...]


class CollectedFacts(Content):
    """What is exported: as people left it, not as it was first written."""

    lesson: Lesson
