"""What a question must pass before a learner sees it, whoever wrote it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from quizzes.content import Question, QuestionType
from quizzes.engines.writing.drafts import Draft
from quizzes.engines.writing.lexicon import (
    are_synonyms,
    content_stems,
    stems_of,
    times_said,
    words_of,
)
from quizzes.engines.writing.source import Found, Quotes

OPTIONS = 4
MOST_ALIKE = 0.5
_KEY_SUPPORT = 0.6
_LENGTH_SHARE = 0.4
_LENGTH_CHARACTERS = 8
_LONGEST_PROMPT = 400
_LONGEST_OPTION = 200
_GIVE_AWAYS = re.compile(
    r"\b(all of (the above|these|them)|none of (the above|these|them)|both a and b|"
    r"i don'?t know)\b",
    re.IGNORECASE,
)


class Fault(StrEnum):
    """Why a draft was dropped."""

    NO_QUOTE = "its quote is not in the lesson"
    UNSURE_WORDS = "its passage was not understood surely enough"
    KEY_UNSUPPORTED = "its key does not stand in the quoted passage"
    WRONG_COUNT = "it has not the right number of right answers"
    TOO_FEW_WRONG = "it has too few good wrong answers"
    GIVES_AWAY = "its wording gives the key away"
    ALIKE = "it asks what another question asks"
    TOO_LONG = "it is too long to read in passing"
    EMPTY = "something in it is empty"


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A draft with the passage that answers it and the wrong answers that may stand."""

    draft: Draft
    found: Found
    wrong: tuple[str, ...]


def judge(draft: Draft, quotes: Quotes) -> Passed | Fault:
    if (
        not draft.prompt.strip()
        or not draft.right
        or not all(map(str.strip, draft.right))
    ):
        return Fault.EMPTY
    if len(draft.prompt) > _LONGEST_PROMPT or any(
        len(text) > _LONGEST_OPTION for text in draft.right
    ):
        return Fault.TOO_LONG
    found = quotes.find(draft.quote)
    if found is None:
        return Fault.NO_QUOTE
    if not found.quotable:
        return Fault.UNSURE_WORDS
    fault = _count_fault(draft) or _support_fault(draft) or _give_away_fault(draft)
    if fault:
        return fault
    wrong = good_wrong_answers(draft)
    if len(wrong) < least_wrong(draft.type):
        return Fault.TOO_FEW_WRONG
    return Passed(draft=draft, found=found, wrong=wrong)


def least_wrong(kind: QuestionType) -> int:
    return {
        QuestionType.MULTIPLE_CHOICE: OPTIONS - 1,
        QuestionType.MULTIPLE_ANSWER: 2,
    }.get(kind, 0)


def _count_fault(draft: Draft) -> Fault | None:
    count = len({_plain(text) for text in draft.right})
    if count != len(draft.right):
        return Fault.WRONG_COUNT
    match draft.type:
        case QuestionType.MULTIPLE_CHOICE:
            right = count == 1
        case QuestionType.MULTIPLE_ANSWER:
            right = 2 <= count <= 4
        case QuestionType.TRUE_FALSE:
            right = count == 1 and _plain(draft.right[0]) in ("true", "false")
        case QuestionType.ORDERING:
            right = 3 <= count <= 7
        case QuestionType.GAP:
            right = count == 1 and draft.prompt.count("____") >= 1
        case QuestionType.SHORT_ANSWER:
            right = count == 1 and len(words_of(draft.right[0])) <= 5
    return None if right else Fault.WRONG_COUNT


def _support_fault(draft: Draft) -> Fault | None:
    quoted = set(content_stems(draft.quote))
    if draft.type is QuestionType.TRUE_FALSE:
        # Both what is true and what is turned round must be about the passage.
        claim = content_stems(draft.prompt)
        share = sum(word in quoted for word in claim) / max(len(claim), 1)
        least = 0.95 if _plain(draft.right[0]) == "true" else 0.5
        return None if share >= least else Fault.KEY_UNSUPPORTED
    for key in draft.right:
        if draft.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER):
            if not times_said(draft.quote, key):
                return Fault.KEY_UNSUPPORTED
            continue
        words = content_stems(key) or stems_of(key)
        held = sum(
            word in quoted or times_said(draft.quote, word) > 0 for word in words
        )
        if not words or held / len(words) < _KEY_SUPPORT:
            return Fault.KEY_UNSUPPORTED
    return None


def _give_away_fault(draft: Draft) -> Fault | None:
    texts = (*draft.right, *draft.wrong)
    if any(_GIVE_AWAYS.search(text) for text in texts):
        return Fault.GIVES_AWAY
    if draft.type in (QuestionType.TRUE_FALSE, QuestionType.ORDERING):
        return None
    asked = set(content_stems(draft.prompt))
    for key in draft.right:
        stems = set(content_stems(key))
        # A key all of whose words are in the question answers itself.
        if stems and stems <= asked:
            return Fault.GIVES_AWAY
        short = draft.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER)
        if short and stems & asked:
            return Fault.GIVES_AWAY
    if draft.type is QuestionType.MULTIPLE_CHOICE and re.search(
        r"\ban? _{3,}", draft.prompt
    ):
        return Fault.GIVES_AWAY
    return None


def good_wrong_answers(draft: Draft) -> tuple[str, ...]:
    """The candidates that are different, plausible in length, and certainly wrong."""
    good: list[str] = []
    for text in draft.wrong:
        if not text.strip() or len(text) > _LONGEST_OPTION:
            continue
        if any(are_synonyms(text, other) for other in (*draft.right, *good)):
            continue
        if not any(near_in_length(text, key) for key in draft.right):
            continue
        if draft.type is QuestionType.MULTIPLE_ANSWER and times_said(draft.quote, text):
            continue
        good.append(text)
    return tuple(good)


def near_in_length(text: str, key: str) -> bool:
    difference = abs(len(text) - len(key))
    return difference <= max(_LENGTH_CHARACTERS, _LENGTH_SHARE * len(key))


def alike(one: Question | Draft, other: Question | Draft) -> float:
    """How much of their words two prompts share (Jaccard)."""
    a, b = set(content_stems(one.prompt)), set(content_stems(other.prompt))
    return len(a & b) / len(a | b) if a | b else 1.0


def _plain(text: str) -> str:
    return " ".join(words_of(text.lower()))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All gates on one finished question, for the benchmark and for edits by people."""

    key_in_passage: bool
    one_right: bool
    four_different: bool
    no_synonym: bool
    lengths_near: bool

    @property
    def passed(self) -> bool:
        return all(
            (
                self.key_in_passage,
                self.one_right,
                self.four_different,
                self.no_synonym,
                self.lengths_near,
            )
        )


def verdict(question: Question, quotes: Quotes) -> Verdict:
    """Judge a question as it stands, from its text alone."""
    draft = Draft(
        type=question.type,
        prompt=question.prompt,
        right=tuple(c.text for c in question.keys) or tuple(question.accepted[:1]),
        wrong=tuple(c.text for c in question.choices if not c.correct),
        quote=question.quote,
    )
    texts = [_plain(choice.text) for choice in question.choices]
    single = question.type is QuestionType.MULTIPLE_CHOICE
    right, wrong = draft.right, draft.wrong
    return Verdict(
        key_in_passage=quotes.find(question.quote) is not None
        and _support_fault(draft) is None,
        one_right=_count_fault(draft) is None,
        four_different=not single
        or (len(texts) == OPTIONS and len(set(texts)) == OPTIONS),
        no_synonym=not single
        or not any(are_synonyms(a, b) for a in wrong for b in right),
        lengths_near=not single or _all_near(right, wrong),
    )


def _all_near(right: Sequence[str], wrong: Sequence[str]) -> bool:
    return all(any(near_in_length(text, key) for key in right) for text in wrong)
