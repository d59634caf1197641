"""A lesson on its way from upload to exports, through the real runtime."""

import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import services
from jobs.files import storage
from jobs.models import Job
from jobs.services import JobOrder
from quizzes.models import Lesson, Quiz
from tests.conftest import Drain
from tests.quizzes.conftest import MakeAsset

pytestmark = pytest.mark.django_db


def submit(owner: User, asset_id: object, pipeline: str, **order: object) -> Job:
    told = {"params": {}, **order}
    return services.submit(
        owner,
        JobOrder(pipeline=pipeline, inputs=[str(asset_id)], project="shop", **told),  # type: ignore[arg-type]
    )


def roles_of(job: Job) -> set[str]:
    return set(job.files.filter(published=True).values_list("role", flat=True))


def test_lesson_becomes_a_quiz_with_all_its_exports(
    owner: User, make_asset: MakeAsset, video: Path, drain: Drain, tmp_path: Path
) -> None:
    asset = make_asset(video)
    params = {"question_count": 3, "countdown_seconds": 3}
    job = submit(owner, asset.pk, "lesson", params=params)

    drain()

    job.refresh_from_db()
    assert job.error is None
    assert job.status == Job.Status.SUCCEEDED
    assert roles_of(job) >= {
        *("proxy", "poster", "sprite", "sprite_vtt", "waveform", "scenes", "chapters"),
        *("transcript", "captions_srt", "captions_vtt", "quiz", "quiz_video", "gift"),
        *("moodle_xml", "qti12", "qti21", "h5p", "scorm", "pdf", "pdf_answers", "anki"),
        *("csv", "archive"),
    }
    quiz = Quiz.objects.get(job=job)
    assert quiz.questions.count() == 3
    assert quiz.lesson.scenes.count() == 3
    assert quiz.lesson.segments.count() == 7
    archive = storage.local_copy(job.files.get(role="archive").storage_key, tmp_path)
    with zipfile.ZipFile(archive) as package:
        assert {"quiz.h5p", "scorm.zip", "quiz-video.mp4"} <= set(package.namelist())


def test_review_waits_and_export_takes_what_the_teacher_left(
    owner: User, make_asset: MakeAsset, video: Path, drain: Drain, tmp_path: Path
) -> None:
    asset = make_asset(video)
    params = {"formats": ["gift"], "quiz_video": False}
    job = submit(owner, asset.pk, "lesson", params=params, review=True)
    drain()
    job.refresh_from_db()
    assert job.status == Job.Status.WAITING
    assert "gift" not in roles_of(job)
    quiz = Quiz.objects.get(job=job)
    first = quiz.questions.get(position=0)
    first.prompt = "What did the teacher write?"
    first.save(update_fields=["prompt"])

    services.approve(job)
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    gift = storage.local_copy(job.files.get(role="gift").storage_key, tmp_path)
    assert "What did the teacher write?" in gift.read_text()


def test_lesson_without_a_good_question_keeps_all_else_and_says_so(
    owner: User, client: Client, make_asset: MakeAsset, video: Path, drain: Drain
) -> None:
    asset = make_asset(video)
    chatter = "So it is, well, this one here, you know. And then that. " * 4
    own = video.with_name("own.srt")
    own.write_text(f"1\n00:00:01,000 --> 00:00:20,000\n{chatter}\n")
    params = {"formats": ["captions", "gift"], "transcript": str(make_asset(own).pk)}

    job = submit(owner, asset.pk, "lesson", params=params)
    drain()

    job.refresh_from_db()
    assert (job.error, job.status) == (None, Job.Status.SUCCEEDED)
    assert job.result["questions"] == 0
    assert roles_of(job) >= {"proxy", "scenes", "transcript", "quiz", "archive"}
    assert not roles_of(job) & {"gift", "quiz_video"}
    client.force_login(owner)
    shown = client.get(f"/studio/jobs/{job.pk}/").content.decode()
    assert "was good enough to ask" in shown
    editor = f"/studio/quizzes/{Quiz.objects.get(job=job).pk}/"
    assert editor in shown
    assert 'data-do="add"' in client.get(editor).content.decode()


def test_export_without_anything_made_says_what_to_do(
    owner: User, make_asset: MakeAsset, video: Path, drain: Drain
) -> None:
    job = submit(owner, make_asset(video).pk, "export")

    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.error["code"] == "nothing_to_export"


def test_scene_detection_alone_leaves_scenes_as_rows(
    owner: User, make_asset: MakeAsset, video: Path, drain: Drain
) -> None:
    asset = make_asset(video)
    job = submit(owner, asset.pk, "scene_detection")

    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    starts = Lesson.objects.get(asset=asset).scenes.values_list("start", flat=True)
    assert [round(start) for start in starts] == [0, 8, 16]
