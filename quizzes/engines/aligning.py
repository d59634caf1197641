"""A given text laid onto the sound: every word kept as it is, its time estimated."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import accumulate

from jobs.toolbox.captions import Cue
from quizzes.content import Segment, Word
from quizzes.engines.speech_activity import Span

# Words with no letters in common with anything heard still take this long to say.
_SHORTEST_WORD_S = 0.06
# An anchor is a run of heard words this long that the text has, too.
_ANCHOR_WORDS = 2


def from_cues(cues: Sequence[Cue], spans: Sequence[Span]) -> list[Segment]:
    """Own subtitles: text and times as they are; words spread over the speech inside."""
    segments: list[Segment] = []
    for cue in cues:
        text = " ".join(cue.lines)
        inside = _inside(spans, cue.start_s, cue.end_s)
        segments.append(
            Segment(
                start=cue.start_s,
                end=cue.end_s,
                text=text,
                words=tuple(_spread(text.split(), inside)),
            )
        )
    return segments


def from_text(
    text: str, spans: Sequence[Span], heard: Sequence[Word] = ()
) -> list[Segment]:
    """A transcript without times.

    Where a recogniser heard the same words in the same order, its times anchor the
    text; between anchors words are spread over the speech by their length.
    """
    sentences = _sentences(text)
    tokens = [token for sentence in sentences for token in sentence.split()]
    timed = _anchored(tokens, spans, heard)
    segments: list[Segment] = []
    at = 0
    for sentence in sentences:
        words = timed[at : at + len(sentence.split())]
        at += len(words)
        segments.append(
            Segment(
                start=words[0].start,
                end=words[-1].end,
                text=sentence,
                words=tuple(words),
            )
        )
    return segments


def _sentences(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    parts = [
        part
        for line in lines
        for part in re.split(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+", line)
    ]
    return [part for part in parts if part.strip()]


def _anchored(
    tokens: Sequence[str], spans: Sequence[Span], heard: Sequence[Word]
) -> list[Word]:
    if not tokens:
        return []
    matcher = SequenceMatcher(
        None,
        [_bare(token) for token in tokens],
        [_bare(word.text) for word in heard],
        autojunk=False,
    )
    timed: list[Word] = []
    done, moment = 0, spans[0].start_s if spans else 0.0
    end = spans[-1].end_s if spans else len(tokens) * 0.4
    for block in matcher.get_matching_blocks():
        if 0 < block.size < _ANCHOR_WORDS:
            continue
        until = heard[block.b].start if block.size else end
        timed += _spread(tokens[done : block.a], _inside(spans, moment, until))
        for step in range(block.size):
            word = heard[block.b + step]
            timed.append(
                Word(text=tokens[block.a + step], start=word.start, end=word.end)
            )
        done = block.a + block.size
        moment = max(moment, timed[-1].end if timed else moment)
    return timed


def _inside(spans: Sequence[Span], start_s: float, end_s: float) -> list[Span]:
    """The speech between two moments, or all of the time where none was found."""
    cut = [
        Span(start_s=max(span.start_s, start_s), end_s=min(span.end_s, end_s))
        for span in spans
        if span.end_s > start_s and span.start_s < end_s
    ]
    return [span for span in cut if span.duration_s > 0.05] or [
        Span(start_s=start_s, end_s=max(end_s, start_s + 0.05))
    ]


def _spread(tokens: Sequence[str], spans: Sequence[Span]) -> list[Word]:
    """Words one after another over the speech, each by its share of the letters."""
    if not tokens:
        return []
    sizes = [len(_bare(token)) + 1.5 for token in tokens]
    ends = list(accumulate(sizes))
    total = ends[-1]
    lengths = list(accumulate((span.duration_s for span in spans), initial=0.0))

    def moment(share: float) -> float:
        passed = share * lengths[-1]
        place = min(bisect_right(lengths, passed) - 1, len(spans) - 1)
        return spans[place].start_s + passed - lengths[place]

    words: list[Word] = []
    for token, size, end in zip(tokens, sizes, ends, strict=True):
        start_s, end_s = moment((end - size) / total), moment(end / total - 1e-9)
        words.append(
            Word(text=token, start=start_s, end=max(end_s, start_s + _SHORTEST_WORD_S))
        )
    return words


def _bare(token: str) -> str:
    return "".join(sign for sign in token.lower() if sign.isalnum())
