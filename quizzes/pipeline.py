"""How lessons run: take in, find scenes, transcribe, ask, export; each alone or all together."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings

from jobs.errors import RequestError
from jobs.pipeline import (
    Estimate,
    InputFacts,
    InputRule,
    Kind,
    Pipeline,
    SoFar,
    Step,
)
from quizzes import recording, sample
from quizzes.content import Quiz
from quizzes.facts import MediaSummary
from quizzes.params import (
    ExportParams,
    IngestParams,
    LessonParams,
    QuizParams,
    SceneParams,
    TranscriptionParams,
)
from quizzes.stages import exports, ingest, scenes, transcription, writing

_LONG = timedelta(hours=4)
_QUIET = timedelta(minutes=20)
# Raised with every change to what the local recognisers hear.
_HEARING = 3
_RECORDING = InputRule(kinds=frozenset({Kind.VIDEO, Kind.AUDIO}))
_VIDEO = InputRule(kinds=frozenset({Kind.VIDEO}))


def _seconds(share: float) -> Any:
    """An estimate as a share of the lesson's length; each step has its own."""

    def estimate(so_far: SoFar[Any], engine: str) -> Estimate:
        return Estimate(seconds=2.0 + share * _duration(so_far))

    return estimate


def _duration(so_far: SoFar[Any]) -> float:
    return sum(facts.duration_s or 0.0 for facts in so_far.inputs)


def _hearing(so_far: SoFar[Any], engine: str) -> Estimate:
    duration_s = _duration(so_far)
    if engine != "openai":
        return Estimate(seconds=5 + 0.2 * duration_s)
    cost = transcription.estimate_hearing_usd(duration_s)
    return Estimate(seconds=10 + 0.05 * duration_s, cost_usd=cost)


def hearing_version() -> int:
    """Another recogniser hears something else: what one heard is not the next one's."""
    models = f"{settings.WHISPER_MODEL} {settings.OPENAI_TRANSCRIPTION_MODEL}"
    return (_HEARING << 32) + zlib.crc32(models.encode())


def _asking(so_far: SoFar[Any], engine: str) -> Estimate:
    return Estimate(
        seconds=5.0 if engine == "local" else 40.0,
        cost_usd=writing.estimate_usd(so_far, engine),
    )


def _has_picture(so_far: SoFar[Any]) -> bool:
    return so_far.facts("probe", MediaSummary).has_video


def _has_sound(so_far: SoFar[Any]) -> bool:
    return so_far.facts("probe", MediaSummary).has_audio


_PROBE = Step(
    name="probe",
    run=ingest.look_into,
    title="Look into the file",
    weight=0.2,
    uses=("audio_track",),
    record=recording.record_media,
    estimate=_seconds(0.0),
)
_PROXY = Step(
    name="proxy",
    run=ingest.make_playable,
    title="Make it playable",
    weight=3,
    timeout=_LONG,
    uses=("proxy_height", "audio_track"),
    estimate=_seconds(0.15),
)
_PICTURES = Step(
    name="pictures",
    run=ingest.make_pictures,
    title="Take stills",
    uses=(),
    when=_has_picture,
    estimate=_seconds(0.02),
)
_WAVEFORM = Step(
    name="waveform",
    run=ingest.make_waveform,
    title="Draw the sound",
    weight=0.3,
    uses=(),
    when=_has_sound,
    estimate=_seconds(0.005),
)
_SOUND = Step(
    name="sound",
    run=transcription.prepare_sound,
    title="Listen for speech",
    timeout=_LONG,
    uses=("transcript", "audio_track"),
    estimate=_seconds(0.02),
)
_TRANSCRIBE: Step[Any] = Step(
    name="transcribe",
    run=transcription.hear_part,
    version=hearing_version(),
    title="Write down what is said",
    weight=5,
    timeout=_LONG,
    quiet_limit=_QUIET,
    engines=("openai", "local"),
    engine_param="transcription_engine",
    uses=("language",),
    parts=transcription.parts_to_hear,
    estimate=_hearing,
)
_TRANSCRIPT = Step(
    name="transcript",
    run=transcription.write_transcript,
    title="Put the transcript together",
    weight=0.3,
    uses=("language",),
    record=recording.record_transcript,
    estimate=_seconds(0.0),
)
_SCENES = Step(
    name="scenes",
    run=scenes.find_scenes,
    title="Find scenes and slides",
    weight=3,
    timeout=_LONG,
    uses=("detector", "min_scene_seconds"),
    record=recording.record_scenes,
    estimate=_seconds(0.06),
)
_CHAPTERS = Step(
    name="chapters",
    run=scenes.write_chapters,
    title="Write chapters",
    weight=0.3,
    uses=(),
    estimate=_seconds(0.005),
)
_QUIZ: Step[Any] = Step(
    name="quiz",
    run=writing.write_quiz,
    title="Write the questions",
    engines=("anthropic", "openai", "local"),
    engine_param="quiz_engine",
    uses=("title", "question_count", "question_types", "seed"),
    record=recording.record_quiz,
    estimate=_asking,
)
_COLLECT = Step(
    name="collect",
    run=exports.collect,
    title="Read the quiz as it is now",
    weight=0.1,
    # Rows that people edit are read here: nothing else says when they changed.
    cacheable=False,
    after_review=True,
    estimate=_seconds(0.0),
)
_DOCUMENTS = Step(
    name="documents",
    run=exports.write_documents,
    title="Write the files",
    uses=("formats",),
    estimate=_seconds(0.005),
)
_QUIZ_VIDEO = Step(
    name="quiz_video",
    run=exports.render_video,
    title="Render the quiz video",
    weight=4,
    timeout=_LONG,
    quiet_limit=_QUIET,
    uses=("quiz_video", "countdown_seconds"),
    estimate=_seconds(0.15),
)
_ARCHIVE = Step(
    name="archive",
    run=exports.pack,
    title="Pack everything",
    weight=0.2,
    uses=(),
    estimate=_seconds(0.0),
)


# What several pipelines do alike.
_TAKE_IN = (_PROBE, _PROXY, _PICTURES, _WAVEFORM)
_HEAR = (_SOUND, _TRANSCRIBE, _TRANSCRIPT)
_LOOK = (_SCENES, _CHAPTERS)
_WRITE_OUT = (_DOCUMENTS, _QUIZ_VIDEO, _ARCHIVE)


def _check_types(params: Any, inputs: Sequence[InputFacts]) -> None:
    if len(set(params.question_types)) != len(params.question_types):
        raise RequestError(
            "A type of question is named twice.",
            errors={"question_types": ["Name each type once."]},
        )


def _lesson_summary(so_far: SoFar[Any]) -> Mapping[str, Any]:
    written = so_far.facts("quiz", Quiz).questions
    return {**_summary(so_far), "questions": len(written)}


def _summary(so_far: SoFar[Any]) -> Mapping[str, Any]:
    facts = so_far.facts("probe", MediaSummary)
    return {
        "duration": facts.duration,
        "width": facts.width,
        "height": facts.height,
        "video_codec": facts.video_codec,
        "audio_codecs": list(facts.audio_codecs),
        "rotation": facts.rotation,
        "variable_frame_rate": facts.variable_frame_rate,
    }


INGEST: Pipeline[IngestParams] = Pipeline(
    slug="ingest",
    title="Take a lesson in",
    description="A copy that plays in every browser, a poster, stills and a waveform.",
    params=IngestParams,
    inputs=_RECORDING,
    steps=_TAKE_IN,
    summarize=_summary,
    sample=sample.make_quick_sample,
)
SCENE_DETECTION: Pipeline[SceneParams] = Pipeline(
    slug="scene_detection",
    title="Find scenes and slides",
    description="Cuts, fades, dissolves and new slides, with stills and chapters.",
    params=SceneParams,
    inputs=_VIDEO,
    steps=_LOOK,
    sample=sample.make_quick_sample,
)
TRANSCRIPTION: Pipeline[TranscriptionParams] = Pipeline(
    slug="transcription",
    title="Transcribe speech",
    description="What is said, with the time of every word, as SRT, VTT, text and JSON.",
    params=TranscriptionParams,
    inputs=_RECORDING,
    steps=_HEAR,
    sample=sample.make_sample,
)
QUIZ: Pipeline[QuizParams] = Pipeline(
    slug="quiz",
    title="Write a quiz",
    description="Questions from what a lesson says, each with the moment that answers it.",
    params=QuizParams,
    inputs=_RECORDING,
    steps=(*_HEAR, _QUIZ),
    check=_check_types,
    sample=sample.make_sample,
)
EXPORT: Pipeline[ExportParams] = Pipeline(
    slug="export",
    title="Export a quiz",
    description="QTI, Moodle, GIFT, H5P, SCORM, PDF, Anki, CSV and a video with questions.",
    params=ExportParams,
    inputs=_RECORDING,
    steps=(_PROBE, _COLLECT, _PROXY, *_WRITE_OUT),
    summarize=_summary,
)
LESSON: Pipeline[LessonParams] = Pipeline(
    slug="lesson",
    title="Lesson to quiz",
    description="Everything from one upload: a playable lesson, its transcript, scenes, "
    "a quiz to edit and to take, and all exports.",
    params=LessonParams,
    inputs=_RECORDING,
    steps=(
        *_TAKE_IN,
        *_HEAR,
        *(replace(step, when=_has_picture) for step in _LOOK),
        _QUIZ,
        _COLLECT,
        *_WRITE_OUT,
    ),
    home_project="lessons",
    check=_check_types,
    summarize=_lesson_summary,
    sample=sample.make_sample,
    sample_params={"title": "How plants make food", "question_count": 12},
)
ALL = (INGEST, SCENE_DETECTION, TRANSCRIPTION, QUIZ, EXPORT, LESSON)
