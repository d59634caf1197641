"""Lessons by OpenAI and Claude: over real HTTP, against an emulator that can misbehave."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from jobs.errors import (
    EngineNotConfiguredError,
    VendorError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.pipeline import Kind
from jobs.toolbox import ffmpeg
from jobs.vendors.openai import OpenAIClient
from jobs.workbench import StepFile
from quizzes.content import Transcript
from quizzes.facts import Interval, Part, PartWords, SoundFacts
from quizzes.params import QuizParams, TranscriptionParams
from quizzes.stages import transcription, writing
from tests.benches import ListRecorder, make_bench
from tests.quizzes.lessons import PLANTS, transcript_of
from tests.vendors.anthropic import anthropic_emulator
from tests.vendors.openai import KEY, OpenAI, Trouble, emulator


@pytest.fixture
def vendor(settings: object) -> Iterator[OpenAI]:
    with emulator() as running:
        settings.OPENAI_API_KEY = KEY  # type: ignore[attr-defined]
        settings.OPENAI_BASE_URL = running.url  # type: ignore[attr-defined]
        yield running


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    target = tmp_path / "speech.wav"
    ffmpeg.run(["-f", "lavfi", "-t", "10", "-i", "sine=200:r=16000", target])
    return target


class Colour(BaseModel):
    name: str


def ask(vendor: OpenAI) -> Colour:
    client = OpenAIClient.from_settings()
    answer = client.answer(model="m", system="s", prompt="p", schema=Colour)
    return answer.value


def test_answer_fits_the_schema_that_was_sent(vendor: OpenAI) -> None:
    vendor.answer = {"name": "green"}

    assert ask(vendor) == Colour(name="green")
    sent = vendor.asked[0]["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble(status=500), VendorUnavailableError),
        (Trouble(status=429, code="rate_limit_exceeded"), VendorUnavailableError),
        (Trouble(status=429, code="insufficient_quota"), VendorRefusedError),
        (Trouble(status=400, code="invalid_request_error"), VendorRefusedError),
        (Trouble(hang_up=True), VendorOutcomeUnknownError),
        (Trouble(malformed=True), VendorOutcomeUnknownError),
        (Trouble(refusal="no"), VendorRefusedError),
        (Trouble(cut=True), VendorRefusedError),
    ],
)
def test_trouble_becomes_an_error_that_says_whether_waiting_helps(
    vendor: OpenAI, trouble: Trouble, error: type[Exception]
) -> None:
    vendor.answer = {"name": "green"}
    vendor.troubles.append(trouble)

    with pytest.raises(error):
        ask(vendor)


def test_retry_after_is_told(vendor: OpenAI) -> None:
    vendor.troubles.append(
        Trouble(status=429, code="rate_limit_exceeded", headers={"retry-after": "7"})
    )

    with pytest.raises(VendorUnavailableError) as caught:
        ask(vendor)

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ({"colour": "green"}, Trouble()),
        ({"name": "green"}, Trouble(cut=True)),
        ({"name": "green"}, Trouble(refusal="no")),
    ],
)
def test_answer_of_no_use_is_booked_for_it_was_charged(
    vendor: OpenAI, tmp_path: Path, answer: dict[str, str], trouble: Trouble
) -> None:
    vendor.answer = answer
    vendor.troubles.append(trouble)

    with pytest.raises(VendorError) as caught:
        ask(vendor)

    # 900 fresh tokens, 100 cached ones and 200 of the answer.
    assert caught.value.cost_usd == Decimal("0.000191")


def test_transcription_that_cannot_be_read_is_booked(
    vendor: OpenAI, tmp_path: Path, sound: Path
) -> None:
    vendor.troubles.append(Trouble(malformed=True))
    bench = hearing_bench(tmp_path, sound)

    with pytest.raises(VendorUnavailableError):
        transcription.hear_part(bench)

    assert isinstance(bench.recorder, ListRecorder)
    assert sum(bench.recorder.spent.values()) == Decimal("0.0006")


def test_without_a_key_the_engine_says_what_it_needs(settings: object) -> None:
    settings.OPENAI_API_KEY = ""  # type: ignore[attr-defined]

    with pytest.raises(EngineNotConfiguredError, match="OPENAI_API_KEY"):
        OpenAIClient.from_settings()


def hearing_bench(tmp_path: Path, sound: Path):  # type: ignore[no-untyped-def]
    whole = Interval(start=0, end=10)
    facts = SoundFacts(
        duration=10,
        has_sound=True,
        spoken=(Interval(start=1, end=4), Interval(start=5, end=9)),
        parts=(Part(hear=whole, own=whole),),
    )
    return make_bench(
        TranscriptionParams(),
        tmp_path / "bench",
        inputs=[sound],
        kind=Kind.AUDIO,
        files={"sound": [StepFile(path=sound, role="speech", filename="speech.wav")]},
        facts={"sound": facts},
        engine="openai",
        part=0,
    )


def test_words_come_with_whispers_times_and_the_texts_points(
    vendor: OpenAI, tmp_path: Path, sound: Path, settings: object
) -> None:
    settings.OPENAI_TRANSCRIPTION_MODEL = "whisper-1"  # type: ignore[attr-defined]
    bench = hearing_bench(tmp_path, sound)

    heard = transcription.hear_part(bench).facts

    assert isinstance(heard, PartWords)
    assert [w.text for w in heard.words] == ["Chlorophyll", "absorbs", "red", "light."]
    assert heard.words[1].start == pytest.approx(0.4)
    assert vendor.asked[0]["model"] == "whisper-1"
    assert isinstance(bench.recorder, ListRecorder)
    assert sum(bench.recorder.spent.values()) == Decimal("0.001")


def test_models_without_times_get_theirs_from_the_speech(
    vendor: OpenAI, tmp_path: Path, sound: Path, settings: object
) -> None:
    settings.OPENAI_TRANSCRIPTION_MODEL = "gpt-transcribe"  # type: ignore[attr-defined]

    heard = transcription.hear_part(hearing_bench(tmp_path, sound)).facts

    assert isinstance(heard, PartWords)
    assert [w.text for w in heard.words] == ["Chlorophyll", "absorbs", "red", "light."]
    assert all(1 <= w.start < w.end <= 9.1 for w in heard.words)
    assert "response_format" not in vendor.asked[0]


def quiz_bench(  # type: ignore[no-untyped-def]
    tmp_path: Path, sound: Path, transcript: Transcript, *, engine: str = "openai"
):
    return make_bench(
        QuizParams(question_count=5),
        tmp_path / "quiz",
        inputs=[sound],
        kind=Kind.AUDIO,
        facts={"transcript": transcript},
        engine=engine,
    )


GOOD = {
    "type": "multiple_choice",
    "prompt": "What does chlorophyll absorb?",
    "right": ["red and blue light"],
    "wrong": [
        "green light",
        "carbon dioxide",
        "heat from soil",
        "x-rays and heat",
        "sound",
    ],
    "explanation": "It absorbs red and blue light.",
    "difficulty": "easy",
    "bloom": "remember",
    "quote": "Chlorophyll is a pigment that absorbs red and blue light",
}


def test_vendors_questions_pass_the_same_gates(
    vendor: OpenAI, tmp_path: Path, sound: Path
) -> None:
    invented = {**GOOD, "prompt": "What is sugar?", "quote": "Sugar is made of stars."}
    vendor.answer = {"questions": [GOOD, invented]}
    bench = quiz_bench(tmp_path, sound, transcript_of(PLANTS))

    quiz = writing.write_quiz(bench).facts

    assert [q.prompt for q in quiz.questions] == ["What does chlorophyll absorb?"]  # type: ignore[union-attr]
    assert len(quiz.questions[0].choices) == 4  # type: ignore[union-attr]
    assert isinstance(bench.recorder, ListRecorder)
    assert list(bench.recorder.spent.values()) == [Decimal("0.000191")]


def test_answer_that_was_paid_for_is_not_bought_again(
    vendor: OpenAI, tmp_path: Path, sound: Path
) -> None:
    vendor.answer = {"questions": [GOOD]}
    bench = quiz_bench(tmp_path, sound, transcript_of(PLANTS))
    writing.write_quiz(bench)
    assert isinstance(bench.recorder, ListRecorder)
    kept = bench.recorder.checkpoints[-1]

    again = make_bench(
        QuizParams(question_count=5),
        tmp_path / "again",
        inputs=[sound],
        facts={"transcript": transcript_of(PLANTS)},
        engine="openai",
        checkpoint=kept,
    )
    assert isinstance(again.recorder, ListRecorder)
    again.recorder.bought = dict(bench.recorder.bought)
    writing.write_quiz(again)

    assert len(vendor.asked) == 1


def test_claude_writes_questions_that_pass_the_same_gates(
    tmp_path: Path, sound: Path, settings: object
) -> None:
    with anthropic_emulator() as claude:
        settings.ANTHROPIC_API_KEY = "key"  # type: ignore[attr-defined]
        settings.ANTHROPIC_BASE_URL = claude.url  # type: ignore[attr-defined]
        invented = {**GOOD, "prompt": "What is sugar?", "quote": "Sugar is a star."}
        claude.answer = {"questions": [GOOD, invented]}
        bench = quiz_bench(tmp_path, sound, transcript_of(PLANTS), engine="anthropic")

        quiz = writing.write_quiz(bench).facts

    assert [q.prompt for q in quiz.questions] == ["What does chlorophyll absorb?"]  # type: ignore[union-attr]
    assert quiz.questions[0].quote == GOOD["quote"]  # type: ignore[union-attr]
    sent = claude.requests[0]
    assert "Chlorophyll is a pigment" in str(sent["messages"])
    assert sent["output_config"]["format"]["type"] == "json_schema"
    assert isinstance(bench.recorder, ListRecorder)
    assert sum(bench.recorder.spent.values()) > 0
