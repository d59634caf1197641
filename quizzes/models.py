"""What people edit and learners leave behind: lessons, quizzes, attempts."""

import secrets
import uuid

from django.conf import settings
from django.db import models

from jobs.models import Asset, Job, Project
from quizzes import content


def _choices(words: type) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]  # type: ignore[attr-defined]


class Lesson(models.Model):
    """One video or recording, with what was found in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="lessons")
    asset = models.OneToOneField(Asset, models.CASCADE, related_name="lesson")
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=20, blank=True)
    duration = models.FloatField(default=0)
    transcript_source = models.CharField(max_length=30, blank=True)
    transcript_warning = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.title


class Segment(models.Model):
    """A sentence of a lesson's transcript."""

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="segments")
    position = models.PositiveIntegerField()
    start = models.FloatField()
    end = models.FloatField()
    text = models.TextField()
    # [text, start, end, confidence] of each word.
    words = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["lesson", "position"])]

    def __str__(self) -> str:
        return self.text[:60]


class Scene(models.Model):
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="scenes")
    position = models.PositiveIntegerField()
    start = models.FloatField()
    end = models.FloatField()
    begins_with = models.CharField(max_length=10, choices=_choices(content.Change))
    title = models.CharField(max_length=200, blank=True)
    # The position of the scene whose slide comes back here.
    same_as = models.PositiveIntegerField(null=True, blank=True)
    thumbnail = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["lesson", "position"])]

    def __str__(self) -> str:
        return self.title or f"scene {self.position + 1}"


class Quiz(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="quizzes")
    job = models.OneToOneField(
        Job, models.SET_NULL, null=True, blank=True, related_name="quiz"
    )
    title = models.CharField(max_length=200)
    # Raised by every edit, so that two editors notice each other.
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "quizzes"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="questions")
    # Stays the same through edits and exports.
    key = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=20, choices=_choices(content.QuestionType))
    prompt = models.TextField()
    answer = models.TextField(blank=True)
    explanation = models.TextField(blank=True)
    difficulty = models.CharField(max_length=10, choices=_choices(content.Difficulty))
    bloom = models.CharField(max_length=12, choices=_choices(content.Bloom))
    start = models.FloatField(default=0)
    end = models.FloatField(default=0)
    quote = models.TextField(blank=True)
    confidence = models.FloatField(default=1)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["quiz", "key"], name="one_question_a_key")
        ]

    def __str__(self) -> str:
        return self.prompt[:60]


class Choice(models.Model):
    question = models.ForeignKey(Question, models.CASCADE, related_name="choices")
    key = models.CharField(max_length=60)
    position = models.PositiveIntegerField()
    text = models.TextField()
    correct = models.BooleanField(default=False)
    feedback = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.text[:60]


class QuizEdit(models.Model):
    """What a quiz was before an edit: undo puts it back."""

    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="edits")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    what = models.CharField(max_length=100)
    before = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.what


def _token() -> str:
    return secrets.token_urlsafe(18)


class PlayLink(models.Model):
    """Lets whoever has it take the quiz, without an account."""

    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="links")
    token = models.CharField(max_length=40, unique=True, default=_token)
    keeps_results = models.BooleanField(default=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"link to {self.quiz_id}"


class Attempt(models.Model):
    """One learner's way through a quiz."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="attempts")
    link = models.ForeignKey(
        PlayLink, models.SET_NULL, null=True, blank=True, related_name="attempts"
    )
    learner = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.learner or "somebody"


class Answer(models.Model):
    """What a learner said to one question the first time."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="answers")
    # By key: answers outlive edits of their question.
    question = models.CharField(max_length=40)
    given = models.JSONField()
    score = models.FloatField()
    seconds = models.FloatField(null=True, blank=True)
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "question"], name="one_answer_a_question"
            )
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.score}"
