"""Seed 002: videos, storage, jobs, events and sockets of the quiz system, as documented."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import services
from jobs.models import Asset, Job
from quizzes.api import records
from tests.conftest import Drain
from tests.quizzes.conftest import lesson_video  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db


def upload(signed_in: Client, video: Path, name: str = "lesson.mp4") -> Any:
    file = SimpleUploadedFile(name, video.read_bytes(), content_type="video/mp4")
    return signed_in.post("/projects/demo/videos", {"file": file})


def enqueue(signed_in: Client, asset_id: str, **more: object) -> Any:
    told = {"job_type": "ingest", "payload": {"asset_id": asset_id}, **more}
    return signed_in.post("/projects/demo/jobs", told, content_type="application/json")


def test_upload_answers_as_documented(signed_in: Client, lesson_video: Path) -> None:  # noqa: F811
    answer = upload(signed_in, lesson_video)

    told = answer.json()
    assert answer.status_code == 201
    assert told["original_filename"] == "lesson.mp4"
    assert told["filename"].endswith(".mp4")
    assert told["size_bytes"] == lesson_video.stat().st_size
    assert told["project_id"] == "demo"
    assert told["status"] == "ready"


@pytest.mark.parametrize("name", ["lesson.webm", "lesson.exe", "lesson"])
def test_other_formats_are_refused(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
    name: str,
) -> None:
    assert upload(signed_in, lesson_video, name).status_code == 415


def test_text_that_calls_itself_a_video_is_refused(
    signed_in: Client, tmp_path: Path
) -> None:
    fake = tmp_path / "fake.mp4"
    fake.write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n")

    assert upload(signed_in, fake).status_code == 415
    assert not Asset.objects.exists()


def test_videos_are_listed_and_removed_one_by_one(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
) -> None:
    first = upload(signed_in, lesson_video).json()
    upload(signed_in, lesson_video)
    assert len(signed_in.get("/projects/demo/videos").json()) == 2

    gone = signed_in.delete(f"/projects/demo/videos/{first['asset_id']}")

    assert gone.status_code == 204
    left = signed_in.get("/projects/demo/videos").json()
    assert [row["asset_id"] for row in left] != [first["asset_id"]]
    assert len(left) == 1


def test_storage_is_counted_and_wiped(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
) -> None:
    upload(signed_in, lesson_video)
    size = lesson_video.stat().st_size
    assert signed_in.get("/storage/stats").json()["total_size_bytes"] == size
    assert signed_in.get("/projects/demo/storage/stats").json()["total_assets"] == 1

    assert signed_in.delete("/projects/demo/storage").status_code == 204

    assert signed_in.get("/projects/demo/storage/stats").json()["total_assets"] == 0


def test_job_record_has_every_documented_field(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
) -> None:
    asset_id = upload(signed_in, lesson_video).json()["asset_id"]

    answer = enqueue(signed_in, asset_id, max_attempts=5, retry_delay_seconds=10)

    told = answer.json()
    assert answer.status_code == 201
    assert set(told) == {
        *("job_id", "project_id", "job_type", "status", "progress", "payload"),
        *("attempts", "max_attempts", "retry_delay_seconds", "logs", "result"),
        *("error", "created_at", "updated_at"),
    }
    assert told["status"] == "queued"
    assert told["payload"] == {"asset_id": asset_id} | Job.objects.get().params
    assert (told["max_attempts"], told["retry_delay_seconds"]) == (5, 10)


def test_job_runs_to_completed_with_logs_and_result(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
    drain: Drain,
) -> None:
    asset_id = upload(signed_in, lesson_video).json()["asset_id"]
    job_id = enqueue(signed_in, asset_id).json()["job_id"]

    drain()

    told = signed_in.get(f"/projects/demo/jobs/{job_id}").json()
    assert (told["status"], told["progress"]) == ("completed", 100)
    assert told["attempts"] == 1
    assert told["logs"]
    assert "proxy" in {output["role"] for output in told["result"]["outputs"]}


def test_jobs_are_listed_by_several_states(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
) -> None:
    asset_id = upload(signed_in, lesson_video).json()["asset_id"]
    first = enqueue(signed_in, asset_id).json()["job_id"]
    second = enqueue(signed_in, asset_id, job_type="scene_detection").json()["job_id"]
    services.cancel(Job.objects.get(pk=second))

    def listed(query: str) -> list[str]:
        return [
            j["job_id"] for j in signed_in.get(f"/projects/demo/jobs{query}").json()
        ]

    assert listed("?status=queued&status=running") == [first]
    assert listed("?status=cancelled") == [second]
    assert set(listed("")) == {first, second}
    assert signed_in.get("/projects/demo/jobs?status=odd").status_code == 400


@pytest.mark.parametrize(
    "told",
    [
        {"job_type": "painting", "payload": {"asset_id": "x"}},
        {"job_type": "ingest", "payload": {}},
        {"job_type": "ingest", "payload": {"asset_id": "x"}, "max_attempts": 0},
        {
            "job_type": "ingest",
            "payload": {"asset_id": "x"},
            "retry_delay_seconds": "a",
        },
        [],
    ],
)
def test_bad_jobs_are_refused(signed_in: Client, told: object) -> None:
    answer = signed_in.post(
        "/projects/demo/jobs", told, content_type="application/json"
    )

    assert answer.status_code == 400


def test_stranger_finds_nothing(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
    stranger: User,
) -> None:
    asset_id = upload(signed_in, lesson_video).json()["asset_id"]
    job_id = enqueue(signed_in, asset_id).json()["job_id"]
    signed_in.force_login(stranger)

    assert signed_in.get(f"/projects/demo/jobs/{job_id}").status_code == 404
    assert signed_in.get("/projects/demo/videos").status_code == 404


def test_streams_carry_the_bare_job(
    signed_in: Client,
    lesson_video: Path,  # noqa: F811
) -> None:
    asset_id = upload(signed_in, lesson_video).json()["asset_id"]
    told = enqueue(signed_in, asset_id).json()

    text = records.record_text(Job.objects.get().pk)

    assert text is not None
    assert f'"job_id": "{told["job_id"]}"' in text
