"""What a teacher uploads beside a lesson, and what helps recognisers to understand it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jobs.pipeline import Kind
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import probe
from jobs.workbench import StepFile
from quizzes.content import Transcript, Word
from quizzes.engines import aligning, sentences, speech_activity, whisper
from quizzes.engines.pocketsphinx import PocketSphinx
from quizzes.engines.speech_activity import Span
from quizzes.errors import BadSubtitlesError
from quizzes.facts import Interval, Part, PartWords, SoundFacts
from quizzes.params import IngestParams, TranscriptionParams
from quizzes.stages import ingest, transcription
from tests.benches import make_bench

SPOKEN = [Span(start_s=1.0, end_s=5.0), Span(start_s=8.0, end_s=10.0)]


def heard(text: str, start_s: float) -> list[Word]:
    return [
        Word(text=word, start=start_s + n * 0.5, end=start_s + n * 0.5 + 0.4)
        for n, word in enumerate(text.split())
    ]


def test_plain_text_takes_the_times_of_what_was_heard() -> None:
    text = "Leaves are green.\nRubisco fixes carbon dioxide."

    told = aligning.from_text(text, SPOKEN, heard("fixes carbon dioxide", 8.4))

    assert [segment.text for segment in told] == text.splitlines()
    words = {word.text: word for segment in told for word in segment.words}
    assert words["fixes"].start == pytest.approx(8.4)
    assert words["dioxide."].start == pytest.approx(9.4)
    assert 1.0 <= words["Leaves"].start < words["green."].end <= 8.4


@pytest.fixture
def hum(tmp_path: Path) -> Path:
    target = tmp_path / "hum.wav"
    ffmpeg.run(["-f", "lavfi", "-t", "3", "-i", "sine=200:r=16000", target])
    return target


def test_uploaded_text_is_kept_word_for_word(hum: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_bytes("Blätter sind grün. Rubisco bindet CO2.".encode("cp1252"))
    bench = make_bench(
        TranscriptionParams(transcript="notes"),
        tmp_path / "sound",
        inputs=[hum],
        kind=Kind.AUDIO,
        assets={"notes": notes},
    )
    sound = transcription.prepare_sound(bench)
    given = [
        StepFile(path=file.path, role=file.role, filename=file.path.name)
        for file in sound.files
    ]
    assert isinstance(sound.facts, SoundFacts)
    spoken = (Interval(start=0.5, end=2.5),)
    facts = sound.facts.model_copy(update={"spoken": spoken})

    told = transcription.write_transcript(
        make_bench(
            TranscriptionParams(transcript="notes"),
            tmp_path / "transcript",
            inputs=[hum],
            kind=Kind.AUDIO,
            files={"sound": given},
            facts={"sound": facts},
        )
    ).facts

    assert isinstance(told, Transcript)
    assert told.text == "Blätter sind grün.\nRubisco bindet CO2."
    assert told.source == "own text"
    assert 0.5 <= told.segments[0].start < told.segments[1].start < 2.5


@pytest.mark.parametrize("content", [b"%PDF-1.7 text", b"PK\x03\x04docx", b" \n"])
def test_what_is_no_plain_text_is_refused(
    hum: Path, tmp_path: Path, content: bytes
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_bytes(content)
    bench = make_bench(
        TranscriptionParams(transcript="notes"),
        tmp_path / "sound",
        inputs=[hum],
        kind=Kind.AUDIO,
        assets={"notes": notes},
    )

    with pytest.raises(BadSubtitlesError, match=r"notes\.txt"):
        transcription.prepare_sound(bench)


def test_words_on_slides_reach_the_recogniser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in reads the slides: what tesseract itself reads is not ours to test."""
    reader = tmp_path / "bin" / "tesseract"
    reader.parent.mkdir()
    reader.write_text("#!/bin/sh\necho 'The Calvin cycle\nof sugar'\n")
    reader.chmod(0o755)
    monkeypatch.setenv("PATH", str(reader.parent), prepend=":")
    lesson = tmp_path / "lesson.mp4"
    source = ["-f", "lavfi", "-t", "3", "-i", "color=white:s=160x90:r=5"]
    ffmpeg.run([*source, "-f", "lavfi", "-t", "3", "-i", "sine=200", lesson])
    spans = [Span(start_s=0.5, end_s=2.5)]
    monkeypatch.setattr(speech_activity, "spoken_spans", lambda *_, **__: spans)
    bench = make_bench(
        TranscriptionParams(), tmp_path / "sound", inputs=[lesson], kind=Kind.VIDEO
    )

    facts = transcription.prepare_sound(bench).facts

    assert isinstance(facts, SoundFacts)
    assert facts.vocabulary == ("calvin", "cycle", "sugar", "calvin cycle")


def test_expected_words_may_come_twice_or_be_unheard_of(hum: Path) -> None:
    ear = PocketSphinx(vocabulary=("Light", "light", "rubisco", "Calvin cycle"))

    words = ear.listen(hum, [Span(start_s=0.5, end_s=1.5)])

    assert all(word.text.strip("'").isalpha() for word in words)


class FakeWhisper:
    """Says what a model would: one word, and one that it made up out of noise."""

    asked: dict[str, Any]

    def transcribe(self, sound: np.ndarray, **asked: Any) -> tuple[list[Any], Any]:
        self.asked = {**asked, "seconds": sound.size / 16_000}
        return [
            segment("leaves", start=2.7, no_speech=0.01, log_probability=-0.1),
            segment("Thank you", start=0.2, no_speech=0.9, log_probability=-1.5),
        ], SimpleNamespace(language="en")


def segment(
    text: str, *, start: float, no_speech: float, log_probability: float
) -> Any:
    word = SimpleNamespace(word=f" {text}", start=start, end=start + 0.4, probability=1)
    return SimpleNamespace(
        words=[word],
        end=start + 0.4,
        no_speech_prob=no_speech,
        avg_logprob=log_probability,
    )


def test_whisper_hears_speech_alone_and_its_times_are_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    model = FakeWhisper()
    monkeypatch.setattr(whisper, "_loaded", lambda *_: model)
    settings.WHISPER_MODEL = "small"
    sound = tmp_path / "speech.wav"
    ffmpeg.run(["-f", "lavfi", "-t", "10", "-i", "sine=200:r=16000", sound])
    whole = Interval(start=0, end=10)
    facts = SoundFacts(
        duration=10,
        has_sound=True,
        spoken=(Interval(start=1, end=3), Interval(start=6, end=9)),
        parts=(Part(hear=whole, own=whole),),
        vocabulary=("chlorophyll", "leaves"),
    )
    bench = make_bench(
        TranscriptionParams(),
        tmp_path / "bench",
        inputs=[sound],
        kind=Kind.AUDIO,
        files={"sound": [StepFile(path=sound, role="speech", filename="speech.wav")]},
        facts={"sound": facts},
        part=0,
    )

    told = transcription.hear_part(bench).facts

    assert isinstance(told, PartWords)
    assert [word.text for word in told.words] == ["leaves"]
    # 2 s of speech and a gap of 0.6 s stand before the second stretch, which is at 6 s.
    assert told.words[0].start == pytest.approx(6.1)
    # What stands on the slides must not put words into its mouth, either.
    assert not model.asked.get("initial_prompt")
    assert not model.asked.get("hotwords")
    assert model.asked["condition_on_previous_text"] is False
    assert model.asked["seconds"] == pytest.approx(6.2)


class HyphenWhisper(FakeWhisper):
    def transcribe(self, sound: np.ndarray, **asked: Any) -> tuple[list[Any], Any]:
        both = segment("short", start=0.2, no_speech=0.0, log_probability=-0.1)
        rest = SimpleNamespace(word="-lived", start=0.6, end=0.9, probability=0.5)
        both.words.append(rest)
        return [both], SimpleNamespace(language="en")


def test_word_with_a_hyphen_is_one_word(
    hum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "_loaded", lambda *_: HyphenWhisper())

    told = whisper.Whisper(model="small").listen(hum, [Span(start_s=0, end_s=3)])

    [word] = told.words
    assert (word.text, word.start, word.end) == ("short-lived", 0.2, 0.9)
    assert word.confidence == 0.5


class PatientWhisper(FakeWhisper):
    """Says one word a go, at its beginning, and remembers how long each go was."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def transcribe(self, sound: np.ndarray, **asked: Any) -> tuple[list[Any], Any]:
        self.seconds.append(sound.size / 16_000)
        word = segment("and", start=0.1, no_speech=0.0, log_probability=-0.1)
        return [word], SimpleNamespace(language="en")


def test_whisper_never_looks_at_more_than_a_minute_and_is_cut_where_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = PatientWhisper()
    monkeypatch.setattr(whisper, "_loaded", lambda *_: model)
    sound = tmp_path / "speech.wav"
    ffmpeg.run(["-f", "lavfi", "-t", "110", "-i", "sine=200:r=16000", sound])
    # Nine seconds of speech in every ten; only at 50 s a longer pause.
    spans = [
        Span(start_s=at, end_s=at + (7 if at == 40 else 9)) for at in range(0, 110, 10)
    ]
    shares: list[float] = []

    told = whisper.Whisper(model="small").listen(
        sound, spans, on_progress=shares.append
    )

    assert max(model.seconds) < 64
    assert [word.start for word in told.words] == pytest.approx([0.1, 50.1])
    assert shares == sorted(shares)


def test_sound_alone_is_taken_in(hum: Path, tmp_path: Path) -> None:
    bench = make_bench(IngestParams(), tmp_path / "b", inputs=[hum], kind=Kind.AUDIO)

    made = ingest.make_playable(bench).files[0].path

    facts = probe(made)
    assert facts.video is None
    assert [track.codec for track in facts.audio] == ["aac"]


def test_webm_becomes_what_every_browser_plays(tmp_path: Path) -> None:
    source = tmp_path / "lesson.webm"
    ffmpeg.run(
        [
            *("-f", "lavfi", "-t", "1", "-i", "testsrc2=s=160x90:r=10"),
            *("-f", "lavfi", "-t", "1", "-i", "sine=200", "-c:v", "libvpx"),
            *("-deadline", "realtime", "-c:a", "libopus", source),
        ]
    )
    bench = make_bench(IngestParams(), tmp_path / "b", inputs=[source], kind=Kind.VIDEO)

    done = ingest.make_playable(bench)

    facts = probe(done.files[0].path)
    assert facts.video is not None
    assert (facts.video.codec, facts.audio[0].codec) == ("h264", "aac")
    assert facts.duration_s == pytest.approx(1.0, abs=0.2)


def said(*phrases: tuple[str, float]) -> list[Word]:
    """Words of 0.3 s, with a pause of so many seconds behind each phrase."""
    words: list[Word] = []
    at = 0.0
    for phrase, pause_s in phrases:
        for text in phrase.split():
            words.append(Word(text=text, start=at, end=at + 0.3, confidence=0.9))
            at += 0.3
        at += pause_s
    return words


@pytest.mark.parametrize("pace", [0.7, 1.0, 2.0])
def test_words_without_points_become_sentences_where_this_speaker_pauses(
    pace: float,
) -> None:
    words = said(
        ("finally", 0.15 * pace),
        ("the calvin cycle builds sugar in the stroma", 0.4 * pace),
        ("rubisco fixes the", 0.45 * pace),
        ("carbon dioxide that comes in through the pores of a leaf", 0.42 * pace),
        ("oxygen comes from water molecules", 0.0),
    )

    told = sentences.segments_of(words)

    assert [segment.text for segment in told] == [
        "Finally the calvin cycle builds sugar in the stroma.",
        "Rubisco fixes the carbon dioxide that comes in through the pores of a leaf.",
        "Oxygen comes from water molecules.",
    ]
    written = [word for segment in told for word in segment.words]
    assert " ".join(word.text for word in written) == " ".join(s.text for s in told)
    assert [w.start for w in written] == [w.start for w in words]


def test_somebody_who_never_pauses_is_cut_into_what_can_be_read() -> None:
    told = sentences.segments_of(said(("word " * 95, 0.0)))

    assert sum(len(segment.words) for segment in told) == 95
    assert max(len(segment.words) for segment in told) <= sentences.LONGEST_WORDS


def test_points_that_are_there_are_kept() -> None:
    words = said(("Is it green? Yes, mostly. Dr. Fox says so.", 0.0))

    told = [segment.text for segment in sentences.segments_of(words)]

    assert told == ["Is it green?", "Yes, mostly.", "Dr. Fox says so."]
