"""pocketsphinx: a small recogniser that is always there, and the last resort."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quizzes.content import Word
from quizzes.engines.pronouncing import sounds_of
from quizzes.engines.speech_activity import RATE_HZ, Span, read_span
from quizzes.engines.word_forms import forms_of
from quizzes.engines.writing.lexicon import STOPWORDS

NAME = "pocketsphinx"
FRAME_S = 0.01
WARNING = (
    "This transcript was made by pocketsphinx, the last resort: expect one word in four "
    "to be wrong. Set WHISPER_MODEL or OPENAI_API_KEY, or upload a transcript."
)
_EXPECTED, _JOINED = "+expected", "_"
_Text = tuple[str, ...]
# So many of all words that are said are expected ones, about. An added word is weighed
# by how much likelier it is than one of so many, as many as the language model knows.
_SHARE_OF_EXPECTED = 0.25
_MODEL_WORDS = 72_547
# Longer utterances make its search slow and forgetful.
_LONGEST_S = 20.0
# A stretch of speech is often a few words: those with no longer a breath between them
# are heard together, as long as that is not too long.
_BREATH_S, _PHRASE_S = 0.6, 12.0
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

    # Words and pairs of words to expect: they are made as likely as common words.
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
        utterances = [piece for span in _phrases(spans) for piece in _utterances(span)]
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
                words += _words(heard, padded.start_s, expected)
            if on_progress:
                on_progress((number + 1) / len(utterances))
        return words

    def _expect(self, decoder: Any) -> frozenset[str]:
        """Makes the vocabulary likely; the words of it that can be heard."""
        # Typed Any: the class cannot be named without loading its library.
        told = _pronounced(decoder, self.vocabulary)
        language_model = decoder.get_lm()
        weight = _SHARE_OF_EXPECTED * _MODEL_WORDS / max(len(told), 1)
        for number, (words, sounds) in enumerate(told.items(), start=1):
            # Known words cannot be weighed anew, but new ones can sound like them.
            name = _JOINED.join(words) + _EXPECTED
            language_model.add_word(name, weight)
            decoder.add_word(name, sounds, number == len(told))
        return frozenset(word.lower() for words in told for word in words)


def _pronounced(decoder: Any, vocabulary: Sequence[str]) -> dict[_Text, str]:
    """How each text of the vocabulary sounds, and the other forms of its words."""
    texts: dict[_Text, None] = dict.fromkeys(
        tuple(word if word.isupper() else word.lower() for word in text.split())
        for text in vocabulary
    )
    forms = dict.fromkeys(
        (form,) for text in texts if len(text) == 1 for form in forms_of(text[0])
    )
    sounds = {
        word: decoder.lookup_word(word) for text in (*texts, *forms) for word in text
    }
    for word in [word for word in sounds if word.isupper()]:
        letters = [decoder.lookup_word(f"{letter.lower()}.") for letter in word]
        sounds[word] = " ".join(letters) if all(letters) else None
    unknown = [w for text in texts for w in text if not sounds[w]]
    sounds |= sounds_of(list(dict.fromkeys(unknown)))
    told = {
        text: [sounds[word] for word in text]
        for text in (*texts, *forms)
        if all(sounds[word] for word in text)
    }
    return {text: " ".join(each) for text, each in told.items()}


def _words(heard: Any, start_s: float, expected: frozenset[str]) -> list[Word]:
    """A word that was heard, or the several of an expected pair, by their letters."""
    # Typed Any as its decoder is. Other ways to say a word are numbered: “the(2)”.
    texts = heard.word.partition("(")[0].removesuffix(_EXPECTED).split(_JOINED)
    at = start_s + heard.start_frame * FRAME_S
    length_s = (heard.end_frame + 1 - heard.start_frame) * FRAME_S
    told: list[Word] = []
    for text in texts:
        end = at + length_s * len(text) / sum(map(len, texts))
        sure = _confidence(text, float(heard.prob), expected)
        told.append(Word(text=_written(text), start=at, end=end, confidence=sure))
        at = end
    return told


def _written(word: str) -> str:
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


def _phrases(spans: Sequence[Span]) -> list[Span]:
    """Neighbours as one: it takes the sound's colour from an utterance's mean."""
    phrases: list[Span] = []
    for span in spans:
        before = phrases[-1] if phrases else None
        near = before is not None and span.start_s - before.end_s < _BREATH_S
        if before and near and span.end_s - before.start_s <= _PHRASE_S:
            phrases[-1] = Span(start_s=before.start_s, end_s=span.end_s)
        else:
            phrases.append(span)
    return phrases


def _utterances(span: Span) -> list[Span]:
    count = max(1, int(np.ceil(span.duration_s / _LONGEST_S)))
    step = span.duration_s / count
    return [
        Span(start_s=span.start_s + turn * step, end_s=span.start_s + (turn + 1) * step)
        for turn in range(count)
    ]
