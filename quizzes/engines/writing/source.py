"""The transcript as question writers need it: sentences that stand alone, findable again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quizzes.content import Transcript, Word
from quizzes.engines.sentences import ends_sentence, is_punctuated, with_points
from quizzes.engines.writing.lexicon import EVERYDAY, STOPWORDS, words_of

# Below this mean confidence of its words a sentence is not quoted.
CONFIDENCE_FLOOR = 0.55
# One wrong word makes a sentence silly: each must have been understood about, and
# what the sentence is about rather surely.
_WORD_FLOOR, _TERM_FLOOR = 0.5, 0.65

# What points at something said before: alone, such a sentence makes no sense.
_POINTING_START = re.compile(
    r"^(it|its|this|that|these|those|they|them|their|he|she|his|her|so|but|and|or|also|"
    r"however|therefore|thus|hence|instead|otherwise|here|there|now|then|again|such|"
    r"for example|for instance|in other words|as a result|well|okay|ok|yes|no|"
    r"welcome|thank|thanks|let us|let's|hello|hi|remember|note|notice|imagine|"
    r"please|you|we|i|today|next|finally|after that|in this)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(this|that|these|those|such an?) (?!is\b|are\b|was\b|were\b|can\b|will\b)"
    r"(energy|process|cycle|way|reason|kind|type|time|case|method|idea|problem|value|"
    r"point|stage|step|thing|molecules?|materials?|number|result|rate|reaction|one|ones)\b"
    r"|\b(above|below|mentioned|aforementioned|earlier|previous slide|on the slide)\b",
    re.IGNORECASE,
)
_POINTING_END = re.compile(
    r"\b(it|them|this|that|these|those|one|so)[.!]?$", re.IGNORECASE
)
# Recognisers write a comma where a sentence ended: what follows says what something is.
_SPLICE = re.compile(
    r"\b, (?:and )?(?:an? |the )?[\w'’-]+ (?:is|are) (?:an?|the) ", re.IGNORECASE
)
_SPLICED_LETTERS = 30
_SEQUENCE_START = re.compile(
    r"^(first|second|third|then|next|after that|afterwards|finally|lastly)\b,?\s*",
    re.IGNORECASE,
)
_SHORTEST_WORDS, _LONGEST_WORDS = 5, 38


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence and the moment at which it is said."""

    place: int
    text: str
    start: float
    end: float
    confidence: float
    # All its words were understood well enough to be quoted.
    quotable: bool

    @property
    def is_one(self) -> bool:
        """Whether it is no two sentences with a comma in between."""
        splice = _SPLICE.search(self.text)
        return splice is None or splice.start() < _SPLICED_LETTERS

    @property
    def stands_alone(self) -> bool:
        count = len(self.text.split())
        return (
            _SHORTEST_WORDS <= count <= _LONGEST_WORDS
            and not _POINTING_START.match(self.text)
            and not _SEQUENCE_START.match(self.text)
            and not _POINTING.search(self.text)
            and not _POINTING_END.search(self.text)
            and not self.text.rstrip().endswith("?")
        )


def sentences_of(transcript: Transcript) -> list[Sentence]:
    """Sentences across the borders of subtitles, which often cut them in two."""
    words = [word for segment in transcript.segments for word in _words(segment)]
    if not is_punctuated(words):
        # Subtitles of one's own are kept as they are, and may have no points at all.
        words = with_points(words)
    sentences: list[Sentence] = []
    current: list[Word] = []
    for place, word in enumerate(words):
        current.append(word)
        last = place == len(words) - 1
        pause = 0.0 if last else words[place + 1].start - word.end
        if last or ends_sentence(word.text) or pause > 3.0:
            sentences.append(_sentence(len(sentences), current))
            current = []
    return sentences


def _words(segment) -> Sequence[Word]:  # type: ignore[no-untyped-def]
    if segment.words:
        return segment.words  # type: ignore[no-any-return]
    tokens = segment.text.split()
    step = (segment.end - segment.start) / max(len(tokens), 1)
    return [
        Word(
            text=token,
            start=segment.start + turn * step,
            end=segment.start + (turn + 1) * step,
        )
        for turn, token in enumerate(tokens)
    ]


def _sentence(place: int, words: Sequence[Word]) -> Sentence:
    return Sentence(
        place=place,
        text=" ".join(word.text for word in words),
        start=words[0].start,
        end=words[-1].end,
        confidence=_mean_confidence(words),
        quotable=_quotable(words),
    )


def _mean_confidence(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words)


def _quotable(words: Sequence[Word]) -> bool:
    return _mean_confidence(words) >= CONFIDENCE_FLOOR and all(
        word.confidence >= _floor(word.text) for word in words
    )


def _floor(text: str) -> float:
    plain = all(
        word in STOPWORDS or word in EVERYDAY for word in words_of(text.lower())
    )
    return _WORD_FLOOR if plain else _TERM_FLOOR


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a quote was said, in the transcript's own words."""

    quote: str
    start: float
    end: float
    confidence: float
    quotable: bool


class Quotes:
    """Finds quotes in a transcript, whatever their case and punctuation."""

    def __init__(self, transcript: Transcript) -> None:
        self._words = [w for s in transcript.segments for w in _words(s)]
        self._bare: list[str] = []
        self._owner: list[int] = []
        for place, word in enumerate(self._words):
            for part in words_of(word.text.lower()):
                self._bare.append(part)
                self._owner.append(place)
        self._text = " " + " ".join(self._bare) + " "
        self._starts = _offsets(self._bare)

    def find(self, quote: str) -> Found | None:
        wanted = words_of(quote.lower())
        if not wanted:
            return None
        at = self._text.find(" " + " ".join(wanted) + " ")
        if at < 0:
            return None
        first = self._starts[at + 1]
        span = self._words[
            self._owner[first] : self._owner[first + len(wanted) - 1] + 1
        ]
        return Found(
            quote=" ".join(word.text for word in span),
            start=span[0].start,
            end=span[-1].end,
            confidence=_mean_confidence(span),
            quotable=_quotable(span),
        )


def _offsets(bare: Sequence[str]) -> dict[int, int]:
    offsets: dict[int, int] = {}
    at = 1
    for place, word in enumerate(bare):
        offsets[at] = place
        at += len(word) + 1
    return offsets
