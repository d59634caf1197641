"""Seed 001: every documented call under /api/jobs, with its fields and words."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from jobs.models import Stage
from paintings.scenery import compose
from tests.answers import body_of
from tests.conftest import Drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def photo() -> bytes:
    scene = compose("landscape", seed=3, width=240, height=160)
    stored = io.BytesIO()
    Image.fromarray(scene.photo).save(stored, "JPEG", quality=92)
    return stored.getvalue()


def _upload(
    signed_in: Client, content: bytes, name: str = "image.jpg"
) -> dict[str, Any]:
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    answer = signed_in.post("/api/jobs/upload", {"file": file})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_upload_answers_with_the_documented_fields(
    signed_in: Client, photo: bytes
) -> None:
    told = _upload(signed_in, photo)

    assert told["filename"] == f"{told['file_id']}.jpg"
    assert told["original_filename"] == "image.jpg"
    assert told["size_bytes"] == len(photo)
    assert not told["path"].startswith("/")


def test_a_job_runs_from_pending_to_completed_and_its_files_download(
    signed_in: Client, photo: bytes, drain: Drain
) -> None:
    name = _upload(signed_in, photo)["filename"]
    order = {
        "filename": name,
        "mode": "painterly",
        "num_layers": "3",
        "painterly_style": "watercolour",
        "painterly_strength": "0.5",
        "painterly_seed": "42",
    }
    created = signed_in.post("/api/jobs", order)
    assert created.status_code == 201, created.content
    assert created.json()["status"] == "pending"
    drain()

    told = signed_in.get(f"/api/jobs/{created.json()['id']}").json()
    assert told["status"] == "completed", told
    assert told["input_filename"] == name
    assert told["mode"] == "painterly"
    assert told["num_layers"] == 3
    assert told["processing_time"] > 0
    manifest = told["result_manifest"]
    assert manifest["job_id"] == told["id"]
    assert manifest["layer_count"] == 3 == len(manifest["layers"])
    assert manifest["layers"][0]["file"] == "Layer_1_background.png"
    for layer in manifest["layers"]:
        path = f"/api/jobs/{told['id']}/download/{layer['file']}"
        picture = Image.open(io.BytesIO(body_of(signed_in.get(path))))
        assert picture.size == (240, 160)
        assert picture.mode == "RGBA"
    stored = body_of(signed_in.get(f"/api/jobs/{told['id']}/download/manifest.json"))
    assert json.loads(stored)["layer_count"] == 3


def test_the_same_order_again_is_answered_from_what_was_made(
    signed_in: Client, photo: bytes, drain: Drain
) -> None:
    order = {"filename": _upload(signed_in, photo)["filename"], "num_layers": "2"}

    def ordered(**more: str) -> set[str]:
        """The steps that were done anew."""
        job_id = signed_in.post("/api/jobs", order | more).json()["id"]
        drain()
        done = Stage.objects.filter(job=job_id, status="succeeded")
        return set(done.filter(cached_from=None).values_list("name", flat=True))

    work = {"check", "depth", "layers"}
    assert work <= ordered()
    assert not work & ordered()
    assert work <= ordered(cache="false")


def test_defaults_come_from_the_settings(signed_in: Client, photo: bytes) -> None:
    name = _upload(signed_in, photo)["filename"]

    told = signed_in.post("/api/jobs", {"filename": name}).json()

    assert told["mode"] == "photo-realistic"
    assert told["num_layers"] == 4
    assert told["painterly_strength"] == 0.5
    assert told["painterly_seed"] == 42


def test_the_list_is_paged_by_skip_and_limit(signed_in: Client, photo: bytes) -> None:
    name = _upload(signed_in, photo)["filename"]
    ids = [
        signed_in.post("/api/jobs", {"filename": name}).json()["id"] for _ in range(3)
    ]

    told = signed_in.get("/api/jobs?skip=1&limit=1").json()

    assert told["total"] == 3
    assert (told["skip"], told["limit"]) == (1, 1)
    assert [job["id"] for job in told["jobs"]] == [ids[1]]


def test_delete_removes_the_job(signed_in: Client, photo: bytes) -> None:
    name = _upload(signed_in, photo)["filename"]
    job_id = signed_in.post("/api/jobs", {"filename": name}).json()["id"]

    assert signed_in.delete(f"/api/jobs/{job_id}").status_code == 204
    assert signed_in.get(f"/api/jobs/{job_id}").status_code == 404


def test_cancel_batch_and_priority_are_there(signed_in: Client, photo: bytes) -> None:
    name = _upload(signed_in, photo)["filename"]
    batch = signed_in.post(
        "/api/jobs/batch",
        {"filenames": [name, name], "num_layers": 2},
        content_type="application/json",
    ).json()
    first, second = (job["id"] for job in batch["jobs"])

    raised = signed_in.post(f"/api/jobs/{first}/priority", {"priority": "high"}).json()
    stopped = signed_in.post(f"/api/jobs/{second}/cancel").json()

    assert raised["priority"] == "high"
    assert stopped["status"] == "cancelled"
    assert stopped["error_message"] == "Cancelled"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_layers", "6"),
        ("num_layers", "1"),
        ("mode", "cubist"),
        ("painterly_strength", "1.5"),
        ("painterly_seed", "soon"),
    ],
)
def test_bad_parameters_are_refused(
    signed_in: Client, photo: bytes, field: str, value: str
) -> None:
    name = _upload(signed_in, photo)["filename"]

    answer = signed_in.post("/api/jobs", {"filename": name, field: value})

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_an_unknown_photo_is_not_found(signed_in: Client) -> None:
    answer = signed_in.post("/api/jobs", {"filename": "nobody.jpg"})

    assert answer.status_code == 404
    assert "nobody.jpg" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"not a picture at all", 415, "Send a picture (JPEG"),
        (b"<?xml version='1.0'?>\n<!-- a --><svg/>", 415, "Export it as PNG"),
        (b"", 400, "it is empty"),
    ],
)
def test_what_is_no_picture_is_refused_at_upload(
    signed_in: Client, content: bytes, status: int, says: str
) -> None:
    file = SimpleUploadedFile("image.jpg", content)

    answer = signed_in.post("/api/jobs/upload", {"file": file})

    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_more_than_the_limit_is_too_large(
    signed_in: Client, settings: Any, photo: bytes
) -> None:
    settings.MAX_UPLOAD_SIZE_MB = 1
    noise = np.random.default_rng(0).integers(0, 255, (800, 800, 3), dtype=np.uint8)
    stored = io.BytesIO()
    Image.fromarray(noise).save(stored, "PNG")

    file = SimpleUploadedFile("big.png", stored.getvalue())
    answer = signed_in.post("/api/jobs/upload", {"file": file})

    assert answer.status_code == 413


def test_a_stranger_sees_nothing(
    signed_in: Client, photo: bytes, stranger: User, tmp_path: Path
) -> None:
    name = _upload(signed_in, photo)["filename"]
    job_id = signed_in.post("/api/jobs", {"filename": name}).json()["id"]
    other = Client()
    other.force_login(stranger)

    assert other.get(f"/api/jobs/{job_id}").status_code == 404
    assert other.get("/api/jobs").json()["total"] == 0
    assert other.post("/api/jobs", {"filename": name}).status_code == 404
