"""Quizzes and lessons: read, edited, exported, shared, and how learners did."""

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import find_project
from jobs.api.auth import caller
from jobs.api.base import ApiView, no_content
from jobs.api.idempotency import idempotent
from jobs.errors import NotFoundError, RequestError
from jobs.models import Job
from jobs.services import JobOrder
from jobs.snapshots import load_snapshot
from quizzes import editing, grading, reading, shapes, taking, transcripts
from quizzes.access import find_lesson, find_quiz, quizzes_of
from quizzes.models import PlayLink, Quiz

OBJECT = {"application/json": {"type": "object"}}
_MOST_LISTED = 200


def body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise RequestError("Send a JSON object.")
    return dict(request.data)


def _version(told: dict[str, Any]) -> int | None:
    version = told.pop("version", None)
    if version is not None and not isinstance(version, int):
        raise RequestError("version is a number.", errors={"version": ["A number."]})
    return version


class QuizzesApi(ApiView):
    tag = "quizzes"
    rate_scope = "quizzes"

    def edited(self, quiz: Quiz) -> Response:
        return Response(shapes.quiz_json(quiz))


class QuizListView(QuizzesApi):
    @extend_schema(operation_id="list_quizzes", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Your quizzes, newest first; `project` and `asset` narrow the list."""
        rows = quizzes_of(caller(request))
        if name := request.query_params.get("project"):
            rows = rows.filter(lesson__project=find_project(caller(request), name))
        if asset := request.query_params.get("asset"):
            rows = rows.filter(lesson__asset__pk__in=_uuids([asset]))
        return Response(
            {"results": [shapes.quiz_line(row) for row in rows[:_MOST_LISTED]]}
        )


def _uuids(texts: list[str]) -> list[str]:
    import uuid

    found = []
    for text in texts:
        try:
            found.append(str(uuid.UUID(text)))
        except ValueError:
            continue
    return found


class QuizView(QuizzesApi):
    @extend_schema(operation_id="get_quiz", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, quiz_id: str) -> Response:
        """A quiz with its questions."""
        return self.edited(find_quiz(caller(request), quiz_id))

    @extend_schema(
        operation_id="rename_quiz", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def patch(self, request: Request, quiz_id: str) -> Response:
        """Give it another title."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        change = editing.renamed(str(told.get("title", "")))
        editing.edit(quiz.pk, caller(request), "rename", change, version=_version(told))
        return self.edited(quiz)

    @extend_schema(operation_id="delete_quiz", responses={204: None})
    def delete(self, request: Request, quiz_id: str) -> Response:
        find_quiz(caller(request), quiz_id).delete()
        return no_content()


class QuestionListView(QuizzesApi):
    @extend_schema(
        operation_id="add_question",
        request=OBJECT,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, quiz_id: str) -> Response:
        """Add a question; `after` names the one it follows."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        version, after = _version(told), str(told.pop("after", ""))
        change = editing.added(told, after=after)
        editing.edit(quiz.pk, caller(request), "add", change, version=version)
        return Response(shapes.quiz_json(quiz), status=201)


class QuestionView(QuizzesApi):
    @extend_schema(
        operation_id="edit_question", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def patch(self, request: Request, quiz_id: str, key: str) -> Response:
        """Change some of a question's fields."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        version = _version(told)
        change = editing.changed(key, told)
        editing.edit(quiz.pk, caller(request), "edit", change, version=version)
        return self.edited(quiz)

    @extend_schema(operation_id="delete_question", responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, quiz_id: str, key: str) -> Response:
        quiz = find_quiz(caller(request), quiz_id)
        editing.edit(quiz.pk, caller(request), "delete", editing.removed(key))
        return self.edited(quiz)


class RegenerateView(QuizzesApi):
    rate_scope = "regenerate"

    @extend_schema(
        operation_id="regenerate_question", request=None, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, quiz_id: str, key: str) -> Response:
        """Another question in this one's place."""
        quiz = find_quiz(caller(request), quiz_id)
        change = editing.regenerated(key, quiz)
        editing.edit(quiz.pk, caller(request), "regenerate", change)
        return self.edited(quiz)


class OrderView(QuizzesApi):
    @extend_schema(
        operation_id="order_questions", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, quiz_id: str) -> Response:
        """Put the questions into the order of `questions`, a list of their ids."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        keys = told.get("questions")
        if not isinstance(keys, list):
            raise RequestError(
                "questions is a list of ids.", errors={"questions": ["Send a list."]}
            )
        change = editing.reordered([str(key) for key in keys])
        editing.edit(quiz.pk, caller(request), "order", change, version=_version(told))
        return self.edited(quiz)


class UndoView(QuizzesApi):
    @extend_schema(
        operation_id="undo_edit", request=None, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, quiz_id: str) -> Response:
        """Take the last edit back."""
        quiz = find_quiz(caller(request), quiz_id)
        editing.undo(quiz.pk)
        return self.edited(quiz)


class JudgeView(QuizzesApi):
    @extend_schema(
        operation_id="judge_answer", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, quiz_id: str) -> Response:
        """Whether an answer is right; nothing is kept."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        loaded = reading.quiz_content(reading.quizzes().get(pk=quiz.pk))
        question = editing.find(loaded, str(told.get("question", "")))
        return Response(asdict(grading.judge(question, told.get("given", ""))))


class ExportView(QuizzesApi):
    @extend_schema(
        operation_id="export_quiz", request=OBJECT, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request, quiz_id: str) -> Response:
        """Start an export job; the body holds its params."""
        quiz = find_quiz(caller(request), quiz_id)
        job = services.submit(
            quiz.lesson.project.owner,
            JobOrder(
                pipeline="export",
                params={**body(request), "quiz": str(quiz.pk)},
                inputs=[str(quiz.lesson.asset_id)],
                project=str(quiz.lesson.project_id),
            ),
        )
        return Response(load_snapshot(job.pk), status=201)


class LinksView(QuizzesApi):
    @extend_schema(operation_id="list_quiz_links", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, quiz_id: str) -> Response:
        """Links that let learners in."""
        quiz = find_quiz(caller(request), quiz_id)
        return Response(
            {"results": [shapes.link_json(link) for link in quiz.links.all()]}
        )

    @extend_schema(
        operation_id="share_quiz", request=OBJECT, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request, quiz_id: str) -> Response:
        """A new link; `keeps_results` says whether answers are kept."""
        quiz, told = find_quiz(caller(request), quiz_id), body(request)
        keeps = told.get("keeps_results", True)
        if not isinstance(keeps, bool):
            raise RequestError(
                "keeps_results is true or false.",
                errors={"keeps_results": ["Send true or false."]},
            )
        link = PlayLink.objects.create(quiz=quiz, keeps_results=keeps)
        return Response(shapes.link_json(link), status=201)


class LinkView(QuizzesApi):
    @extend_schema(operation_id="revoke_quiz_link", responses={204: None})
    def delete(self, request: Request, quiz_id: str, token: str) -> Response:
        """Close a link; results that came through it stay."""
        quiz = find_quiz(caller(request), quiz_id)
        open_links = quiz.links.filter(token=token, revoked_at=None)
        if not open_links.update(revoked_at=timezone.now()):
            raise NotFoundError("There is no such link.")
        return no_content()


class ResultsView(QuizzesApi):
    @extend_schema(operation_id="quiz_results", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, quiz_id: str) -> Response:
        """How each learner did, and what each question is like."""
        return Response(asdict(taking.results(find_quiz(caller(request), quiz_id))))


class ResultsCsvView(QuizzesApi):
    @extend_schema(
        operation_id="quiz_results_csv",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, quiz_id: str) -> HttpResponseBase:
        """The same as a table."""
        quiz = find_quiz(caller(request), quiz_id)
        response = HttpResponse(
            taking.results_csv(quiz), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="results.csv"'
        return response


class LessonView(QuizzesApi):
    @extend_schema(operation_id="get_lesson", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lesson_id: str) -> Response:
        """A lesson's transcript and scenes."""
        return Response(shapes.lesson_json(find_lesson(caller(request), lesson_id)))


def _number(position: str) -> int:
    """A place in a list; what is no number is a place that nothing has."""
    if not (position.isascii() and position.isdigit() and len(position) < 10):
        raise NotFoundError(f"There is nothing at {position}.")
    return int(position)


class SegmentView(QuizzesApi):
    @extend_schema(
        operation_id="edit_segment", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def patch(self, request: Request, lesson_id: str, position: str) -> Response:
        """Correct a sentence of the transcript; its words keep their times as well as they can."""
        lesson, told = find_lesson(caller(request), lesson_id), body(request)
        transcripts.correct(lesson, _number(position), str(told.get("text", "")))
        return Response(shapes.lesson_json(lesson))


class SceneView(QuizzesApi):
    @extend_schema(
        operation_id="edit_scene", request=OBJECT, responses=OpenApiTypes.OBJECT
    )
    def patch(self, request: Request, lesson_id: str, position: str) -> Response:
        """Name a scene, or move its beginning."""
        lesson, told = find_lesson(caller(request), lesson_id), body(request)
        transcripts.change_scene(lesson, _number(position), told)
        return Response(shapes.lesson_json(lesson))


class RemakeView(QuizzesApi):
    @extend_schema(
        operation_id="remake_quiz", request=OBJECT, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request, lesson_id: str) -> Response:
        """Write a new quiz from the transcript as people corrected it."""
        lesson = find_lesson(caller(request), lesson_id)
        asset = transcripts.as_asset(lesson)
        job: Job = services.submit(
            lesson.project.owner,
            JobOrder(
                pipeline="quiz",
                params={**body(request), "transcript": str(asset.pk)},
                inputs=[str(lesson.asset_id)],
                project=str(lesson.project_id),
            ),
        )
        return Response(load_snapshot(job.pk), status=201)
