"""Rows as content: what exporters, players and editors are handed."""

from django.db.models import Prefetch, QuerySet

from jobs.errors import NotFoundError
from quizzes import content
from quizzes.models import Choice, Lesson, Question, Quiz, Segment


def quizzes() -> QuerySet[Quiz]:
    """Quizzes with all that reading them takes, in few queries."""
    choices = Prefetch("choices", Choice.objects.order_by("position"))
    questions = Question.objects.order_by("position").prefetch_related(choices)
    return Quiz.objects.select_related(
        "lesson__asset", "lesson__project"
    ).prefetch_related(Prefetch("questions", questions))


def lesson_to_export(*, job_id: str, asset_id: str, quiz_id: str) -> content.Lesson:
    """The quiz that was named, else this job's, else the newest of this video."""
    rows = quizzes().filter(lesson__asset_id=asset_id)
    if quiz_id:
        found = rows.filter(pk=quiz_id).first()
        if found is None:
            raise NotFoundError(f"There is no quiz {quiz_id} of this video.")
    else:
        found = rows.filter(job_id=job_id).first() or rows.first()
    if found is not None:
        return whole_lesson(found.lesson, quiz_content(found))
    lesson = Lesson.objects.filter(asset_id=asset_id).first()
    if lesson is None:
        empty = content.Quiz(id=asset_id, title="Lesson")
        return content.Lesson(title="Lesson", quiz=empty)
    return whole_lesson(lesson, content.Quiz(id=str(lesson.pk), title=lesson.title))


def whole_lesson(lesson: Lesson, quiz: content.Quiz) -> content.Lesson:
    return content.Lesson(
        title=quiz.title,
        duration=lesson.duration,
        quiz=quiz,
        transcript=transcript_content(lesson),
        scenes=tuple(
            content.Scene(
                index=scene.position,
                start=scene.start,
                end=scene.end,
                begins_with=content.Change(scene.begins_with),
                title=scene.title,
                same_as=scene.same_as,
            )
            for scene in lesson.scenes.all()
        ),
    )


def quiz_content(quiz: Quiz) -> content.Quiz:
    return content.Quiz(
        id=str(quiz.pk),
        title=quiz.title,
        language=quiz.lesson.language or "en",
        questions=tuple(question_content(row) for row in quiz.questions.all()),
    )


def question_content(row: Question) -> content.Question:
    return content.Question(
        id=row.key,
        type=content.QuestionType(row.type),
        prompt=row.prompt,
        choices=tuple(
            content.Choice(
                id=choice.key,
                text=choice.text,
                correct=choice.correct,
                feedback=choice.feedback,
            )
            for choice in row.choices.all()
        ),
        answer=row.answer,
        explanation=row.explanation,
        difficulty=content.Difficulty(row.difficulty),
        bloom=content.Bloom(row.bloom),
        start=row.start,
        end=row.end,
        quote=row.quote,
        confidence=row.confidence,
    )


def transcript_content(lesson: Lesson) -> content.Transcript:
    return content.Transcript(
        language=lesson.language,
        source=lesson.transcript_source or "none",
        segments=tuple(segment_content(row) for row in lesson.segments.all()),
        warning=lesson.transcript_warning,
    )


def segment_content(row: Segment) -> content.Segment:
    return content.Segment(
        start=row.start,
        end=row.end,
        text=row.text,
        words=tuple(
            content.Word(text=text, start=start, end=end, confidence=confidence)
            for text, start, end, confidence in row.words
        ),
    )
