"""Wrong answers of the same kind as the key, from the same lesson, else from the lexicon."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quizzes.engines.writing.gates import near_in_length
from quizzes.engines.writing.lexicon import (
    KINDS,
    are_synonyms,
    content_stems,
    stem,
    times_said,
)
from quizzes.engines.writing.terms import Term, kind_of

_WORDS_TO_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
# Kinds whose words are hardly said in the plural.
_UNCOUNTED = ("molecule", "element", "quality?", "process", "economy", "force")
_PLURALS = ("stomata", "bacteria", "phenomena", "criteria", "data", "mitochondria")
_NUMBERS_TO_WORDS = {number: word for word, number in _WORDS_TO_NUMBERS.items()}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """All that wrong answers for one lesson can be taken from."""

    terms: Sequence[Term]
    sentences: Sequence[str]

    def for_term(self, key: str, sentence: str, *, kind: str = "") -> tuple[str, ...]:
        """Terms that could stand in the key's place and would be wrong there."""
        kind = kind or self._kind(key)
        chosen: list[str] = []
        for text in self._candidates(key, kind):
            if is_plural(text) != is_plural(key) and kind in _UNCOUNTED:
                continue
            fitted = _in_number(text, like=key)
            clash = any(are_synonyms(fitted, other) for other in (key, *chosen))
            if clash or not near_in_length(fitted, key):
                continue
            if times_said(sentence, fitted) or self._also_true(fitted, key, sentence):
                continue
            chosen.append(fitted)
        return tuple(chosen)

    def _kind(self, key: str) -> str:
        stems = tuple(stem(word) for word in key.split())
        return next((t.kind for t in self.terms if t.stems == stems), kind_of(key))

    def _candidates(self, key: str, kind: str) -> Iterator[str]:
        size = len(key.split())
        same = [t for t in self.terms if t.kind == kind]
        yield from (t.text for t in same if len(t.text.split()) == size)
        yield from (t.text for t in same if len(t.text.split()) != size)
        # Always the same shuffle for the same key, so that a second run writes the same.
        lexicon = list(KINDS.get(kind, ()))
        random.Random(key).shuffle(lexicon)
        yield from lexicon
        if not lexicon:
            yield from (
                t.text
                for t in self.terms
                if t.kind != kind and len(t.text.split()) == size and t.weight > 0
            )

    def _also_true(self, text: str, key: str, sentence: str) -> bool:
        """Whether the lesson itself says the same of this term."""
        rest = set(content_stems(sentence)) - set(content_stems(key))
        if not rest:
            return False
        for other in self.sentences:
            if other == sentence or not times_said(other, text):
                continue
            shared = rest & set(content_stems(other))
            if len(shared) >= max(2, 0.5 * len(rest)):
                return True
        return False


def for_number(word: str) -> tuple[str, ...]:
    """Other numbers, near enough to be thought of."""
    lower = word.lower()
    if lower in _WORDS_TO_NUMBERS:
        number = _WORDS_TO_NUMBERS[lower]
        step = 10 if number >= 20 else 1
        near = (number + step, number - step, number + 2 * step, number - 2 * step)
        names = [_NUMBERS_TO_WORDS[n] for n in near if n in _NUMBERS_TO_WORDS]
        more = [_NUMBERS_TO_WORDS.get(number + 3 * step, "")]
        return tuple(name for name in (*names, *more) if name)
    if not re.fullmatch(r"\d+(\.\d+)?", lower):
        return ()
    value = float(lower)
    if re.fullmatch(r"1[5-9]\d\d|20\d\d", lower):
        return tuple(str(int(value) + years) for years in (-11, 9, 24, -27, 41))
    decimals = len(lower.partition(".")[2])
    return tuple(f"{value * share:.{decimals}f}" for share in (2, 0.5, 1.5, 3, 0.75))


def is_plural(text: str) -> bool:
    last = text.rsplit(maxsplit=1)[-1].lower()
    return last in _PLURALS or (
        last.endswith("s") and not last.endswith(("ss", "is", "us", "ics"))
    )


def _in_number(text: str, *, like: str) -> str:
    """Singular or plural as the key, as far as endings tell."""
    if is_plural(like) == is_plural(text):
        return text
    if is_plural(like):
        return plural_of(text)
    if text.lower() in _PLURALS:
        return text
    if text.endswith("ies"):
        return f"{text[:-3]}y"
    return text[:-1]


def in_other_number(term: str) -> str:
    """Singular for plural and the other way round."""
    if not is_plural(term):
        return plural_of(term)
    return _in_number(term, like="one")


def plural_of(text: str) -> str:
    """The plural, or the word itself where it has none that is worth saying."""
    if is_plural(text) or text.endswith(("is", "ion", "ium", "ity", "ics", "us")):
        return text
    if text.endswith("y") and text[-2:-1] not in "aeiou":
        return f"{text[:-1]}ies"
    return f"{text}es" if text.endswith(("s", "x", "ch", "sh")) else f"{text}s"
