"""Who sees which quiz: an owner their own, staff all."""

import uuid

from django.contrib.auth.models import User
from django.db.models import QuerySet

from jobs.errors import NotFoundError
from quizzes.models import Lesson, Quiz


def quizzes_of(user: User) -> QuerySet[Quiz]:
    rows = Quiz.objects.select_related("lesson__project", "lesson__asset")
    return rows if user.is_staff else rows.filter(lesson__project__owner=user)


def lessons_of(user: User) -> QuerySet[Lesson]:
    rows = Lesson.objects.select_related("project", "asset")
    return rows if user.is_staff else rows.filter(project__owner=user)


def find_quiz(user: User, quiz_id: str | uuid.UUID) -> Quiz:
    row = quizzes_of(user).filter(pk=_as_uuid(quiz_id)).first()
    if row is None:
        raise NotFoundError(f"There is no quiz {quiz_id}.")
    return row


def find_lesson(user: User, lesson_id: str | uuid.UUID) -> Lesson:
    row = lessons_of(user).filter(pk=_as_uuid(lesson_id)).first()
    if row is None:
        raise NotFoundError(f"There is no lesson {lesson_id}.")
    return row


def _as_uuid(text: str | uuid.UUID) -> uuid.UUID:
    if isinstance(text, uuid.UUID):
        return text
    try:
        return uuid.UUID(text)
    except ValueError:
        # No row has it: a malformed id is just one that nobody has.
        return uuid.UUID(int=0)
