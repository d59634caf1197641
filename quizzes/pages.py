"""The editor, the player, and how learners did."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from jobs.errors import MediaForgeError, NotFoundError, RequestError
from jobs.files.downloads import asset_response
from jobs.models import Asset, Job
from jobs.pages.doorway import page, saying_errors, user_of
from jobs.snapshots import asset_url
from jobs.toolbox import captions
from quizzes import grading, reading, shapes, taking
from quizzes.access import find_quiz, quizzes_of
from quizzes.content import QuestionType
from quizzes.editing import find
from quizzes.models import Attempt, PlayLink, Quiz
from quizzes.stages.transcription import cues_of

Json = dict[str, Any]
_MOST_BODY_BYTES = 20_000
_MOST_LISTED = 200


@page
def quiz_list(request: HttpRequest) -> HttpResponse:
    rows = quizzes_of(user_of(request)).prefetch_related("questions", "attempts")
    return render(request, "quizzes/list.html", {"quizzes": rows[:_MOST_LISTED]})


@page
def editor(request: HttpRequest, quiz_id: UUID) -> HttpResponse:
    quiz = find_quiz(user_of(request), quiz_id)
    data = {
        "quiz": shapes.quiz_json(quiz),
        "lesson": shapes.lesson_json(quiz.lesson),
        "links": [
            shapes.link_json(link) for link in quiz.links.filter(revoked_at=None)
        ],
        "video": _video_url(quiz),
        "api": reverse("quiz", args=[quiz.pk]),
        "lesson_api": reverse("lesson", args=[quiz.lesson_id]),
        "types": [kind.value for kind in QuestionType],
    }
    return render(request, "quizzes/editor.html", {"quiz": quiz, "data": data})


@page
def player(request: HttpRequest, quiz_id: UUID) -> HttpResponse:
    """The teacher's own look: answers are judged and not kept."""
    quiz = find_quiz(user_of(request), quiz_id)
    data = {
        **_play_data(quiz),
        "video": _video_url(quiz),
        "judge": reverse("quiz_judge", args=[quiz.pk]),
    }
    return render(request, "quizzes/player.html", {"quiz": quiz, "data": data})


@page
def results(request: HttpRequest, quiz_id: UUID) -> HttpResponse:
    quiz = find_quiz(user_of(request), quiz_id)
    found = taking.results(quiz)
    return render(request, "quizzes/results.html", {"quiz": quiz, "found": found})


def _proxy_of(quiz: Quiz) -> Asset:
    """The copy that plays everywhere, else the upload itself."""
    made = Asset.objects.filter(
        role="proxy", job__job_inputs__asset=quiz.lesson.asset_id
    ).select_related("project")
    return made.order_by("-created_at").first() or quiz.lesson.asset


def _video_url(quiz: Quiz) -> str:
    return asset_url(_proxy_of(quiz))


def _play_data(quiz: Quiz) -> Json:
    """What a learner may see before answering: no key, no explanation."""
    loaded = reading.quiz_content(reading.quizzes().get(pk=quiz.pk))
    questions = []
    for question in loaded.questions:
        choices = [{"id": c.id, "text": c.text} for c in question.choices]
        if question.type is QuestionType.ORDERING:
            random.shuffle(choices)
        questions.append(
            {
                "id": question.id,
                "type": question.type.value,
                "prompt": question.prompt,
                "choices": choices,
                "start": question.start,
                "end": question.end,
            }
        )
    return {"title": loaded.title, "questions": questions}


# Learners without an account ----------------------------------------------------------


@require_GET
@saying_errors
def take(request: HttpRequest, token: str) -> HttpResponse:
    link = taking.link_of(token)
    data = {
        **_play_data(link.quiz),
        "video": reverse("quiz_play_video", args=[token]),
        "captions": reverse("quiz_play_captions", args=[token]),
        "attempts": reverse("quiz_start", args=[token]),
        "keeps_results": link.keeps_results,
    }
    context = {"quiz": link.quiz, "link": link, "data": data}
    return render(request, "quizzes/take.html", context)


@require_GET
@saying_errors
def take_video(request: HttpRequest, token: str) -> HttpResponse:
    video = _proxy_of(taking.link_of(token).quiz)
    # A file's response is a stream, which pages' types do not foresee.
    return cast("HttpResponse", asset_response(request, video))


@require_GET
@saying_errors
def take_captions(request: HttpRequest, token: str) -> HttpResponse:
    transcript = reading.transcript_content(taking.link_of(token).quiz.lesson)
    text = captions.to_vtt(cues_of(transcript))
    return HttpResponse(text, content_type="text/vtt; charset=utf-8")


JsonView = Callable[..., Json]


def _saying_json(view: JsonView) -> Callable[..., HttpResponse]:
    """Errors in the API's shape."""

    def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
        try:
            return JsonResponse(view(request, **named))
        except MediaForgeError as error:
            told = {"detail": error.detail, "code": error.code}
            return JsonResponse(told, status=error.status)

    return guarded


def _body(request: HttpRequest) -> Mapping[str, Any]:
    if len(request.body) > _MOST_BODY_BYTES:
        raise RequestError("This is too long.")
    try:
        told = json.loads(request.body or b"{}")
    except ValueError as error:
        raise RequestError("Send JSON.") from error
    if not isinstance(told, dict):
        raise RequestError("Send a JSON object.")
    return told


# The token is the authority here, and no cookie is: nothing can be forged.
@csrf_exempt
@require_POST
@_saying_json
def start(request: HttpRequest, token: str) -> Json:
    """Begin an attempt; a link that keeps nothing gets none."""
    link = taking.link_of(token)
    told = _body(request)
    if not link.keeps_results:
        return {
            "attempt": None,
            "url": reverse("quiz_answer", args=[token, UUID(int=0)]),
        }
    attempt = taking.start(link, str(told.get("learner", "")))
    return {
        "attempt": str(attempt.pk),
        "url": reverse("quiz_answer", args=[token, attempt.pk]),
    }


@csrf_exempt
@require_POST
@_saying_json
def answer(request: HttpRequest, token: str, attempt_id: UUID) -> Json:
    """Judge one answer, or end the attempt with `{"finished": true}`."""
    link, told = taking.link_of(token), _body(request)
    if not link.keeps_results:
        return _only_judged(link, told)
    attempt = Attempt.objects.filter(pk=attempt_id, link=link).first()
    if attempt is None:
        raise NotFoundError("There is no such attempt.")
    if told.get("finished"):
        taking.finish(attempt)
        return {"finished": True}
    seconds = told.get("seconds")
    verdict = taking.answer(
        attempt,
        str(told.get("question", "")),
        told.get("given", ""),
        float(seconds) if isinstance(seconds, int | float) else None,
    )
    return asdict(verdict)


def _only_judged(link: PlayLink, told: Mapping[str, Any]) -> Json:
    if told.get("finished"):
        return {"finished": True}
    quiz = reading.quiz_content(reading.quizzes().get(pk=link.quiz_id))
    question = find(quiz, str(told.get("question", "")))
    return asdict(grading.judge(question, told.get("given", "")))


def panel_context(job: Job, outputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the job's page shows of its quiz."""
    quiz = Quiz.objects.filter(job=job).prefetch_related("questions__choices").first()
    if quiz is None:
        return None
    return {"quiz": quiz, "questions": quiz.questions.all()[:4]}
