"""Sentences that say something worth asking, found by how they are built."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quizzes.engines.writing.lexicon import STOPWORDS, words_of
from quizzes.engines.writing.source import Sentence

_DEFINITION = re.compile(
    r"^(?P<article>the |a |an )?(?P<term>[\w'’-]+(?: [\w'’-]+){0,3}?) "
    r"(?P<verb>is|are|means|refers to) (?P<text>(?:a|an|the|any|when)\b .+?)[.!]?$",
    re.IGNORECASE,
)
# What makes a description tell its term from others.
_TELLING = re.compile(
    r"\b(that|which|who|where|by|of|for|from|found|used|made|between|most|least|when|in)\b"
)
_BECAUSE = re.compile(
    r"^(?P<effect>.+?),? (?:because|since) (?!of\b)(?P<cause>.+?)[.!]?$", re.IGNORECASE
)
_IF = re.compile(
    r"^(?:if|when) (?P<condition>.+?), (?:then )?(?P<effect>.+?)[.!]?$", re.IGNORECASE
)
_LIST = re.compile(
    r"^(?P<lead>.+?)(?P<mark>:| include| includes| such as| are| consists? of| contains?)"
    r" (?P<items>[^,;:]+(?:, [^,;:]+)+,? (?:and|or) [^,;:]+?)[.!]?$",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"^(?P<mark>first|second|third|then|next|after that|afterwards|finally|lastly)\b,?\s*"
    r"(?P<text>.+?)[.!]?$",
    re.IGNORECASE,
)
_FIRST = ("first",)
_ADJECTIVES = ("al", "ar", "ary", "ic", "ive", "ous", "ent", "ant", "ing", "ed", "ble")
_MOST_SENTENCES_BETWEEN_STEPS = 3
_LONGEST_STEP_CHARACTERS = 130


@dataclass(frozen=True, kw_only=True)
class Definition:
    sentence: Sentence
    # “a chloroplast” with its article where it has one
    named: str
    term: str
    plural: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Cause:
    sentence: Sentence
    effect: str
    cause: str
    # “If …, then …” rather than “… because …”
    conditional: bool


@dataclass(frozen=True, kw_only=True)
class Listing:
    sentence: Sentence
    lead: str
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Steps:
    sentences: tuple[Sentence, ...]
    texts: tuple[str, ...]


def definitions(sentences: Sequence[Sentence]) -> list[Definition]:
    found: list[Definition] = []
    for sentence in sentences:
        match = _DEFINITION.match(sentence.text)
        if not match or not sentence.stands_alone:
            continue
        term, text = match["term"], match["text"]
        empty = all(word.lower() in STOPWORDS for word in words_of(term))
        starts_empty = term.split()[0].lower() in STOPWORDS
        if empty or starts_empty or len(text.split()) < 4 or not _TELLING.search(text):
            continue
        article = match["article"] or ""
        found.append(
            Definition(
                sentence=sentence,
                named=f"{article.lower()}{_uncapitalised(term, begins=not article)}",
                term=_uncapitalised(term, begins=not article),
                plural=match["verb"].lower() == "are",
                text=text,
            )
        )
    return found


def causes(sentences: Sequence[Sentence]) -> list[Cause]:
    found: list[Cause] = []
    for sentence in sentences:
        if not sentence.quotable:
            continue
        for pattern, name in ((_BECAUSE, "cause"), (_IF, "condition")):
            match = pattern.match(sentence.text)
            if not match:
                continue
            effect, cause = match["effect"], match[name]
            # “because it …”: what it is stands on the other side, and must not be lost.
            if len(cause.split()) < 3 or len(effect.split()) < 3:
                continue
            if re.match(r"(it|they|this|that|he|she|these)\b", cause, re.IGNORECASE):
                continue
            if name == "cause" and not sentence.stands_alone:
                continue
            found.append(
                Cause(
                    sentence=sentence,
                    effect=effect,
                    cause=cause,
                    conditional=name == "condition",
                )
            )
            break
    return found


def listings(sentences: Sequence[Sentence]) -> list[Listing]:
    found: list[Listing] = []
    for sentence in sentences:
        match = _LIST.match(sentence.text)
        if not match or not sentence.stands_alone:
            continue
        items = [
            re.sub(r"^(and|or|the|a|an)\s+", "", item.strip())
            for item in re.split(r", (?:and |or )?| and | or ", match["items"])
        ]
        short = all(0 < len(item.split()) <= 4 for item in items)
        if len(items) >= 2 and short and len(set(items)) == len(items):
            found.append(
                Listing(
                    sentence=sentence,
                    lead=(match["lead"] + match["mark"]).rstrip(": "),
                    items=tuple(items),
                )
            )
    return found


def sequences(sentences: Sequence[Sentence]) -> list[Steps]:
    """“First … Then … Finally …”, with few sentences in between."""
    found: list[Steps] = []
    current: list[tuple[Sentence, str]] = []
    for sentence in [*sentences, None]:
        match = _STEP.match(sentence.text) if sentence else None
        begins = bool(match) and match["mark"].lower() in _FIRST  # type: ignore[index]
        gap = (
            sentence.place - current[-1][0].place
            if sentence is not None and current
            else 0
        )
        ended = sentence is None or begins or gap > _MOST_SENTENCES_BETWEEN_STEPS
        if current and ended:
            if len(current) >= 3:
                found.append(
                    Steps(
                        sentences=tuple(s for s, _ in current),
                        texts=tuple(text for _, text in current),
                    )
                )
            current = []
        if sentence is not None and match and (begins or current):
            text = match["text"]
            if len(text) <= _LONGEST_STEP_CHARACTERS:
                current.append((sentence, text[0].upper() + text[1:]))
    return found


def _uncapitalised(term: str, *, begins: bool) -> str:
    """Without the capital of a sentence's beginning; names keep theirs as best one knows."""
    first = term.partition(" ")[0]
    # “Cellular respiration” loses its capital, “Calvin cycle” does not.
    common = first == term or first.endswith(_ADJECTIVES)
    if begins and common and term[:1].isupper() and term[1:2].islower():
        return term[0].lower() + term[1:]
    return term
