"""What the service tells of itself, well and ill."""

from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from jobs import presence
from jobs.models import Worker


@pytest.fixture
def everyone_at_work(transactional_db: None) -> None:
    for duty in Worker.Duty:
        presence.announce(duty)


@pytest.mark.usefixtures("everyone_at_work")
def test_health_has_what_each_contract_shows(client: Client) -> None:
    answer = client.get("/health")

    told = answer.json()
    assert answer.status_code == 200
    assert told["status"] == "healthy"
    assert {"timestamp", "service", "version"} <= told.keys()
    assert told["queue"] == {"queued": 0, "running": 0, "waiting": 0}
    assert told["checks"]["workers"] == {"ok": True, "alive": 1}


@pytest.mark.django_db(transaction=True)
def test_without_workers_it_is_degraded_and_still_serves(client: Client) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"


@pytest.mark.usefixtures("everyone_at_work")
def test_without_redis_it_says_503(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/health")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["checks"]["redis"] == {"ok": False}


@pytest.mark.usefixtures("everyone_at_work")
def test_without_postgres_it_says_503(client: Client) -> None:
    database = connections.settings["default"]
    host, database["HOST"] = database["HOST"], "/nowhere"
    try:
        answer = client.get("/health")
    finally:
        database["HOST"] = host

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == {"ok": False}
    assert answer.json()["queue"] is None


@pytest.mark.usefixtures("everyone_at_work")
def test_without_a_folder_for_files_it_says_503(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.STORAGE_ROOT = tmp_path / "file" / "below"

    answer = client.get("/health")

    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"] == {"ok": False}


def test_programs_get_a_card_at_the_root(client: Client) -> None:
    card = client.get("/").json()

    assert card["docs"] == "/docs"
    assert card["health"] == "/health"
    assert {"message", "version"} <= card.keys()


def test_browsers_are_shown_into_the_studio(client: Client) -> None:
    answer = client.get("/", headers={"accept": "text/html,*/*;q=0.8"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/studio/"


def test_info_tells_name_version_and_debug(client: Client) -> None:
    told = client.get("/info").json()

    assert told["name"] == "MediaForge"
    assert told["debug"] is False
    assert told["version"]
