"""What stages found, as rows: written in the transaction that ends the stage."""

from collections.abc import Iterable

from jobs.models import Asset, Job
from jobs.pipeline import Recorded
from quizzes import content
from quizzes.facts import MediaSummary, SceneFacts
from quizzes.models import Choice, Lesson, Question, Quiz, Scene, Segment
from quizzes.stages.writing import title_of


def record_media(told: Recorded) -> None:
    """How long the lesson is."""
    facts = MediaSummary.model_validate_json(told.facts)
    lesson = _lesson_of(told.job_id)
    if lesson:
        Lesson.objects.filter(pk=lesson.pk).update(duration=facts.duration)


def record_transcript(told: Recorded) -> None:
    transcript = content.Transcript.model_validate_json(told.facts)
    lesson = _lesson_of(told.job_id)
    if lesson is None:
        return
    last = transcript.segments[-1].end if transcript.segments else 0.0
    Lesson.objects.filter(pk=lesson.pk).update(
        language=transcript.language,
        transcript_source=transcript.source,
        transcript_warning=transcript.warning,
        duration=max(lesson.duration, last),
    )
    lesson.segments.all().delete()
    Segment.objects.bulk_create(segment_rows(lesson, transcript.segments))


def segment_rows(lesson: Lesson, segments: Iterable[content.Segment]) -> list[Segment]:
    return [
        Segment(
            lesson=lesson,
            position=position,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            words=[[w.text, w.start, w.end, w.confidence] for w in segment.words],
        )
        for position, segment in enumerate(segments)
    ]


def record_scenes(told: Recorded) -> None:
    facts = SceneFacts.model_validate_json(told.facts)
    lesson = _lesson_of(told.job_id)
    if lesson is None:
        return
    stills = {
        asset.original_filename: asset
        for asset in Asset.objects.filter(job_id=told.job_id, role="scene_thumbnail")
    }
    lesson.scenes.all().delete()
    Scene.objects.bulk_create(
        Scene(
            lesson=lesson,
            position=scene.index,
            start=scene.start,
            end=scene.end,
            begins_with=scene.begins_with.value,
            title=scene.title,
            same_as=scene.same_as,
            thumbnail=stills.get(scene.thumbnail),
        )
        for scene in facts.scenes
    )


def record_quiz(told: Recorded) -> None:
    quiz = content.Quiz.model_validate_json(told.facts)
    lesson = _lesson_of(told.job_id)
    if lesson is None:
        return
    Quiz.objects.filter(job_id=told.job_id).delete()
    row = Quiz.objects.create(lesson=lesson, job_id=told.job_id, title=quiz.title[:200])
    write_questions(row, quiz.questions)


def write_questions(quiz: Quiz, questions: Iterable[content.Question]) -> None:
    """The quiz' questions as these, in this order."""
    listed = list(questions)
    quiz.questions.all().delete()
    rows = Question.objects.bulk_create(
        question_row(quiz, position, question)
        for position, question in enumerate(listed)
    )
    Choice.objects.bulk_create(
        choice_row(row, position, choice)
        for row, question in zip(rows, listed, strict=True)
        for position, choice in enumerate(question.choices)
    )


def question_row(quiz: Quiz, position: int, question: content.Question) -> Question:
    return Question(
        quiz=quiz,
        key=question.id,
        position=position,
        type=question.type.value,
        prompt=question.prompt,
        answer=question.answer,
        explanation=question.explanation,
        difficulty=question.difficulty.value,
        bloom=question.bloom.value,
        start=question.start,
        end=question.end,
        quote=question.quote,
        confidence=question.confidence,
    )


def choice_row(question: Question, position: int, choice: content.Choice) -> Choice:
    return Choice(
        question=question,
        key=choice.id,
        position=position,
        text=choice.text,
        correct=choice.correct,
        feedback=choice.feedback,
    )


def _lesson_of(job_id: str) -> Lesson | None:
    """The lesson of the job's video; None when that was deleted meanwhile."""
    job = Job.objects.get(pk=job_id)
    first = job.job_inputs.select_related("asset").order_by("position").first()
    if first is None or first.asset is None:
        return None
    lesson, _ = Lesson.objects.get_or_create(
        asset=first.asset,
        defaults={
            "project_id": job.project_id,
            "title": title_of(first.asset.original_filename),
            "duration": first.asset.duration or 0.0,
        },
    )
    return lesson
