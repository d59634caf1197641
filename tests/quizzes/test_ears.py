"""Who listens when no vendor does, and what a teacher is told of it."""

import itertools
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from jobs.pipeline import Kind
from jobs.toolbox import audio, speech
from jobs.toolbox.speech import Delivery
from jobs.workbench import StepFile
from quizzes import pipeline
from quizzes.content import Transcript
from quizzes.engines import ears, pocketsphinx, speech_activity, whisper
from quizzes.facts import Interval, Part, PartWords, SoundFacts
from quizzes.params import TranscriptionParams
from quizzes.stages import transcription
from tests.benches import make_bench

SAID = "Green plants turn light into sugar. The roots take water from the soil."


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoken")
    voice = speech.local_speaker(SAID)
    sound = audio.write_wav(
        folder / "voice.wav", speech.speak(SAID, voice, Delivery(pause_s=0.4)).sound
    )
    recording = folder / "speech.wav"
    speech_activity.extract(sound, recording, audio_track=0, duration_s=6.0)
    return recording


def facts_of(recording: Path) -> SoundFacts:
    whole = Interval(start=0, end=speech_activity.length_of(recording))
    return SoundFacts(
        duration=whole.end,
        has_sound=True,
        spoken=(whole,),
        parts=(Part(hear=whole, own=whole),),
        vocabulary=("plants", "sugar", "soil"),
    )


def transcribed(recording: Path, folder: Path, *, language: str = "") -> Transcript:
    params = TranscriptionParams(language=language)
    facts = {"sound": facts_of(recording)}
    part = make_bench(
        params,
        folder / "part",
        inputs=[recording],
        kind=Kind.AUDIO,
        files={"sound": [StepFile(path=recording, role="speech", filename="s.wav")]},
        facts=facts,
        part=0,
    )
    heard = transcription.hear_part(part).facts
    assert isinstance(heard, PartWords)
    whole = make_bench(
        params,
        folder / "whole",
        inputs=[recording],
        kind=Kind.AUDIO,
        facts={**facts, "transcribe": [heard]},
    )
    told = transcription.write_transcript(whole).facts
    assert isinstance(told, Transcript)
    return told


def test_lesson_is_understood_with_what_came_with_the_packages(
    spoken: Path, tmp_path: Path
) -> None:
    told = transcribed(spoken, tmp_path)

    assert len(told.segments) == 2
    # The voice is another one every time: a word may be misheard.
    assert SequenceMatcher(None, told.text.split(), SAID.split()).ratio() > 0.8
    assert (told.source, told.language) == (whisper.SMALL_NAME, "en")
    assert "smallest English model" in told.warning
    words = list(told.words())
    assert all(a.end <= b.start + 0.05 for a, b in itertools.pairwise(words))
    assert 0.0 <= words[0].start < 0.6
    assert words[-1].end == pytest.approx(told.segments[-1].end)


def test_last_resort_is_said_so(spoken: Path, tmp_path: Path, settings: Any) -> None:
    settings.WHISPER_MODEL = "none"

    told = transcribed(spoken, tmp_path)

    assert told.source == pocketsphinx.NAME
    assert "last resort" in told.warning
    assert "water" in told.text.lower()


@pytest.mark.parametrize("model", ["", "none"])
def test_other_languages_are_not_taken_for_english(
    spoken: Path, tmp_path: Path, settings: Any, model: str
) -> None:
    settings.WHISPER_MODEL = model

    told = transcribed(spoken, tmp_path, language="de")

    assert told.segments == ()
    assert told.warning == ears.NO_EAR


def test_model_that_is_named_comes_before_the_packaged_one() -> None:
    assert ears.chosen("/models/large").model == "/models/large"
    assert ears.understands(ears.chosen("/models/large").name, "de")


def test_what_another_model_heard_is_not_reused(settings: Any) -> None:
    before = pipeline.hearing_version()

    settings.WHISPER_MODEL = "small"

    assert pipeline.hearing_version() != before
