"""Words into sentences, and what Whisper-like recognisers make up out again."""

import re
from collections.abc import Sequence

from quizzes.content import Segment, Word

PAUSE_S = 0.65
LONGEST_WORDS = 40
_ENDS = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
# Dots that do not end a sentence.
_ABBREVIATIONS = frozenset(
    "mr. mrs. ms. dr. prof. e.g. i.e. vs. etc. fig. no. st. approx. ca. al. sec. min.".split()
)


def segments_of(words: Sequence[Word], *, punctuated: bool) -> list[Segment]:
    """Sentences at their points; where there are none, at pauses."""
    segments: list[Segment] = []
    current: list[Word] = []
    for place, word in enumerate(words):
        current.append(word)
        following = words[place + 1] if place + 1 < len(words) else None
        if following is None or _breaks(current, following, punctuated=punctuated):
            segments.append(_segment(current, punctuated=punctuated))
            current = []
    return segments


def _breaks(current: Sequence[Word], following: Word, *, punctuated: bool) -> bool:
    last = current[-1]
    if punctuated and ends_sentence(last.text):
        return True
    pause = following.start - last.end
    if pause > (PAUSE_S * 3 if punctuated else PAUSE_S):
        return True
    return len(current) >= LONGEST_WORDS and pause > 0.15


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text)) and text.lower() not in _ABBREVIATIONS


def _segment(words: Sequence[Word], *, punctuated: bool) -> Segment:
    text = " ".join(word.text for word in words)
    if not punctuated:
        text = text[:1].upper() + text[1:] + "."
        text = re.sub(r"\bi\b", "I", text)
    return Segment(
        start=words[0].start, end=words[-1].end, text=text, words=tuple(words)
    )


def without_loops(words: Sequence[Word]) -> list[Word]:
    """Drop what a recogniser says over and over: the same words three times or more."""
    kept: list[Word] = []
    place = 0
    while place < len(words):
        size, times = _loop_at(words, place)
        if times >= 3 and size * times >= 4:
            kept.extend(words[place : place + size])
            place += size * times
        else:
            kept.append(words[place])
            place += 1
    return kept


def _loop_at(words: Sequence[Word], place: int) -> tuple[int, int]:
    best = (1, 1)
    for size in range(1, 9):
        first = [w.text.lower() for w in words[place : place + size]]
        if len(first) < size:
            break
        times = 1
        while [
            w.text.lower()
            for w in words[place + size * times : place + size * (times + 1)]
        ] == first:
            times += 1
        if times >= 3 and size * times > best[0] * best[1]:
            best = (size, times)
    return best
