"""Transcription by OpenAI: parts under its size limit, words with times in any case."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from jobs.pipeline import Workbench
from jobs.toolbox import ffmpeg
from jobs.vendors.openai import MODELS_WITH_WORD_TIMES, Heard, OpenAIClient
from jobs.workbench import Purchase
from quizzes.content import Word
from quizzes.engines import aligning
from quizzes.engines.paid import bought_once
from quizzes.engines.speech_activity import Span, plan_parts
from quizzes.params import TranscriptionParams

# Models that give no times are asked about short pieces, whose words are then spread
# over the speech in them: a piece's length bounds how far off a word can be.
_UNTIMED_PIECE_S = 28.0
_NO_SPEECH, _UNSURE = 0.6, -1.0
_USD_A_MINUTE = {"whisper-1": Decimal("0.006"), "gpt-4o-transcribe": Decimal("0.006")}
_USUAL_USD_A_MINUTE = Decimal("0.0045")


@dataclass(frozen=True, kw_only=True)
class HeardPart:
    words: tuple[Word, ...]
    language: str


def estimate_usd(duration_s: float) -> Decimal:
    model = settings.OPENAI_TRANSCRIPTION_MODEL
    a_minute = _USD_A_MINUTE.get(model, _USUAL_USD_A_MINUTE)
    return (a_minute * Decimal(duration_s) / 60).quantize(Decimal("0.000001"))


def hear(
    bench: Workbench[TranscriptionParams],
    sound: Path,
    part: Span,
    spans: Sequence[Span],
) -> HeardPart:
    model = settings.OPENAI_TRANSCRIPTION_MODEL
    timed = model in MODELS_WITH_WORD_TIMES
    pieces = [part]
    if not timed:
        plans = plan_parts(spans, target_s=_UNTIMED_PIECE_S, longest_s=60.0)
        pieces = [plan.own for plan in plans]
    words: list[Word] = []
    language = bench.params.language
    for number, piece in enumerate(pieces):
        heard = _bought(bench, sound, piece, number, model)
        language = language or heard.language
        inside = [
            Span(start_s=max(s.start_s, piece.start_s), end_s=min(s.end_s, piece.end_s))
            for s in spans
            if s.end_s > piece.start_s and s.start_s < piece.end_s
        ]
        words += _words(heard, piece, inside)
        bench.report((number + 1) / len(pieces), "Writing down what is said")
    return HeardPart(words=tuple(words), language=language)


def _bought(
    bench: Workbench[TranscriptionParams],
    sound: Path,
    piece: Span,
    number: int,
    model: str,
) -> Heard:
    cost = estimate_usd(piece.duration_s)
    purchase = Purchase(
        vendor="openai",
        item=f"transcription part {bench.part or 0} piece {number}",
        estimate_usd=cost,
    )
    packed = bench.workdir / f"piece-{number}.mp3"

    def ask(key: str) -> tuple[str, str]:
        _pack(sound, piece, packed)
        heard = OpenAIClient.from_settings().transcribe(
            packed, model=model, language=bench.params.language, price_usd=cost
        )
        return key, json.dumps(heard.as_json())

    answer = bought_once(bench, purchase, ask)
    bench.spend(purchase, cost)
    return Heard.from_json(json.loads(answer))


def _pack(sound: Path, piece: Span, target: Path) -> None:
    """48 kbit/s of MP3: ten minutes are 3.6 MB, far below the vendor's 25."""
    ffmpeg.run(
        [
            *("-ss", f"{piece.start_s:.3f}", "-t", f"{piece.duration_s:.3f}"),
            *("-i", sound, "-c:a", "libmp3lame", "-b:a", "48k", target),
        ]
    )


def _words(heard: Heard, piece: Span, spans: Sequence[Span]) -> list[Word]:
    if heard.words:
        silent = [
            (s.start_s, s.end_s)
            for s in heard.segments
            if s.no_speech > _NO_SPEECH and s.log_probability < _UNSURE
        ]
        punctuated = _punctuated([w.text for w in heard.words], heard.text)
        return [
            Word(
                text=text,
                start=piece.start_s + word.start_s,
                end=piece.start_s + word.end_s,
                confidence=0.9,
            )
            for word, text in zip(heard.words, punctuated, strict=True)
            if not any(a <= word.start_s < b for a, b in silent)
        ]
    segments = aligning.from_text(heard.text, spans or [piece])
    return [
        word.model_copy(update={"confidence": 0.9})
        for segment in segments
        for word in segment.words
    ]


def _punctuated(bare: Sequence[str], text: str) -> list[str]:
    """Timed words come without points and commas; the text beside them has both."""
    tokens = text.split()
    plain = [_plain(word) for word in bare]
    if [_plain(token) for token in tokens] == plain:
        return tokens
    return [word.strip() for word in bare]


def _plain(word: str) -> str:
    return "".join(sign for sign in word.lower() if sign.isalnum())
