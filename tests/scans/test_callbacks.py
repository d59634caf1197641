"""What KIRI and fal call back, over real HTTP: a hint to look, and nothing more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.core.cache import cache

from jobs import services
from jobs.models import Job, Project
from jobs.samples import keep
from jobs.services import JobOrder
from jobs.toolbox.meshes import write_glb
from jobs.toolbox.meshes.rendering import write_mp4
from tests.conftest import Drain
from tests.scans.models import cube, photo_of_a_disc
from tests.scans.test_kiri import random_picture
from tests.vendors.fal import KEY as FAL_KEY
from tests.vendors.fal import FalEmulator, fal_emulator
from tests.vendors.kiri import KEY as KIRI_KEY
from tests.vendors.kiri import KiriEmulator, kiri_emulator, packed

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a shared word"


@pytest.fixture
def kiri(settings: object) -> Iterator[KiriEmulator]:
    with kiri_emulator() as emulator:
        settings.KIRI_API_KEY = KIRI_KEY  # type: ignore[attr-defined]
        settings.KIRI_BASE_URL = emulator.url  # type: ignore[attr-defined]
        settings.KIRI_WEBHOOK_SECRET = SECRET  # type: ignore[attr-defined]
        emulator.archive = packed({"scan.xyz": b"0 0 0\n"})
        yield emulator


@pytest.fixture
def fal(settings: object, tmp_path: Path) -> Iterator[FalEmulator]:
    cache.delete_many(["fal-keys", "fal-keys-asked"])
    with fal_emulator() as emulator:
        settings.FAL_KEY = FAL_KEY  # type: ignore[attr-defined]
        settings.FAL_QUEUE_URL = emulator.url  # type: ignore[attr-defined]
        settings.FAL_REST_URL = emulator.url  # type: ignore[attr-defined]
        emulator.script = ["IN_QUEUE", "COMPLETED"]
        emulator.model = write_glb(cube(), tmp_path / "cube.glb").read_bytes()
        yield emulator
    cache.delete_many(["fal-keys", "fal-keys-asked"])


def _scan(project: Project, folder: Path) -> Job:
    frames = [random_picture(seed) for seed in range(3)]
    film = write_mp4(frames, folder / "film.mp4", frames_per_second=10)
    order = JobOrder(pipeline="scan", engine="kiri", inputs=[keep(project, film)])
    return services.submit(project.owner, order)


def _model(project: Project, folder: Path) -> Job:
    photo = folder / "disc.png"
    photo.write_bytes(photo_of_a_disc(96))
    order = JobOrder(pipeline="model", engine="fal", inputs=[keep(project, photo)])
    return services.submit(project.owner, order)


def test_kiri_is_asked_and_not_believed(
    server: str, kiri: KiriEmulator, project: Project, tmp_path: Path, drain: Drain
) -> None:
    kiri.script = [3, 0, 2]
    job = _scan(project, tmp_path)
    drain()
    [serialize] = kiri.asked
    hook = f"{server}/api/v1/vendors/kiri/webhook"

    # It says that the scan is done; getStatus says that it is not.
    assert kiri.call_back(hook, SECRET, serialize, 2) == [200]
    drain()
    job.refresh_from_db()
    assert (job.status, job.message) == ("waiting", "KIRI is computing the model")

    # It says that the scan failed, twice, as deliveries may; getStatus says done.
    assert kiri.call_back(hook, SECRET, serialize, 1) == [200]
    assert kiri.call_back(hook, SECRET, serialize, 1) == [200]
    drain()
    job.refresh_from_db()
    assert job.status == "succeeded", job.error
    assert len(kiri.uploads) == 1


def test_kiri_without_the_secret_is_turned_away_each_time(
    server: str, kiri: KiriEmulator
) -> None:
    hook = f"{server}/api/v1/vendors/kiri/webhook"

    assert kiri.call_back(hook, "another word", "0" * 32, 2) == [401] * 4
    # Of a scan that nobody waits for there is nothing to deliver again.
    assert kiri.call_back(hook, SECRET, "0" * 32, 2) == [200]


@pytest.mark.parametrize(
    "told",
    [
        {"status": "OK", "payload": {"model_mesh": {"url": "http://evil.example/x"}}},
        {"status": "OK", "payload": None, "payload_error": "cannot be written"},
    ],
    ids=["payload", "no payload"],
)
def test_what_fal_says_is_asked_for_and_not_taken_from_the_call(
    server: str, fal: FalEmulator, project: Project, tmp_path: Path, drain: Drain,
    told: dict[str, object],
) -> None:  # fmt: skip
    job = _model(project, tmp_path)
    drain()

    answers = fal.call_back("req-0", told, f"{server}/api/v1/vendors/fal/webhook")
    drain()

    assert answers == [200]
    job.refresh_from_db()
    assert job.status == "succeeded", job.error


def test_a_request_that_failed_ends_its_part_with_fals_words(
    server: str, fal: FalEmulator, project: Project, tmp_path: Path, drain: Drain
) -> None:
    job = _model(project, tmp_path)
    drain()
    fal.failing = {0}
    told = {"status": "ERROR", "error": "Invalid status code: 422", "payload": {}}

    fal.call_back("req-0", told, f"{server}/api/v1/vendors/fal/webhook")
    drain()

    job.refresh_from_db()
    assert job.status == "failed"
    assert job.error is not None
    assert "Invalid image (file_download_error)" in job.error["detail"]


def test_fals_new_keys_are_fetched_when_old_ones_do_not_fit(
    server: str, fal: FalEmulator
) -> None:
    hook = f"{server}/api/v1/vendors/fal/webhook"
    assert fal.call_back("req-0", {"status": "OK"}, hook) == [200]
    fal.signer = Ed25519PrivateKey.generate()

    assert fal.call_back("req-0", {"status": "OK"}, hook) == [200]


def test_forged_calls_do_not_make_us_ask_for_keys_each_time(
    server: str, fal: FalEmulator
) -> None:
    hook = f"{server}/api/v1/vendors/fal/webhook"
    forger = FalEmulator()

    assert forger.call_back("req-0", {"status": "OK"}, hook) == [401] * 10
    assert fal.keys_asked == 2


def test_while_fals_keys_are_away_it_is_told_to_deliver_again(
    server: str, fal: FalEmulator
) -> None:
    hook = f"{server}/api/v1/vendors/fal/webhook"
    fal.keys_away = True
    assert fal.call_back("req-0", {"status": "OK"}, hook) == [503] * 10
    fal.keys_away = False

    assert fal.call_back("req-0", {"status": "OK"}, hook) == [200]


def test_owners_are_not_named_by_a_callback(server: str, owner: User) -> None:
    import httpx

    # Without a secret set nobody can sign.
    answer = httpx.post(
        f"{server}/api/v1/vendors/kiri/webhook",
        json={"serialize": "x", "status": 2},
        headers={"x-signature": ""},
    )

    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_signature"
