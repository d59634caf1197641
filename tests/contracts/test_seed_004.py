"""Seed 004: upload, status, stream and download, with their fields and words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import services
from jobs.live.streams import Message, MessageType
from jobs.live.topics import Picture
from jobs.models import Job
from jobs.snapshots import load_snapshot
from jobs.toolbox.meshes import write_glb
from scans.model_api import task_frames
from tests.answers import body_of
from tests.conftest import Drain, make_due
from tests.scans.models import cube, photo_of_a_disc
from tests.vendors.fal import KEY, FalEmulator, fal_emulator

pytestmark = pytest.mark.django_db(transaction=True)
UPLOAD = "/api/v1/upload/"


@pytest.fixture
def fal(settings: object, tmp_path: Path) -> Iterator[FalEmulator]:
    with fal_emulator() as emulator:
        settings.FAL_KEY = KEY  # type: ignore[attr-defined]
        settings.FAL_QUEUE_URL = emulator.url  # type: ignore[attr-defined]
        settings.FAL_REST_URL = emulator.url  # type: ignore[attr-defined]
        settings.PUBLIC_URL = "https://house.example"  # type: ignore[attr-defined]
        emulator.model = write_glb(cube(), tmp_path / "cube.glb").read_bytes()
        yield emulator


def _send(signed_in: Client, count: int = 1, **fields: Any) -> Any:
    content = photo_of_a_disc(96)
    files = [
        SimpleUploadedFile(f"plate {n}.png", content, content_type="image/png")
        for n in range(count)
    ]
    return signed_in.post(UPLOAD, {"files": files, **fields})


def _run(drain: Drain, job_id: str) -> Job:
    for _ in range(12):
        drain()
        job = Job.objects.get(pk=job_id)
        if job.ended:
            return job
        make_due(job)
    raise AssertionError(f"the job is still {job.status}")


def test_two_photos_become_two_models_on_this_machine(
    signed_in: Client, drain: Drain
) -> None:
    created = _send(signed_in, 2)
    assert created.status_code == 201, created.content
    told = created.json()
    assert told["task_id"] == told["job_id"]
    before = signed_in.get(f"/api/v1/status/tasks/{told['task_id']}").json()
    assert (before["state"], before["current"], before["total"]) == ("PENDING", 0, 2)

    _run(drain, told["job_id"])

    after = signed_in.get(f"/api/v1/status/tasks/{told['task_id']}").json()
    assert after["state"] == "SUCCESS", after
    assert (after["progress"], after["current"], after["total"]) == (100, 2, 2)
    assert after["result"]["models"][0]["method"] == "single_photo_inflated"
    listed = signed_in.get(f"/api/v1/download/{told['job_id']}/all").json()
    names = {file["filename"] for file in listed["files"]}
    assert listed["total"] == len(listed["files"])
    assert {"plate_0.glb", "plate_0.usdz", "plate_1.glb", "models.zip"} <= names
    for file in listed["files"]:
        answer = signed_in.get(file["url"])
        assert answer.status_code == 200
        assert len(body_of(answer)) == file["size_bytes"]


def test_one_failed_photo_does_not_lose_the_others(
    signed_in: Client, fal: FalEmulator, drain: Drain
) -> None:
    fal.failing = {0}
    job_id = _send(signed_in, 2, model="triposr", engine="fal").json()["job_id"]

    job = _run(drain, job_id)

    assert job.status == "succeeded", job.error
    told = signed_in.get(f"/api/v1/status/tasks/{job_id}").json()
    assert (told["state"], told["result"]["failed"]) == ("SUCCESS", 1)
    assert [one["method"] for one in told["result"]["models"]] == ["fal"]


def test_a_retry_makes_only_the_models_that_failed(
    signed_in: Client, fal: FalEmulator, drain: Drain
) -> None:
    fal.failing = {0}
    job_id = _send(signed_in, 2, model="triposr", engine="fal").json()["job_id"]
    assert "failed" in _run(drain, job_id).message
    fal.failing = set()

    answer = signed_in.post(
        f"/api/v1/jobs/{job_id}/retry/", "{}", content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    _run(drain, job_id)

    # Two were sent at first, and then the failed one alone.
    assert len(fal.requests) == 3
    told = signed_in.get(f"/api/v1/status/tasks/{job_id}").json()
    assert (told["state"], told["result"]["failed"]) == ("SUCCESS", 0)
    assert len(told["result"]["models"]) == 2


def test_when_all_fail_the_task_fails(
    signed_in: Client, fal: FalEmulator, drain: Drain
) -> None:
    fal.failing = {0}
    job_id = _send(signed_in, 1, engine="fal").json()["job_id"]

    _run(drain, job_id)

    told = signed_in.get(f"/api/v1/status/tasks/{job_id}").json()
    assert (told["state"], told["result"]) == ("FAILURE", None)
    assert told["error"]


def test_fals_signed_callback_brings_the_part_back(
    signed_in: Client, fal: FalEmulator, drain: Drain
) -> None:
    fal.script = ["IN_QUEUE", "COMPLETED"]
    job_id = _send(signed_in, 1, engine="fal").json()["job_id"]
    drain()
    body = json.dumps({"request_id": "req-0", "status": "OK", "payload": {}}).encode()

    def call(content: bytes) -> Any:
        return Client().post(
            "/api/v1/vendors/fal/webhook", content, content_type="application/json",
            headers=fal.signed(body),
        )  # fmt: skip

    assert call(body + b" ").status_code == 401
    assert call(body).json() == {"woken": True}
    drain()

    assert Job.objects.get(pk=job_id).status == "succeeded"
    assert call(body).json() == {"woken": False}


@pytest.mark.parametrize("count", [0, 26])
def test_only_1_to_25_images_are_taken(signed_in: Client, count: int) -> None:
    answer = _send(signed_in, count)

    assert answer.status_code == 400
    assert "1 to 25 images" in answer.json()["detail"]


def test_what_is_no_image_is_refused(signed_in: Client) -> None:
    file = SimpleUploadedFile("a.png", b"not an image at all", content_type="image/png")

    assert signed_in.post(UPLOAD, {"files": [file]}).status_code == 415
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "....//etc", "nothing.glb"]
)
def test_names_never_become_paths(signed_in: Client, name: str) -> None:
    job_id = _send(signed_in).json()["job_id"]

    assert signed_in.get(f"/api/v1/download/{job_id}/{name}").status_code == 404


def test_strangers_and_the_nameless_see_nothing(
    signed_in: Client, stranger: User
) -> None:
    job_id = _send(signed_in).json()["job_id"]
    other = Client()
    other.force_login(stranger)

    for path in (f"status/tasks/{job_id}", f"status/tasks/{job_id}/stream", f"download/{job_id}/all"):  # fmt: skip
        assert other.get(f"/api/v1/{path}").status_code == 404
        assert Client().get(f"/api/v1/{path}").status_code in (401, 403)


def test_a_cancelled_task_is_revoked(signed_in: Client) -> None:
    job_id = _send(signed_in).json()["job_id"]

    services.cancel(Job.objects.get(pk=job_id))

    told = signed_in.get(f"/api/v1/status/tasks/{job_id}").json()
    assert (told["state"], told["error"]) == ("REVOKED", "Cancelled")


def test_the_stream_tells_progress_and_one_end(signed_in: Client) -> None:
    import asyncio
    from collections.abc import AsyncIterator

    job = load_snapshot(_send(signed_in).json()["job_id"])

    async def messages() -> AsyncIterator[Message]:
        for seq, status in enumerate(("queued", "running", "running", "succeeded", "succeeded")):  # fmt: skip
            picture = Picture({**job, "status": status})
            yield Message(type=MessageType.SNAPSHOT, seq=seq, picture=picture)

    async def collect() -> list[tuple[str, str]]:
        frames = [frame async for frame in task_frames(messages())]
        return [(frame.event, json.loads(frame.data)["state"]) for frame in frames]

    assert asyncio.run(collect()) == [
        ("progress", "PENDING"), ("progress", "PROGRESS"), ("completed", "SUCCESS"),
    ]  # fmt: skip
