"""Drafts into a quiz: judged, chosen over the whole lesson, options picked and laid out."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from quizzes.content import Choice, Question, QuestionType, Transcript
from quizzes.engines.writing.drafts import Draft
from quizzes.engines.writing.gates import (
    MOST_ALIKE,
    OPTIONS,
    Fault,
    Passed,
    alike,
    judge,
)
from quizzes.engines.writing.source import Quotes

# In what share of its questions the key should be the longest option: as by chance.
LONGEST_KEY_SHARE = 0.25
_SETS_TRIED = 60
# How much a further question of the same type, or from the same minute, is worth less.
_SAME_TYPE = dict.fromkeys(QuestionType, 0.72) | {
    # What most quizzes are made of.
    QuestionType.MULTIPLE_CHOICE: 0.88
}
_SAME_PLACE, _SAME_SENTENCE = 0.75, 0.45


@dataclass(frozen=True, kw_only=True)
class Finished:
    questions: tuple[Question, ...]
    tried: int
    faults: Counter[Fault] = field(default_factory=Counter)

    def why(self) -> str:
        """The commonest reasons, for a person."""
        return "; ".join(
            f"{count}: {fault.value}" for fault, count in self.faults.most_common(3)
        )


def finish(
    drafts: Sequence[Draft],
    transcript: Transcript,
    *,
    count: int,
    types: Sequence[QuestionType],
    seed: str,
    taken: Sequence[Question] = (),
) -> Finished:
    """The best questions that pass the gates, at most `count`, in the video's order."""
    quotes = Quotes(transcript)
    faults: Counter[Fault] = Counter()
    passed: list[Passed] = []
    wanted = [draft for draft in drafts if draft.type in types]
    for draft in wanted:
        verdict = judge(draft, quotes)
        if isinstance(verdict, Passed):
            passed.append(verdict)
        else:
            faults[verdict] += 1
    chosen = _choose(passed, count, taken, faults)
    chosen.sort(key=lambda item: (item.found.end, item.draft.prompt))
    return Finished(
        questions=tuple(_laid_out(chosen, seed)), tried=len(wanted), faults=faults
    )


def _choose(
    passed: Sequence[Passed],
    count: int,
    taken: Sequence[Question],
    faults: Counter[Fault],
) -> list[Passed]:
    """Greedy: the best next one, when types, minutes and sentences should differ."""
    chosen: list[Passed] = []
    rest = list(passed)
    while rest and len(chosen) < count:
        best = max(rest, key=lambda item: _worth(item, chosen))
        rest.remove(best)
        old: list[Question | Draft] = [*taken, *(item.draft for item in chosen)]
        if any(alike(best.draft, other) > MOST_ALIKE for other in old):
            faults[Fault.ALIKE] += 1
            continue
        if any(_answers(best.draft, other.draft) for other in chosen):
            faults[Fault.ALIKE] += 1
            continue
        chosen.append(best)
    return chosen


def _worth(item: Passed, chosen: Sequence[Passed]) -> float:
    worth = item.draft.score
    for other in chosen:
        if other.draft.type is item.draft.type:
            worth *= _SAME_TYPE[item.draft.type]
        if abs(other.found.start - item.found.start) < 45:
            worth *= _SAME_PLACE
        if other.found.quote == item.found.quote:
            worth *= _SAME_SENTENCE
    return worth


def _answers(one: Draft, other: Draft) -> bool:
    """The same key asked again, from the same passage or in the same manner."""
    same_key = {text.lower() for text in one.right} == {
        text.lower() for text in other.right
    }
    if one.type is QuestionType.TRUE_FALSE:
        return other.type is one.type and one.quote == other.quote
    return (same_key or one.subject == other.subject) and (
        one.quote == other.quote or same_key
    )


def _laid_out(chosen: Sequence[Passed], seed: str) -> list[Question]:
    options = _options_of(chosen, seed)
    return [
        _question(item, wrong, seed)
        for item, wrong in zip(chosen, options, strict=True)
    ]


def _options_of(chosen: Sequence[Passed], seed: str) -> list[tuple[str, ...]]:
    """Wrong answers for each, so that the key is the longest option as often as by chance."""
    sets: list[tuple[str, ...]] = [()] * len(chosen)
    open_places: list[tuple[int, tuple[str, ...], tuple[str, ...]]] = []
    longest = total = 0
    for place, item in enumerate(chosen):
        if item.draft.type is QuestionType.MULTIPLE_ANSWER:
            sets[place] = item.wrong[: max(2, OPTIONS + 1 - len(item.draft.right))]
        if item.draft.type is not QuestionType.MULTIPLE_CHOICE:
            continue
        total += 1
        key = len(item.draft.right[0])
        tried = list(combinations(item.wrong[:8], OPTIONS - 1))[:_SETS_TRIED]
        shorter = next((s for s in tried if max(map(len, s)) < key), None)
        not_shorter = next((s for s in tried if max(map(len, s)) >= key), None)
        if shorter and not_shorter:
            open_places.append((place, shorter, not_shorter))
        else:
            sets[place] = shorter or not_shorter or ()
            longest += shorter is not None
    random.Random(seed).shuffle(open_places)
    for place, shorter, not_shorter in open_places:
        take = longest + 0.5 < LONGEST_KEY_SHARE * total
        sets[place] = shorter if take else not_shorter
        longest += take
    return sets


def _question(item: Passed, wrong: Sequence[str], seed: str) -> Question:
    draft = item.draft
    name = question_id(draft)
    return Question(
        id=name,
        type=draft.type,
        prompt=draft.prompt,
        choices=tuple(_choices(draft, wrong, name, seed)),
        answer=_answer(draft),
        explanation=draft.explanation,
        difficulty=draft.difficulty,
        bloom=draft.bloom,
        start=round(item.found.start, 2),
        end=round(item.found.end, 2),
        quote=item.found.quote,
        confidence=round(item.found.confidence, 3),
    )


def question_id(draft: Draft) -> str:
    """The same for the same question, so that a second import replaces the first."""
    told = "|".join((draft.type, draft.prompt, *draft.right))
    return "q" + hashlib.sha256(told.encode()).hexdigest()[:12]


def _answer(draft: Draft) -> str:
    if draft.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER):
        return "|".join(dict.fromkeys((*draft.right, *draft.accepted)))
    return "|".join(draft.right)


def _choices(draft: Draft, wrong: Sequence[str], name: str, seed: str) -> list[Choice]:
    if draft.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER):
        return []
    if draft.type is QuestionType.TRUE_FALSE:
        right = draft.right[0].strip().lower() == "true"
        texts = [("True", right), ("False", not right)]
    elif draft.type is QuestionType.ORDERING:
        texts = [(text, True) for text in draft.right]
    else:
        texts = [(text, True) for text in draft.right]
        texts += [(text, False) for text in wrong]
        random.Random(f"{seed}{name}").shuffle(texts)
    return [
        Choice(
            id=f"{name}-{place + 1}",
            text=text,
            correct=right,
            feedback=""
            if right or draft.type is QuestionType.TRUE_FALSE
            else "This is not what the lesson says.",
        )
        for place, (text, right) in enumerate(texts)
    ]
