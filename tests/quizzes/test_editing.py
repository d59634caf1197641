"""Editing, taking and sharing a quiz, through the API as programs and pages use it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Asset, Project
from quizzes import recording
from quizzes.content import Quiz
from quizzes.engines.writing import local
from quizzes.engines.writing.finishing import finish
from quizzes.models import Lesson, PlayLink, Segment
from quizzes.models import Quiz as QuizRow
from tests.quizzes.lessons import PLANTS, transcript_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiz(project: Project) -> QuizRow:
    asset = Asset.objects.create(
        project=project,
        kind="video",
        filename="a.mp4",
        original_filename="a.mp4",
        content_type="video/mp4",
        size_bytes=1,
        sha256="0",
        storage_key="a",
    )
    transcript = transcript_of(PLANTS)
    lesson = Lesson.objects.create(
        project=project, asset=asset, title="Plants", language="en", duration=90
    )
    Segment.objects.bulk_create(recording.segment_rows(lesson, transcript.segments))
    row = QuizRow.objects.create(lesson=lesson, title="Plants")
    types = list({draft.type for draft in local.drafts_of(transcript)})
    done = finish(
        local.drafts_of(transcript), transcript, count=6, types=types, seed="s"
    )
    told = Quiz(id=str(row.pk), title="Plants", questions=done.questions)
    recording.write_questions(row, told.questions)
    return row


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def send(client: Client, method: str, path: str, body: object = None) -> Any:
    call = getattr(client, method)
    return call(path, body if body is not None else {}, content_type="application/json")


def address(quiz: QuizRow, tail: str = "") -> str:
    return f"/api/v1/quizzes/{quiz.pk}/{tail}"


def keys(client: Client, quiz: QuizRow) -> list[str]:
    return [each["id"] for each in client.get(address(quiz)).json()["questions"]]


def test_edit_is_kept_and_undo_takes_it_back(client: Client, quiz: QuizRow) -> None:
    key = keys(client, quiz)[0]
    before = client.get(address(quiz)).json()["questions"][0]["prompt"]

    edited = send(
        client, "patch", address(quiz, f"questions/{key}/"), {"prompt": "Why?"}
    )
    assert edited.json()["questions"][0]["prompt"] == "Why?"

    undone = send(client, "post", address(quiz, "undo/"))
    assert undone.json()["questions"][0]["prompt"] == before
    assert send(client, "post", address(quiz, "undo/")).status_code == 400


def test_order_removal_and_another_one(client: Client, quiz: QuizRow) -> None:
    old = keys(client, quiz)
    send(client, "post", address(quiz, "order/"), {"questions": old[::-1]})
    assert keys(client, quiz) == old[::-1]

    send(client, "delete", address(quiz, f"questions/{old[0]}/"))
    assert old[0] not in keys(client, quiz)

    send(client, "post", address(quiz, f"questions/{old[1]}/regenerate/"))
    assert old[1] not in keys(client, quiz)
    assert len(keys(client, quiz)) == len(old) - 1


def test_question_that_cannot_be_asked_is_refused(
    client: Client, quiz: QuizRow
) -> None:
    told = {"type": "multiple_choice", "prompt": "Which?", "choices": [{"text": "one"}]}

    answer = send(client, "post", address(quiz, "questions/"), told)

    assert answer.status_code == 400
    assert "choices" in answer.json()["errors"]


def test_second_editor_notices_the_first(client: Client, quiz: QuizRow) -> None:
    send(client, "patch", address(quiz), {"title": "New", "version": 1})

    late = send(client, "patch", address(quiz), {"title": "Other", "version": 1})

    assert late.status_code == 409


def test_learner_answers_once_and_the_teacher_sees_it(
    client: Client, quiz: QuizRow
) -> None:
    link = send(client, "post", address(quiz, "links/")).json()
    learner = Client()
    page = learner.get(link["url"]).content.decode()
    assert "correct" not in page.partition("quiz-data")[2]
    begun = send(learner, "post", f"{link['url']}attempts/", {"learner": "Ada"}).json()
    question = client.get(address(quiz)).json()["questions"][0]
    right = [c["id"] for c in question["choices"] if c["correct"]]
    given = right or question["answer"].split("|")[0]
    told = {"question": question["id"], "given": given, "seconds": 4}

    first = send(learner, "post", begun["url"], told)
    second = send(learner, "post", begun["url"], told)

    assert first.json()["score"] == 1
    assert second.status_code == 409
    results = client.get(address(quiz, "results/")).json()
    assert results["learners"][0]["points"] == 1
    assert results["questions"][0]["facility"] == 1
    assert "Ada" in client.get(address(quiz, "results.csv")).content.decode()


def test_closed_link_and_stranger_find_nothing(
    client: Client, quiz: QuizRow, stranger: User
) -> None:
    link = send(client, "post", address(quiz, "links/")).json()
    send(client, "delete", address(quiz, f"links/{link['token']}/"))
    assert Client().get(link["url"]).status_code == 404
    assert PlayLink.objects.get().revoked_at is not None

    client.force_login(stranger)
    assert client.get(address(quiz)).status_code == 404
