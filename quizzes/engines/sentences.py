"""Words into sentences, and what Whisper-like recognisers make up out again."""

import re
from collections.abc import Sequence
from itertools import pairwise

from quizzes.content import Segment, Word

LONGEST_WORDS = 40
# Longer than people pause inside a sentence, even one that is written with its points.
_SILENCE_S = 2.0
_ENDS = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
# Dots that do not end a sentence.
_ABBREVIATIONS = frozenset(
    "mr. mrs. ms. dr. prof. e.g. i.e. vs. etc. fig. no. st. approx. ca. al. sec. min.".split()
)

# What people say in a sentence, about; the speaker's own pauses are weighed by it.
_USUAL_WORDS = 14
_SHORTEST_WORDS = 3
# Text with fewer points than this has lost them, or never had any.
_POINT_EVERY_WORDS = 50
# A pause shorter than this ends nobody's sentence, one longer everybody's.
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.22, 0.75
# Sentences end at pauses about as long as the longest ones that there should be.
_NEARLY = 0.9
# Nobody ends a sentence with these, or starts one with those.
_LEADS_ON = frozenset(
    """a an and are at because but by called for from if in into is its my of on or our
    that the their these this to until was were when which while who with your""".split()
)
_FOLLOWS_ON = frozenset("and because is are of or than was were which whose".split())


def segments_of(words: Sequence[Word]) -> list[Segment]:
    """Sentences at their points; where there are none, at the speaker's pauses."""
    written = list(words) if is_punctuated(words) else with_points(words)
    segments: list[Segment] = []
    current: list[Word] = []
    for place, word in enumerate(written):
        current.append(word)
        following = written[place + 1] if place + 1 < len(written) else None
        if following is None or _breaks(current, following):
            segments.append(_segment(current))
            current = []
    return segments


def _breaks(current: Sequence[Word], following: Word) -> bool:
    last = current[-1]
    if ends_sentence(last.text):
        return True
    pause_s = following.start - last.end
    return pause_s > _SILENCE_S or (len(current) >= LONGEST_WORDS and pause_s > 0.15)


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text)) and text.lower() not in _ABBREVIATIONS


def is_punctuated(words: Sequence[Word]) -> bool:
    ends = sum(ends_sentence(word.text) for word in words)
    return ends > 0 and ends * _POINT_EVERY_WORDS >= len(words)


def with_points(words: Sequence[Word]) -> list[Word]:
    """The same words with a capital and a full stop where a sentence seems to be."""
    told: list[Word] = []
    for sentence in _at_pauses(words):
        texts = [word.text for word in sentence]
        texts[0] = texts[0][:1].upper() + texts[0][1:]
        if not ends_sentence(texts[-1]):
            texts[-1] = texts[-1].rstrip(",;:") + "."
        told += [
            word.model_copy(update={"text": text})
            for word, text in zip(sentence, texts, strict=True)
        ]
    return told


def _at_pauses(words: Sequence[Word]) -> list[Sequence[Word]]:
    pauses = [after.start - before.end for before, after in pairwise(words)]
    least_s = _least_pause_s(pauses, len(words))
    ends = [
        place + 1
        for place, pause_s in enumerate(pauses)
        if pause_s > _SILENCE_S
        or (pause_s >= least_s and not _leans(words[place], words[place + 1]))
    ]
    sentences: list[Sequence[Word]] = []
    for first, end in pairwise([0, *ends, len(words)]):
        if sentences and 0 < end - first < _SHORTEST_WORDS:
            near = pauses[first - 1] < _LONGEST_PAUSE_S
            if near and len(sentences[-1]) + end - first <= LONGEST_WORDS:
                sentences[-1] = words[first - len(sentences[-1]) : end]
                continue
        sentences += _not_too_long(words[first:end])
    return sentences


def _least_pause_s(pauses: Sequence[float], count: int) -> float:
    """How long this speaker waits between sentences: as many pauses as sentences."""
    wanted = max(1, round(count / _USUAL_WORDS))
    longest = sorted(pauses, reverse=True)[:wanted]
    least_s = _NEARLY * longest[-1] if longest else _SHORTEST_PAUSE_S
    return min(max(least_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)


def _leans(before: Word, after: Word) -> bool:
    """Whether two words belong together, whatever the pause between them."""
    return before.text.lower() in _LEADS_ON or after.text.lower() in _FOLLOWS_ON


def _not_too_long(words: Sequence[Word]) -> list[Sequence[Word]]:
    """Cut where the speaker waits longest, until each piece could be a sentence."""
    if not words:
        return []
    if len(words) <= LONGEST_WORDS:
        return [words]
    inner = range(_SHORTEST_WORDS, len(words) - _SHORTEST_WORDS + 1)
    cut = max(
        inner,
        key=lambda at: (
            words[at].start
            - words[at - 1].end
            # Of pauses alike the one nearest the middle.
            - 1e-3 * abs(at - len(words) / 2)
        ),
    )
    return [*_not_too_long(words[:cut]), *_not_too_long(words[cut:])]


def _segment(words: Sequence[Word]) -> Segment:
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        words=tuple(words),
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
