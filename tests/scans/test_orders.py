"""What a scan may be ordered with under seed 000's paths, and what becomes of addresses."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Asset, Job
from jobs.toolbox.images import encode_png
from jobs.toolbox.meshes.rendering import write_mp4
from tests.conftest import Drain, make_due

pytestmark = pytest.mark.django_db(transaction=True)
SCAN = "/api/v1/scan"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(5)]
    return write_mp4(frames, tmp_path / "walk.mp4", frames_per_second=10)


@pytest.fixture
def shelf(film: Path) -> Iterator[str]:
    """Somebody's web server with the film on it."""

    class Shelf(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(film.parent))

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _post(signed_in: Client, **body: Any) -> Any:
    return signed_in.post(SCAN, json.dumps(body), content_type="application/json")


def _ended(signed_in: Client, drain: Drain, job_id: str) -> Job:
    for _ in range(4):
        drain()
        job = Job.objects.get(pk=job_id)
        if job.ended:
            return job
        make_due(job)
    raise AssertionError(f"the job is still {job.status}: {job.message}")


def _inputs(signed_in: Client, job_id: Any) -> Any:
    return signed_in.get(f"/api/v1/jobs/{job_id}/").json()["inputs"]


def _photos(count: int) -> list[SimpleUploadedFile]:
    random = np.random.default_rng(1)
    return [
        SimpleUploadedFile(
            f"{number}.png",
            encode_png(random.integers(0, 256, (40, 40, 3)).astype(np.uint8)),
            content_type="image/png",
        )
        for number in range(count)
    ]


def test_a_film_at_an_address_is_fetched_and_looked_into(
    signed_in: Client, drain: Drain, shelf: str, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    job_id = _post(signed_in, videoUrl=f"{shelf}/walk.mp4").json()["jobId"]

    job = _ended(signed_in, drain, job_id)

    # It came and was opened: it is too short to scan, which only a look inside tells.
    assert job.error is not None
    assert job.error["code"] == "too_short"


@pytest.mark.parametrize(
    ("path", "code"), [("/nothing.mp4", "fetch_failed"), (None, "fetch_unavailable")]
)
def test_an_address_that_gives_nothing_is_taken_and_then_fails_saying_so(
    signed_in: Client,
    drain: Drain,
    shelf: str,
    settings: Any,
    path: str | None,
    code: str,
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with socket.socket() as taken:
        # Bound and not listening: nobody answers there.
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/walk.mp4"
        answer = _post(signed_in, videoUrl=f"{shelf}{path}" if path else nobody)
        assert answer.status_code == 201
        job_id = answer.json()["jobId"]

        job = _ended(signed_in, drain, job_id)

    told = signed_in.get(f"{SCAN}/{job_id}/status").json()
    assert told["status"] == "failed"
    assert job.error is not None
    assert (job.error["code"], job.error["detail"]) == (code, told["error"])


def test_photos_are_taken_as_well_as_a_film(signed_in: Client, drain: Drain) -> None:
    answer = signed_in.post(SCAN, {"files": _photos(3), "modelQuality": "2"})
    assert answer.status_code == 201, answer.content

    job = _ended(signed_in, drain, answer.json()["jobId"])

    assert len(_inputs(signed_in, job.pk)) == 3
    assert job.params["modelQuality"] == 2
    assert job.error is not None
    assert "There are only 3 pictures; at least 8 are needed" in job.error["detail"]


def test_photos_that_lie_here_are_named_by_their_ids(signed_in: Client) -> None:
    ids = [
        signed_in.post("/api/v1/projects/scans/assets/", {"file": photo}).json()["id"]
        for photo in _photos(2)
    ]

    answer = _post(signed_in, assetIds=ids)

    assert answer.status_code == 201, answer.content
    assert _inputs(signed_in, answer.json()["jobId"]) == ids


def test_all_that_kiri_takes_can_be_asked_for(signed_in: Client, film: Path) -> None:
    file = SimpleUploadedFile("walk.mp4", film.read_bytes(), content_type="video/mp4")
    answer = signed_in.post(
        SCAN,
        {
            "file": file, "scanType": "3dgs", "isMesh": "1", "isMask": "1",
            "fileFormat": "ply", "quality": "preview", "longestSideMeters": "1.5",
            "additionalParams": '{"textureSmoothing": 1}',
        },
    )  # fmt: skip

    assert answer.status_code == 201, answer.content
    params = Job.objects.get(pk=answer.json()["jobId"]).params
    assert params["scanType"] == "3dgs"
    assert (params["isMesh"], params["isMask"]) == (1, 1)
    assert params["fileFormat"] == "ply"
    assert params["quality"] == "preview"
    assert params["longestSideMeters"] == 1.5
    assert params["textureSmoothing"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"additionalParams": "[1]"},
        {"additionalParams": "not json"},
        {"scanType": "lidar"},
        {"quality": "best"},
        {"longestSideMeters": "-1"},
    ],
)
def test_what_cannot_be_asked_for_is_refused_at_once(
    signed_in: Client, film: Path, wrong: dict[str, str]
) -> None:
    file = SimpleUploadedFile("walk.mp4", film.read_bytes(), content_type="video/mp4")

    answer = signed_in.post(SCAN, {"file": file, **wrong})

    assert answer.status_code == 400, answer.content
    assert (Job.objects.count(), Asset.objects.count()) == (0, 0)


def test_fbx_is_refused_at_once_where_only_this_machine_scans(
    signed_in: Client, settings: Any
) -> None:
    order = {"videoUrl": "http://example.com/walk.mp4", "fileFormat": "fbx"}

    answer = _post(signed_in, **order)
    assert answer.status_code == 400
    assert "closed format" in answer.json()["detail"]
    settings.KIRI_API_KEY = "kiri_test"

    assert _post(signed_in, **order).status_code == 201


def test_a_film_and_photos_are_not_one_scan(signed_in: Client, film: Path) -> None:
    file = SimpleUploadedFile("walk.mp4", film.read_bytes(), content_type="video/mp4")

    answer = signed_in.post(SCAN, {"file": file, "files": _photos(1)})

    assert answer.status_code == 400
    assert "photos alone" in answer.json()["detail"]
