"""Seed 000: every documented call under /api/v1/scan, with its fields and words."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import services
from jobs.models import Job
from jobs.toolbox.meshes import write_usdz
from jobs.toolbox.meshes.rendering import write_mp4
from tests.answers import body_of
from tests.conftest import Drain, make_due
from tests.scans.models import cube
from tests.vendors.kiri import KEY, KiriEmulator, kiri_emulator, packed

pytestmark = pytest.mark.django_db(transaction=True)
SCAN = "/api/v1/scan"


@pytest.fixture
def kiri(settings: object, tmp_path: Path) -> Iterator[KiriEmulator]:
    with kiri_emulator() as emulator:
        settings.KIRI_API_KEY = KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = emulator.url  # type: ignore[attr-defined]
        settings.KIRI_WEBHOOK_SECRET = "a shared word"  # type: ignore[attr-defined]
        usdz = write_usdz(cube(), tmp_path / "cube.usdz").read_bytes()
        emulator.archive = packed({"out/model.usdz": usdz})
        yield emulator


def _clip(tmp_path: Path, frames: int = 5) -> bytes:
    random = np.random.default_rng(0)
    pixels = [
        random.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(frames)
    ]
    return write_mp4(pixels, tmp_path / "clip.mp4", frames_per_second=10).read_bytes()


def _uploaded(signed_in: Client, content: bytes) -> dict[str, Any]:
    file = SimpleUploadedFile("walk.mp4", content, content_type="video/mp4")
    answer = signed_in.post("/api/v1/projects/scans/assets/", {"file": file})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def _post(signed_in: Client, **body: Any) -> Any:
    return signed_in.post(SCAN, json.dumps(body), content_type="application/json")


def _run(drain: Drain, job_id: str) -> Job:
    """Let time pass until the job has ended."""
    for _ in range(12):
        drain()
        job = Job.objects.get(pk=job_id)
        if job.ended:
            return job
        make_due(job)
    raise AssertionError(f"the job is still {job.status}")


def test_a_scan_goes_from_queued_to_success_with_its_usdz(
    signed_in: Client, kiri: KiriEmulator, tmp_path: Path, drain: Drain
) -> None:
    asset = _uploaded(signed_in, _clip(tmp_path))
    created = _post(
        signed_in, videoUrl=asset["url"], fileFormat="usdz", modelQuality=1,
        textureQuality=2, isMask=0, textureSmoothing=0, additionalParams={},
    )  # fmt: skip
    assert created.status_code == 201, created.content
    job_id = created.json()["jobId"]
    assert created.json() == {"jobId": job_id, "status": "queued"}
    early = signed_in.get(f"{SCAN}/{job_id}/result").json()
    assert (early["status"], early["usdzUrl"]) == ("queued", None)

    drain()
    waiting = signed_in.get(f"{SCAN}/{job_id}/status").json()
    assert (waiting["jobId"], waiting["error"]) == (job_id, None)
    assert waiting["status"] == "uploading"
    _run(drain, job_id)

    told = signed_in.get(f"{SCAN}/{job_id}/result").json()
    assert told["status"] == "success", told
    usdz = signed_in.get(told["usdzUrl"])
    assert usdz.status_code == 200
    assert body_of(usdz)[:2] == b"PK"
    assert kiri.uploads[0][2]["modelQuality"] == "1"
    stats = signed_in.get(f"{SCAN}/stats").json()
    assert stats["total_jobs"] == 1
    assert stats["status_counts"]["success"] == 1


def test_a_failed_scan_says_why(
    signed_in: Client, kiri: KiriEmulator, tmp_path: Path, drain: Drain
) -> None:
    kiri.script = [1]
    asset = _uploaded(signed_in, _clip(tmp_path))

    job_id = _post(signed_in, assetId=asset["id"]).json()["jobId"]
    _run(drain, job_id)

    told = signed_in.get(f"{SCAN}/{job_id}/status").json()
    assert told["status"] == "failed"
    assert told["error"].startswith("KIRI could not make a model")


def test_without_a_key_this_machine_scans_and_refuses_early(
    signed_in: Client, tmp_path: Path, drain: Drain
) -> None:
    file = SimpleUploadedFile("walk.mp4", _clip(tmp_path), content_type="video/mp4")
    job_id = signed_in.post(SCAN, {"file": file}).json()["jobId"]
    job = _run(drain, job_id)

    told = signed_in.get(f"{SCAN}/{job_id}/status").json()
    assert told["status"] == "failed"
    assert "There are only 5 pictures" in told["error"]
    assert job.error is not None
    assert job.error["code"] == "too_short"
    assert job.error["retryable"] is False


def test_a_cancelled_scan_reads_failed(signed_in: Client, tmp_path: Path) -> None:
    asset = _uploaded(signed_in, _clip(tmp_path))
    job_id = _post(signed_in, assetId=asset["id"]).json()["jobId"]

    services.cancel(Job.objects.get(pk=job_id))

    told = signed_in.get(f"{SCAN}/{job_id}/status").json()
    assert (told["status"], told["error"]) == ("failed", "Cancelled")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"videoUrl": "not a url"},
        {"videoUrl": "ftp://example.com/video.mp4"},
        {"videoUrl": "http://127.0.0.1/video.mp4"},
        {"videoUrl": "http://169.254.169.254/latest/meta-data"},
        {"videoUrl": "http://example.com/v.mp4", "modelQuality": 4},
        {"videoUrl": "http://example.com/v.mp4", "textureQuality": "best"},
        {"videoUrl": "http://example.com/v.mp4", "isMask": 2},
        {"videoUrl": "http://example.com/v.mp4", "fileFormat": "max"},
        {"videoUrl": "http://example.com/v.mp4", "additionalParams": {"unknown": 1}},
    ],
)
def test_bad_orders_are_refused_at_once(
    signed_in: Client, body: dict[str, Any]
) -> None:
    answer = signed_in.post(SCAN, json.dumps(body), content_type="application/json")

    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]
    assert Job.objects.count() == 0


def test_an_engine_without_its_key_is_refused(
    signed_in: Client, tmp_path: Path
) -> None:
    asset = _uploaded(signed_in, _clip(tmp_path))

    answer = _post(signed_in, assetId=asset["id"], engine="kiri")

    assert answer.status_code == 400
    assert answer.json()["code"] == "engine_not_configured"


def test_strangers_and_the_unknown_get_404(
    signed_in: Client, stranger: User, tmp_path: Path
) -> None:
    asset = _uploaded(signed_in, _clip(tmp_path))
    job_id = _post(signed_in, assetId=asset["id"]).json()["jobId"]
    other = Client()
    other.force_login(stranger)

    for path in (f"{SCAN}/{job_id}/status", f"{SCAN}/{job_id}/result"):
        assert other.get(path).status_code == 404
    assert signed_in.get(f"{SCAN}/no-such-job/status").status_code == 404
    assert other.get(f"{SCAN}/stats").json()["total_jobs"] == 0
    assert Client().post(SCAN).status_code in (401, 403)
    # Another owner's asset is no address of one's own.
    answer = other.post(
        SCAN, json.dumps({"videoUrl": asset["url"]}), content_type="application/json"
    )
    assert answer.status_code == 400


def test_kiris_callback_brings_the_job_back_at_once(
    signed_in: Client, kiri: KiriEmulator, tmp_path: Path, drain: Drain
) -> None:
    kiri.script = [3, 2]
    asset = _uploaded(signed_in, _clip(tmp_path))
    job_id = _post(signed_in, assetId=asset["id"]).json()["jobId"]
    drain()
    body = json.dumps({"serialize": f"{1:032x}", "status": 2})

    def call(signature: str) -> Any:
        return Client().post(
            "/api/v1/vendors/kiri/webhook", body, content_type="application/json",
            headers={"X-Signature": signature},
        )  # fmt: skip

    assert call("a wrong word").status_code == 401
    assert call("a shared word").json() == {"woken": True}
    drain()

    assert signed_in.get(f"{SCAN}/{job_id}/status").json()["status"] == "success"
    assert call("a shared word").status_code == 200
    assert len(kiri.uploads) == 1


def test_an_upload_that_is_no_video_is_refused(signed_in: Client) -> None:
    file = SimpleUploadedFile("walk.mp4", io.BytesIO(b"hello there").read())

    answer = signed_in.post(SCAN, {"file": file})

    assert answer.status_code == 415


def test_staff_see_the_balance(
    signed_in: Client, kiri: KiriEmulator, staff: User
) -> None:
    other = Client()
    other.force_login(staff)

    assert other.get(f"{SCAN}/balance").json() == {"configured": True, "credits": 5}
    assert signed_in.get(f"{SCAN}/balance").status_code == 403
