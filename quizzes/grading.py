"""Whether an answer is right, and how far; the same rules as in `judge.js`."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import RequestError
from quizzes.content import Question, QuestionType
from quizzes.engines.writing.lexicon import words_of
from quizzes.exports.anki import answer_text

Given = str | Sequence[str]
_LONGEST_ANSWER = 1000


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a learner is told after an answer."""

    score: float
    right: str
    keys: tuple[str, ...]
    explanation: str


def judge(question: Question, given: Given) -> Verdict:
    return Verdict(
        score=round(score(question, given), 4),
        right=answer_text(question),
        keys=tuple(choice.id for choice in question.keys),
        explanation=question.explanation,
    )


def score(question: Question, given: Given) -> float:
    if question.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER):
        said = _plain(_text(given))
        return float(any(_plain(text) == said for text in question.accepted))
    chosen = _ids(question, given)
    keys = [choice.id for choice in question.keys]
    if question.type is QuestionType.ORDERING:
        return float(chosen == keys)
    if question.type is not QuestionType.MULTIPLE_ANSWER:
        return float(chosen == keys)
    hits = sum(choice in keys for choice in chosen)
    wrong = len(question.choices) - len(keys)
    # Ticking everything earns nothing.
    return max(0.0, hits / len(keys) - (len(chosen) - hits) / max(wrong, 1))


def _text(given: Given) -> str:
    if not isinstance(given, str):
        raise _bad("This question wants a text.")
    if len(given) > _LONGEST_ANSWER:
        raise _bad("This answer is too long.")
    return given


def _ids(question: Question, given: Given) -> list[str]:
    if isinstance(given, str):
        raise _bad("This question wants a list of choices.")
    known = {choice.id for choice in question.choices}
    chosen = [str(each) for each in given]
    if len(set(chosen)) != len(chosen) or not set(chosen) <= known:
        raise _bad("The answer names a choice twice, or one that is not there.")
    return chosen


def _bad(detail: str) -> RequestError:
    return RequestError(detail, errors={"given": [detail]})


def _plain(text: str) -> str:
    return " ".join(words_of(text.lower()))
