"""What Whisper heard, weighed against the slides and a dictionary.

Told beforehand what stands on the slides, a small Whisper hears it where nobody says it.
So it listens unprompted, and only what it was unsure of is compared with the slides
afterwards: by sound, as “chorophil” is what it made of “chlorophyll”.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quizzes.content import Word
from quizzes.engines.pronouncing import sounds_of
from quizzes.engines.word_forms import forms_of
from quizzes.engines.writing.lexicon import STOPWORDS

# A word of the dictionary less sure than this may be another.
_UNSURE = 0.4
# How far (0 to 1) a slide's word may sound from what was heard: from what is no word at
# all, or from a word or several of the dictionary, which may have been said.
_FARTHEST, _FARTHEST_OF_KNOWN = 0.3, 0.25
_MOST_WORDS = 3
_FEWEST_SOUNDS, _FEWEST_SOUNDS_OF_SEVERAL = 4, 6
# So much farther a form of a slide's word counts than the word itself: “leafs” exists.
_FORM = 0.1
# A word of no dictionary was made up more often than not.
_UNKNOWN = 0.7
# Words of the same stem are both what may have been said.
_STEM_LETTERS = 4
_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
_TWINS = frozenset(
    frozenset(pair.split())
    for pair in "P B,T D,K G,F V,TH DH,S Z,SH ZH,CH JH,M N,N NG,L R,S SH,Z ZH,TH F".split(
        ","
    )
)
_EDGES = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


def weighed(words: Sequence[Word], vocabulary: Sequence[str]) -> list[Word]:
    """The words with doubtful ones mended by the slides, and how sure each is now."""
    expected = _Expected.of(vocabulary)
    sounds = sounds_of(sorted(_to_pronounce(words, expected)))
    told: list[Word] = []
    at = 0
    while at < len(words):
        size, word = _mended(words, at, expected, sounds)
        told.append(word or _judged(words[at], expected))
        at += size
    return told


@dataclass(frozen=True, kw_only=True)
class _Expected:
    """Words that stand on the slides, and the forms of them that exist."""

    written: frozenset[str]
    forms: frozenset[str]

    @classmethod
    def of(cls, vocabulary: Sequence[str]) -> "_Expected":
        single = [text for text in vocabulary if " " not in text]
        forms = {f for text in single for f in forms_of(text.lower()) if is_known(f)}
        return cls(written=frozenset(single), forms=frozenset(forms))

    def __contains__(self, text: str) -> bool:
        lower = text.lower()
        return lower in self.written or text in self.written or lower in self.forms


@cache
def _dictionary() -> frozenset[str]:
    """The words that pocketsphinx can pronounce: 130,000, names among them."""
    from pocketsphinx import get_model_path  # loads its library

    lines = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8")
    return frozenset(line.partition(" ")[0] for line in lines.splitlines())


def is_known(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return lower in _dictionary() or lower.removesuffix("'s") in _dictionary()


def _bare(word: Word) -> str:
    match = _EDGES.match(word.text)
    return match[2] if match else word.text


def _made_up(text: str, expected: _Expected) -> bool:
    """Whether it is in no dictionary and on no slide; numbers are read, not known."""
    if text in expected or any(sign.isdigit() for sign in text) or text.isupper():
        return False
    return not all(is_known(part) for part in re.split(r"[-–]", text) if part)


def _judged(word: Word, expected: _Expected) -> Word:
    text = _bare(word)
    sure = word.confidence
    if text in expected:
        # Seen and heard: two witnesses.
        sure = sure**0.5
    elif _made_up(text, expected):
        sure *= _UNKNOWN
    return word.model_copy(update={"confidence": sure})


def _runs(words: Sequence[Word], at: int) -> Iterator[Sequence[Word]]:
    """What may be one word of the slides: the longest first."""
    for size in range(min(_MOST_WORDS, len(words) - at), 0, -1):
        run = words[at : at + size]
        # A point or a comma in between: nobody speaks one word like that.
        if all(word.text[-1:].isalnum() for word in run[:-1]):
            yield run


def _doubtful(run: Sequence[Word], expected: _Expected) -> bool:
    texts = [_bare(word) for word in run]
    if not all(text.replace("-", "").replace("'", "").isalpha() for text in texts):
        return False
    if any(text in expected for text in texts):
        return False
    made_up = any(_made_up(text, expected) for text in texts)
    least = min(word.confidence for word in run)
    return made_up or least < _UNSURE


def _to_pronounce(words: Sequence[Word], expected: _Expected) -> set[str]:
    if not expected.written:
        return set()
    heard = {
        _bare(word).lower()
        for at in range(len(words))
        for run in _runs(words, at)
        if _doubtful(run, expected)
        for word in run
    }
    return heard and heard | _candidates(expected)


def _candidates(expected: _Expected) -> set[str]:
    return {
        word
        for word in expected.written | expected.forms
        if not word.isupper() and word not in STOPWORDS
    }


def _mended(
    words: Sequence[Word], at: int, expected: _Expected, sounds: dict[str, str]
) -> tuple[int, Word | None]:
    """How many words from here are one of the slides', and that one."""
    for run in _runs(words, at):
        if not _doubtful(run, expected):
            continue
        texts = [_bare(word).lower() for word in run]
        if not all(text in sounds for text in texts):
            continue
        heard = [sound for text in texts for sound in sounds[text].split()]
        far, text = _nearest(heard, texts, expected, sounds)
        known = len(run) > 1 or is_known(texts[0])
        if far <= (_FARTHEST_OF_KNOWN if known else _FARTHEST):
            return len(run), _instead(run, text, sure=1.0 - far)
    return 1, None


def _nearest(
    heard: Sequence[str],
    texts: Sequence[str],
    expected: _Expected,
    sounds: dict[str, str],
) -> tuple[float, str]:
    fewest = _FEWEST_SOUNDS if len(texts) == 1 else _FEWEST_SOUNDS_OF_SEVERAL
    near = [
        (
            _apart(heard, sounds[text].split())
            + _FORM * (text not in expected.written),
            text,
        )
        for text in _candidates(expected)
        if text in sounds
        and len(sounds[text].split()) >= fewest
        and not (len(texts) == 1 and _same_stem(texts[0], text))
    ]
    return min(near, default=(1.0, ""))


def _same_stem(heard: str, text: str) -> bool:
    return is_known(heard) and heard[:_STEM_LETTERS] == text[:_STEM_LETTERS]


def _apart(heard: Sequence[str], other: Sequence[str]) -> float:
    """Edits from one to the other, by the longer one's sounds; near ones cost half."""
    row = [float(place) for place in range(len(other) + 1)]
    for number, one in enumerate(heard, start=1):
        before, row[0] = row[0], float(number)
        for place, two in enumerate(other, start=1):
            changed = before + _unlike(one, two)
            before = row[place]
            row[place] = min(before + 1, row[place - 1] + 1, changed)
    return row[-1] / max(len(heard), len(other), 1)


def _unlike(one: str, two: str) -> float:
    if one == two:
        return 0.0
    both_vowels = one in _VOWELS and two in _VOWELS
    return 0.5 if both_vowels or frozenset((one, two)) in _TWINS else 1.0


def _instead(run: Sequence[Word], text: str, *, sure: float) -> Word:
    first, last = _EDGES.match(run[0].text), _EDGES.match(run[-1].text)
    written = text.capitalize() if _bare(run[0])[:1].isupper() else text
    return Word(
        text=(first[1] if first else "") + written + (last[3] if last else ""),
        start=run[0].start,
        end=run[-1].end,
        confidence=sure,
    )
