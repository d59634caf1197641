"""What all tests share: people, projects, and a worker that runs inside the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from jobs import presence
from jobs.models import Job, Project, Stage, Worker
from jobs.pipeline import Queue
from jobs.runtime import claiming, dispatcher, runner
from jobs.runtime.claiming import Claimant
from tests.jobs.doors import client_for, serving
from tests.s3_server import s3_server
from tests.tiny import vendor

Drain = Callable[[], None]


# Folders whose tests share what takes long to start.
TOGETHER = ("tests/browser", "tests/faults")


class TogetherScheduling(LoadScopeScheduling):
    """Of several pytest processes one takes a whole file, or a whole folder of these."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> TogetherScheduling:
    # As they are collected: the folder that takes longest is among the first.
    config.option.loadscopereorder = False
    return TogetherScheduling(config, log)


@pytest.fixture(autouse=True)
def _own_folders(settings: object, tmp_path: Path) -> None:
    settings.STORAGE_ROOT = tmp_path / "storage"  # type: ignore[attr-defined]
    settings.MEDIA_ROOT = tmp_path / "storage"  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "storage"},
        },
    }
    settings.SCRATCH_ROOT = tmp_path / "scratch"  # type: ignore[attr-defined]


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner", password="a good long password")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("stranger", password="a good long password")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff", password="a good long password")


@pytest.fixture
def project(owner: User) -> Project:
    return Project.objects.create(owner=owner, slug="shop", name="Shop")


@pytest.fixture
def signed_in(owner: User) -> Client:
    """A program that holds the owner's session."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def tiny_vendor() -> Iterator[None]:
    """The tests' vendor with empty books."""
    vendor.empty_books()
    yield
    vendor.empty_books()


@pytest.fixture
def drain(db: None) -> Drain:
    """Run, in this process, everything that is due."""
    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    claimant = Claimant(worker_id=row.pk, queues=tuple(Queue))

    def run_all() -> None:
        while True:
            dispatcher.wake_retries()
            due = [claiming.claim_next(claimant)]
            if due == [None]:
                due = [*claiming.claim_due_waits(claimant, 50)]
            if not due:
                return
            for first in due:
                claimed = first
                while claimed:
                    claimed = runner.run(claimant, claimed)

    return run_all


@pytest.fixture
def server(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a web server over this test's database and storage."""
    # Each request's thread has a connection, which ends with the request.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    with serving() as address:
        yield address


@pytest.fixture
def api(server: str, owner: User) -> Iterator[httpx.Client]:
    """The owner's program."""
    with client_for(server, owner) as client:
        yield client


@pytest.fixture
def strange_api(server: str, stranger: User) -> Iterator[httpx.Client]:
    """A program of somebody else's."""
    with client_for(server, stranger) as client:
        yield client


def make_due(job: Job) -> None:
    """Let the time pass that this job's stages wait for."""
    job.stages.filter(status=Stage.Status.WAITING).exclude(wake_at=None).update(
        wake_at=timezone.now()
    )
