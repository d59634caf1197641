"""pocketsphinx: a small recogniser that is always there, and the last resort."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quizzes.content import Word
from quizzes.engines.speech_activity import RATE_HZ, Span, read_span
from quizzes.engines.writing.lexicon import STOPWORDS

NAME = "pocketsphinx"
FRAME_S = 0.01
WARNING = (
    "This transcript was made by pocketsphinx, the last resort: expect one word in four "
    "to be wrong. Set WHISPER_MODEL or OPENAI_API_KEY, or upload a transcript."
)
_EXPECTED = "+expected"
# Longer utterances make its search slow and forgetful.
_LONGEST_S = 20.0
_PAD_S = 0.15
# A fifteenth of what it would keep by itself: it hears the same in two thirds of the
# time.
_MOST_STATES = 2000
# Short words are taken for one another, and surely so: a lesson's “cell” is heard as
# “soul”. Only what stands on the slides or is long is believed to be what was said.
_LONG_LETTERS = 8
_MOST_FOR_SHORT_WORDS = 0.55
_SILENCES = re.compile(r"^(<|\[|\+\+)")


@dataclass(frozen=True, kw_only=True)
class PocketSphinx:
    """English speech into timed words, utterance by utterance."""

    # Words to expect: they are made as likely as common ones.
    vocabulary: Sequence[str] = ()

    def listen(
        self,
        recording: Path,
        spans: Sequence[Span],
        *,
        on_progress: Callable[[float], None] | None = None,
    ) -> list[Word]:
        from pocketsphinx import Decoder  # loads its model's tables

        decoder = Decoder(samprate=RATE_HZ, loglevel="FATAL", maxhmmpf=_MOST_STATES)
        expected = self._expect(decoder)
        words: list[Word] = []
        utterances = [piece for span in spans for piece in _utterances(span)]
        for number, span in enumerate(utterances):
            padded = Span(
                start_s=max(0.0, span.start_s - _PAD_S), end_s=span.end_s + _PAD_S
            )
            samples = read_span(recording, padded)
            decoder.start_utt()
            loud = np.clip(samples * _gain(samples) * 32767, -32768, 32767)
            decoder.process_raw(loud.astype(np.int16).tobytes(), full_utt=True)
            decoder.end_utt()
            for heard in decoder.seg() or ():
                if _SILENCES.match(heard.word):
                    continue
                words.append(
                    Word(
                        text=_written(heard.word),
                        start=padded.start_s + heard.start_frame * FRAME_S,
                        end=padded.start_s + (heard.end_frame + 1) * FRAME_S,
                        confidence=_confidence(
                            _written(heard.word), float(heard.prob), expected
                        ),
                    )
                )
            if on_progress:
                on_progress((number + 1) / len(utterances))
        return words

    def _expect(self, decoder: Any) -> frozenset[str]:
        """Makes the vocabulary likely; the words of it that can be heard."""
        # Typed Any: the class cannot be named without loading its library.
        once = dict.fromkeys(word.lower() for word in self.vocabulary)
        known = [(word, decoder.lookup_word(word)) for word in once]
        told = [(word, sounds) for word, sounds in known if sounds]
        for number, (word, sounds) in enumerate(told, start=1):
            # Known words cannot be weighed anew, but new ones can sound like them.
            decoder.add_word(word + _EXPECTED, sounds, number == len(told))
        return frozenset(word for word, _ in told)


def _written(heard: str) -> str:
    # Other ways to say a word are numbered: “the(2)”.
    word = heard.partition("(")[0].removesuffix(_EXPECTED)
    return "I" + word[1:] if word == "i" or word.startswith("i'") else word


def _confidence(word: str, probability: float, expected: frozenset[str]) -> float:
    sure = min(1.0, probability)
    if word in expected:
        # Each expected word shares its probability with its double.
        return float(np.sqrt(sure))
    if len(word) >= _LONG_LETTERS or word.lower() in STOPWORDS:
        return sure
    return min(sure, _MOST_FOR_SHORT_WORDS)


def _gain(samples: np.ndarray) -> float:
    """Bring quiet speech to the loudness that the model was trained at."""
    loudness = float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    return min(0.08 / loudness, 8.0) if loudness > 1e-4 else 1.0


def _utterances(span: Span) -> list[Span]:
    count = max(1, int(np.ceil(span.duration_s / _LONGEST_S)))
    step = span.duration_s / count
    return [
        Span(start_s=span.start_s + turn * step, end_s=span.start_s + (turn + 1) * step)
        for turn in range(count)
    ]
