"""Editing, taking and sharing a quiz, through the API as programs and pages use it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Asset, Project
from quizzes import recording, taking
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


def send(signed_in: Client, method: str, path: str, body: object = None) -> Any:
    call = getattr(signed_in, method)
    return call(path, body if body is not None else {}, content_type="application/json")


def address(quiz: QuizRow, tail: str = "") -> str:
    return f"/api/v1/quizzes/{quiz.pk}/{tail}"


def keys(signed_in: Client, quiz: QuizRow) -> list[str]:
    return [each["id"] for each in signed_in.get(address(quiz)).json()["questions"]]


def test_edit_is_kept_and_undo_takes_it_back(signed_in: Client, quiz: QuizRow) -> None:
    key = keys(signed_in, quiz)[0]
    before = signed_in.get(address(quiz)).json()["questions"][0]["prompt"]

    edited = send(
        signed_in, "patch", address(quiz, f"questions/{key}/"), {"prompt": "Why?"}
    )
    assert edited.json()["questions"][0]["prompt"] == "Why?"

    undone = send(signed_in, "post", address(quiz, "undo/"))
    assert undone.json()["questions"][0]["prompt"] == before
    assert send(signed_in, "post", address(quiz, "undo/")).status_code == 400


def test_order_removal_and_another_one(signed_in: Client, quiz: QuizRow) -> None:
    old = keys(signed_in, quiz)
    send(signed_in, "post", address(quiz, "order/"), {"questions": old[::-1]})
    assert keys(signed_in, quiz) == old[::-1]

    send(signed_in, "delete", address(quiz, f"questions/{old[0]}/"))
    assert old[0] not in keys(signed_in, quiz)

    send(signed_in, "post", address(quiz, f"questions/{old[1]}/regenerate/"))
    assert old[1] not in keys(signed_in, quiz)
    assert len(keys(signed_in, quiz)) == len(old) - 1


def test_question_that_cannot_be_asked_is_refused(
    signed_in: Client, quiz: QuizRow
) -> None:
    told = {"type": "multiple_choice", "prompt": "Which?", "choices": [{"text": "one"}]}

    answer = send(signed_in, "post", address(quiz, "questions/"), told)

    assert answer.status_code == 400
    assert "choices" in answer.json()["errors"]


def test_second_editor_notices_the_first(signed_in: Client, quiz: QuizRow) -> None:
    send(signed_in, "patch", address(quiz), {"title": "New", "version": 1})

    late = send(signed_in, "patch", address(quiz), {"title": "Other", "version": 1})

    assert late.status_code == 409


def test_learner_answers_once_and_the_teacher_sees_it(
    signed_in: Client, quiz: QuizRow
) -> None:
    link = send(signed_in, "post", address(quiz, "links/")).json()
    learner = Client()
    page = learner.get(link["url"]).content.decode()
    assert "correct" not in page.partition("quiz-data")[2]
    begun = send(learner, "post", f"{link['url']}attempts/", {"learner": "Ada"}).json()
    question = signed_in.get(address(quiz)).json()["questions"][0]
    right = [c["id"] for c in question["choices"] if c["correct"]]
    given = right or question["answer"].split("|")[0]
    told = {"question": question["id"], "given": given, "seconds": 4}

    first = send(learner, "post", begun["url"], told)
    second = send(learner, "post", begun["url"], told)

    assert first.json()["score"] == 1
    assert second.status_code == 409
    results = signed_in.get(address(quiz, "results/")).json()
    assert results["learners"][0]["points"] == 1
    assert results["questions"][0]["facility"] == 1
    assert "Ada" in signed_in.get(address(quiz, "results.csv")).content.decode()


def test_closed_link_and_stranger_find_nothing(
    signed_in: Client, quiz: QuizRow, stranger: User
) -> None:
    link = send(signed_in, "post", address(quiz, "links/")).json()
    send(signed_in, "delete", address(quiz, f"links/{link['token']}/"))
    assert Client().get(link["url"]).status_code == 404
    assert PlayLink.objects.get().revoked_at is not None

    signed_in.force_login(stranger)
    assert signed_in.get(address(quiz)).status_code == 404


def lesson_address(quiz: QuizRow, tail: str = "") -> str:
    return f"/api/v1/lessons/{quiz.lesson_id}/{tail}"


def test_sentence_is_corrected_and_keeps_its_time(
    signed_in: Client, quiz: QuizRow
) -> None:
    before = signed_in.get(lesson_address(quiz)).json()["segments"][1]

    answer = send(
        signed_in,
        "patch",
        lesson_address(quiz, "segments/1/"),
        {"text": "Leaves  rest."},
    )

    after = answer.json()["segments"][1]
    assert after["text"] == "Leaves rest."
    assert (after["start"], after["end"]) == (before["start"], before["end"])
    words = Segment.objects.get(lesson=quiz.lesson, position=1).words
    assert [word[0] for word in words] == ["Leaves", "rest."]
    assert all(after["start"] <= word[1] < word[2] <= after["end"] for word in words)
    empty = send(signed_in, "patch", lesson_address(quiz, "segments/1/"), {"text": " "})
    assert empty.status_code == 400


def test_scene_is_named_and_its_beginning_moves_its_neighbours_end(
    signed_in: Client, quiz: QuizRow
) -> None:
    for position, (start, end) in enumerate(((0.0, 30.0), (30.0, 90.0))):
        quiz.lesson.scenes.create(position=position, start=start, end=end)

    told = {"title": "Leaves", "start": 42.5}
    answer = send(signed_in, "patch", lesson_address(quiz, "scenes/1/"), told)

    first, second = answer.json()["scenes"]
    assert (second["title"], second["start"], first["end"]) == ("Leaves", 42.5, 42.5)
    for bad in (0.0, 90.0, "soon"):
        late = send(
            signed_in, "patch", lesson_address(quiz, "scenes/1/"), {"start": bad}
        )
        assert late.status_code == 400


def test_link_that_keeps_nothing_judges_and_forgets(
    signed_in: Client, quiz: QuizRow
) -> None:
    link = send(
        signed_in, "post", address(quiz, "links/"), {"keeps_results": False}
    ).json()
    learner = Client()
    begun = send(learner, "post", f"{link['url']}attempts/", {"learner": "Ada"}).json()
    question = signed_in.get(address(quiz)).json()["questions"][0]
    right = [c["id"] for c in question["choices"] if c["correct"]]
    told = {
        "question": question["id"],
        "given": right or question["answer"].split("|")[0],
    }

    verdict = send(learner, "post", begun["url"], told).json()

    assert begun["attempt"] is None
    assert verdict["score"] == 1
    assert verdict["explanation"] == question["explanation"]
    assert signed_in.get(address(quiz, "results/")).json()["learners"] == []


def test_results_say_how_hard_a_question_is_and_whom_it_tells_apart(
    signed_in: Client, quiz: QuizRow
) -> None:
    link = PlayLink.objects.create(quiz=quiz)
    asked = keys(signed_in, quiz)
    # The better a learner, the more of the questions were right; the last one is the
    # other way round.
    for learner in range(6):
        attempt = taking.start(link, f"Learner {learner}")
        for place, key in enumerate(asked):
            last = place == len(asked) - 1
            good = learner < 2 if last else learner > place
            attempt.answers.create(question=key, given="", score=float(good), seconds=2)

    told = signed_in.get(address(quiz, "results/")).json()["questions"]

    assert told[0]["facility"] > told[1]["facility"] > told[2]["facility"]
    assert told[1]["discrimination"] > 0.3
    assert told[-1]["discrimination"] < 0.1
    assert told[0]["mean_seconds"] == 2.0
    table = signed_in.get(address(quiz, "results.csv")).content.decode()
    assert "discrimination" in table
    assert "Learner 5" in table
