"""Learners: links that let them in, their answers, and what these say about the questions."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, pstdev

from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.errors import ConflictError, NotFoundError
from quizzes import reading
from quizzes.content import Question
from quizzes.editing import find
from quizzes.exports.tables import safe_cell
from quizzes.grading import Given, Verdict, judge
from quizzes.models import Answer, Attempt, PlayLink, Quiz

_LONGEST_NAME = 100
# Fewer learners than this say nothing about how a question discriminates.
_FEWEST_FOR_DISCRIMINATION = 5


def link_of(token: str) -> PlayLink:
    link = (
        PlayLink.objects.select_related("quiz__lesson__asset")
        .filter(token=token, revoked_at=None)
        .first()
    )
    if link is None:
        raise NotFoundError("This link leads nowhere (any more).")
    return link


def start(link: PlayLink, learner: str) -> Attempt:
    return Attempt.objects.create(
        quiz=link.quiz, link=link, learner=learner.strip()[:_LONGEST_NAME]
    )


def answer(attempt: Attempt, key: str, given: Given, seconds: float | None) -> Verdict:
    """Judge an answer and keep it; only the first one counts."""
    if attempt.finished_at:
        raise ConflictError("This attempt is over.")
    quiz = reading.quiz_content(reading.quizzes().get(pk=attempt.quiz_id))
    verdict = judge(find(quiz, key), given)
    try:
        with transaction.atomic():
            Answer.objects.create(
                attempt=attempt,
                question=key,
                given=given if isinstance(given, str) else list(given),
                score=verdict.score,
                seconds=seconds if seconds and 0 <= seconds < 86_400 else None,
            )
    except IntegrityError as error:
        raise ConflictError("This question was answered before.") from error
    return verdict


def finish(attempt: Attempt) -> None:
    Attempt.objects.filter(pk=attempt.pk, finished_at=None).update(
        finished_at=timezone.now()
    )


@dataclass(frozen=True, kw_only=True)
class LearnerResult:
    attempt: str
    learner: str
    started_at: str
    finished_at: str | None
    answered: int
    points: float
    share: float


@dataclass(frozen=True, kw_only=True)
class QuestionResult:
    """How learners did: `facility` is the mean score, the harder the lower."""

    question: str
    prompt: str
    answered: int
    facility: float | None
    # How the question goes with the rest, -1 to 1; below 0.1 it is worth a look.
    discrimination: float | None
    mean_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Results:
    learners: Sequence[LearnerResult]
    questions: Sequence[QuestionResult]
    scores: dict[str, dict[str, float]]


def results(quiz: Quiz) -> Results:
    questions = reading.quiz_content(reading.quizzes().get(pk=quiz.pk)).questions
    attempts = list(quiz.attempts.prefetch_related("answers"))
    keys = {question.id for question in questions}
    answers = {
        str(attempt.pk): {
            a.question: a for a in attempt.answers.all() if a.question in keys
        }
        for attempt in attempts
    }
    scores = {
        attempt: {key: each.score for key, each in given.items()}
        for attempt, given in answers.items()
    }
    learners = [
        LearnerResult(
            attempt=str(attempt.pk),
            learner=attempt.learner or "Somebody",
            started_at=attempt.started_at.isoformat(),
            finished_at=attempt.finished_at.isoformat()
            if attempt.finished_at
            else None,
            answered=len(scores[str(attempt.pk)]),
            points=round(sum(scores[str(attempt.pk)].values()), 2),
            share=_share(scores[str(attempt.pk)], len(questions)),
        )
        for attempt in attempts
    ]
    told = [_question_result(question, scores, answers) for question in questions]
    return Results(learners=learners, questions=told, scores=scores)


def _share(scores: dict[str, float], count: int) -> float:
    return round(sum(scores.values()) / count, 4) if count else 0.0


def _question_result(
    question: Question,
    scores: dict[str, dict[str, float]],
    answers: dict[str, dict[str, Answer]],
) -> QuestionResult:
    own = {
        name: each[question.id] for name, each in scores.items() if question.id in each
    }
    seconds = [
        given[question.id].seconds
        for given in answers.values()
        if question.id in given and given[question.id].seconds is not None
    ]
    rest = [
        sum(score for key, score in scores[name].items() if key != question.id)
        for name in own
    ]
    return QuestionResult(
        question=question.id,
        prompt=question.prompt,
        answered=len(own),
        facility=round(mean(own.values()), 3) if own else None,
        discrimination=_correlation(list(own.values()), rest),
        mean_seconds=round(mean(s for s in seconds if s is not None), 1)
        if seconds
        else None,
    )


def _correlation(own: Sequence[float], rest: Sequence[float]) -> float | None:
    """Corrected item-total correlation: the item against all others."""
    if len(own) < _FEWEST_FOR_DISCRIMINATION:
        return None
    spread = pstdev(own) * pstdev(rest)
    if math.isclose(spread, 0.0, abs_tol=1e-9):
        return None
    own_mean, rest_mean = mean(own), mean(rest)
    together = mean(
        (a - own_mean) * (b - rest_mean) for a, b in zip(own, rest, strict=True)
    )
    return round(together / spread, 3)


def results_csv(quiz: Quiz) -> str:
    """A line a learner, a column a question, and what the questions are like below."""
    found = results(quiz)
    output = io.StringIO()
    writer = csv.writer(output)
    keys = [each.question for each in found.questions]
    writer.writerow(
        ["learner", "started_at", "finished_at", "points", "share"]
        + [safe_cell(each.prompt) for each in found.questions]
    )
    for learner in found.learners:
        scores = found.scores[learner.attempt]
        writer.writerow(
            [
                safe_cell(learner.learner),
                learner.started_at,
                learner.finished_at or "",
                learner.points,
                learner.share,
                *(scores.get(key, "") for key in keys),
            ]
        )
    for name in ("facility", "discrimination", "mean_seconds"):
        values = [getattr(each, name) for each in found.questions]
        writer.writerow(
            [name, "", "", "", "", *("" if v is None else v for v in values)]
        )
    return output.getvalue()
