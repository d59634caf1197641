"""What lesson jobs can be asked for."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from jobs.pipeline import AssetRef, Params
from quizzes.content import QuestionType
from quizzes.engines.scenes.detect import Detector


class ProxyHeight(StrEnum):
    P360 = "360"
    P480 = "480"
    P720 = "720"
    P1080 = "1080"


class Format(StrEnum):
    """What an export can hold."""

    QTI12 = "qti12"
    QTI21 = "qti21"
    MOODLE_XML = "moodle_xml"
    GIFT = "gift"
    H5P = "h5p"
    SCORM = "scorm"
    PDF = "pdf"
    ANKI = "anki"
    CSV = "csv"
    JSON = "json"
    CAPTIONS = "captions"
    CHAPTERS = "chapters"


AudioTrack = Annotated[
    int | None,
    Field(
        ge=0,
        le=63,
        title="Audio track",
        description="Counted from 0; empty takes the default one.",
    ),
]


class IngestParams(Params):
    proxy_height: ProxyHeight = Field(
        default=ProxyHeight.P720,
        title="Proxy height",
        description="The playable copy is at most this high.",
    )
    audio_track: AudioTrack = None


class SceneParams(Params):
    detector: Detector = Field(
        default=Detector.AUTO,
        title="Look for",
        description="Cuts for films, slides for screencasts; auto decides by looking.",
    )
    min_scene_seconds: float = Field(
        default=0.6, ge=0.1, le=60, title="Shortest scene in seconds"
    )


class TranscriptionParams(Params):
    transcript: AssetRef | None = Field(
        default=None,
        title="Own transcript",
        description="SRT, VTT or TXT, used word for word instead of recognition.",
    )
    language: str = Field(
        default="",
        max_length=8,
        title="Language",
        description="Two letters such as en; empty detects it, where the recogniser can.",
    )
    audio_track: AudioTrack = None
    transcription_engine: str = Field(
        default="",
        title="Transcription engine",
        description="openai or local; empty takes the job's.",
    )


class WritingParams(Params):
    title: str = Field(default="", max_length=200, title="Title")
    question_count: int = Field(
        default=0,
        ge=0,
        le=50,
        title="Questions",
        description="0 takes about one a minute, 5 to 20.",
    )
    question_types: tuple[QuestionType, ...] = Field(
        default=tuple(QuestionType), min_length=1, title="Types of questions"
    )
    quiz_engine: str = Field(
        default="",
        title="Quiz engine",
        description="anthropic, openai or local; empty takes the job's.",
    )
    seed: int = Field(
        default=0, title="Seed", description="Another number, other shuffles."
    )


class QuizParams(TranscriptionParams, WritingParams):
    pass


class DocumentParams(Params):
    formats: tuple[Format, ...] = Field(
        default=tuple(Format), min_length=1, title="Formats"
    )
    quiz_video: bool = Field(default=True, title="Video with the questions in it")
    countdown_seconds: int = Field(
        default=8, ge=3, le=60, title="Seconds to think in the video"
    )


class ExportParams(DocumentParams, IngestParams):
    quiz: str = Field(
        default="",
        max_length=36,
        title="Quiz",
        description="Its id; empty takes the newest one of this video.",
    )


class LessonParams(IngestParams, SceneParams, QuizParams, DocumentParams):
    pass
