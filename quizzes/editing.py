"""What people may do to a quiz; every edit can be undone."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from pydantic import ValidationError

from jobs.errors import ConflictError, NotFoundError
from quizzes import reading, recording
from quizzes.content import Choice, Question, QuestionType, Quiz
from quizzes.engines.writing import local
from quizzes.engines.writing.finishing import finish
from quizzes.errors import BadQuestionError, NothingToUndoError
from quizzes.models import Quiz as QuizRow
from quizzes.models import QuizEdit

# Undo reaches back this far.
_KEPT_EDITS = 100
_MOST_QUESTIONS = 200
_EDITABLE = frozenset(
    {
        *("type", "prompt", "choices", "answer", "explanation", "difficulty"),
        *("bloom", "start", "end", "quote"),
    }
)

Change = Callable[[Quiz], Quiz]


def edit(
    quiz_id: UUID,
    user: User,
    what: str,
    change: Change,
    *,
    version: int | None = None,
) -> QuizRow:
    """Carry out one change, and keep what was before it."""
    with transaction.atomic():
        row = QuizRow.objects.select_for_update().get(pk=quiz_id)
        if version is not None and version != row.version:
            raise ConflictError(
                "Somebody else changed this quiz meanwhile. Load it again to see how."
            )
        before = reading.quiz_content(reading.quizzes().get(pk=quiz_id))
        after = change(before)
        QuizEdit.objects.create(
            quiz=row, made_by=user, what=what, before=before.model_dump(mode="json")
        )
        _forget_old_edits(row)
        return _store(row, after)


def undo(quiz_id: UUID) -> QuizRow:
    """Put back what was before the last edit."""
    with transaction.atomic():
        row = QuizRow.objects.select_for_update().get(pk=quiz_id)
        last = row.edits.first()
        if last is None:
            raise NothingToUndoError("There is nothing to undo.")
        before = Quiz.model_validate(last.before)
        last.delete()
        return _store(row, before)


def _store(row: QuizRow, quiz: Quiz) -> QuizRow:
    row.title = quiz.title[:200]
    row.version += 1
    row.save(update_fields=["title", "version", "updated_at"])
    recording.write_questions(row, quiz.questions)
    return row


def _forget_old_edits(row: QuizRow) -> None:
    old = row.edits.values_list("pk", flat=True)[_KEPT_EDITS:]
    QuizEdit.objects.filter(pk__in=list(old)).delete()


# Changes ------------------------------------------------------------------------------


def renamed(title: str) -> Change:
    if not title.strip():
        raise BadQuestionError(
            "A quiz needs a title.", errors={"title": ["Write one."]}
        )
    return lambda quiz: quiz.model_copy(update={"title": title.strip()})


def changed(key: str, told: Mapping[str, Any]) -> Change:
    def change(quiz: Quiz) -> Quiz:
        old = find(quiz, key)
        return _with(
            quiz, [_checked(old, told) if q.id == key else q for q in quiz.questions]
        )

    return change


def added(told: Mapping[str, Any], *, after: str = "") -> Change:
    def change(quiz: Quiz) -> Quiz:
        if len(quiz.questions) >= _MOST_QUESTIONS:
            raise BadQuestionError(f"A quiz has at most {_MOST_QUESTIONS} questions.")
        blank = Question(
            id=f"q{secrets.token_hex(6)}",
            type=QuestionType.MULTIPLE_CHOICE,
            prompt="",
        )
        fresh = _checked(blank, told)
        place = next(
            (n + 1 for n, q in enumerate(quiz.questions) if q.id == after),
            len(quiz.questions),
        )
        listed = list(quiz.questions)
        return _with(quiz, [*listed[:place], fresh, *listed[place:]])

    return change


def removed(key: str) -> Change:
    def change(quiz: Quiz) -> Quiz:
        find(quiz, key)
        return _with(quiz, [q for q in quiz.questions if q.id != key])

    return change


def reordered(keys: Sequence[str]) -> Change:
    def change(quiz: Quiz) -> Quiz:
        by_key = {question.id: question for question in quiz.questions}
        if sorted(by_key) != sorted(keys):
            raise BadQuestionError(
                "Name every question once.", errors={"questions": ["Name each once."]}
            )
        return _with(quiz, [by_key[key] for key in keys])

    return change


def regenerated(key: str, row: QuizRow) -> Change:
    """Another question in the place of this one, from the transcript as it is now."""

    def change(quiz: Quiz) -> Quiz:
        old = find(quiz, key)
        transcript = reading.transcript_content(row.lesson)
        drafts = local.drafts_of(transcript)
        rest = [question for question in quiz.questions if question.id != key]
        # What was there before stays rejected, or two clicks would bring it back.
        rejected = {old.prompt} | {
            question["prompt"]
            for past in row.edits.all()
            for question in past.before["questions"]
        }
        fresh = [draft for draft in drafts if draft.prompt not in rejected]
        # One of the same type near the same moment, else anything that is new.
        near = [d for d in fresh if d.type is old.type] or fresh
        done = finish(
            near,
            transcript,
            count=1,
            types=list(QuestionType),
            seed=f"{key}{row.version}",
            taken=[*rest, old],
        )
        if not done.questions:
            raise BadQuestionError(
                "The transcript gives no further question. Write one, or change this one."
            )
        new = done.questions[0]
        return _with(quiz, [new if q.id == key else q for q in quiz.questions])

    return change


def find(quiz: Quiz, key: str) -> Question:
    for question in quiz.questions:
        if question.id == key:
            return question
    raise NotFoundError(f"There is no question {key} in this quiz.")


def _with(quiz: Quiz, questions: Sequence[Question]) -> Quiz:
    return quiz.model_copy(update={"questions": tuple(questions)})


# What makes a question that can be asked ----------------------------------------------


def _checked(old: Question, told: Mapping[str, Any]) -> Question:
    unknown = set(told) - _EDITABLE
    if unknown:
        raise BadQuestionError(
            f"Unknown: {', '.join(sorted(unknown))}.",
            errors={name: ["There is no such field."] for name in sorted(unknown)},
        )
    merged = old.model_dump(mode="json") | dict(told)
    merged["choices"] = _choices(old.id, merged)
    try:
        question = Question.model_validate(merged)
    except ValidationError as error:
        errors = {
            str(each["loc"][0]): [each["msg"]] for each in error.errors() if each["loc"]
        }
        raise BadQuestionError(
            "The question is not complete.", errors=errors
        ) from error
    _check(question)
    return _with_answer(question)


def _choices(key: str, merged: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Choices keep their ids; new ones get one that no other has."""
    given = merged.get("choices") or []
    if merged.get("type") in (QuestionType.GAP.value, QuestionType.SHORT_ANSWER.value):
        return []
    if not isinstance(given, list) or not all(isinstance(c, Mapping) for c in given):
        raise BadQuestionError(
            "choices is a list of objects.", errors={"choices": ["Send a list."]}
        )
    return [
        {
            "correct": False,
            **choice,
            "id": choice.get("id") or f"{key}-{secrets.token_hex(3)}",
        }
        for choice in given
    ]


def _check(question: Question) -> None:
    problems: dict[str, list[str]] = {}
    if not question.prompt.strip():
        problems["prompt"] = ["Write the question."]
    if question.end < question.start or question.start < 0:
        problems["end"] = ["It must not lie before the start."]
    texts = [choice.text.strip().lower() for choice in question.choices]
    if "" in texts:
        problems["choices"] = ["A choice is empty."]
    elif len(set(texts)) != len(texts):
        problems["choices"] = ["Two choices are the same."]
    else:
        problem = _count_problem(question)
        if problem:
            problems["choices" if question.choices else "answer"] = [problem]
    if problems:
        first = next(iter(problems.values()))[0]
        raise BadQuestionError(first, errors=problems)


def _count_problem(question: Question) -> str:
    right, total = len(question.keys), len(question.choices)
    match question.type:
        case QuestionType.MULTIPLE_CHOICE:
            good, rule = (
                right == 1 and total >= 2,
                "Give two choices or more, one right.",
            )
        case QuestionType.MULTIPLE_ANSWER:
            good, rule = (
                right >= 1 and total >= 2,
                "Give two choices or more, one right at least.",
            )
        case QuestionType.TRUE_FALSE:
            good, rule = (
                right == 1 and total == 2,
                "Give True and False, one of them right.",
            )
        case QuestionType.ORDERING:
            good, rule = total >= 2, "Give two steps or more."
        case _:
            good, rule = bool(question.accepted), "Give the answer."
    return "" if good else rule


def _with_answer(question: Question) -> Question:
    """What the choices say, said in `answer`, too; all of an ordering's steps are right."""
    if not question.choices:
        return question
    choices: Sequence[Choice] = question.choices
    if question.type is QuestionType.ORDERING:
        choices = [c.model_copy(update={"correct": True}) for c in choices]
    answer = "|".join(choice.text for choice in choices if choice.correct)
    return question.model_copy(update={"choices": tuple(choices), "answer": answer})
