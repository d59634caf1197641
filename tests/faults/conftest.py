"""A house for fault tests, into which the test process looks as if it were its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from psycopg.errors import DeadlockDetected
from pytest_django import DjangoDbBlocker

from jobs import queues
from jobs.live import events
from mediaforge.environment import postgres
from tests.house import House, open_house
from tests.tiny import vendor


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[House]:
    """Servers, two workers and a dispatcher, which tests may kill."""
    var = tmp_path_factory.mktemp("house")
    with open_house(var) as house, django_db_blocker.unblock(), _looking_into(house):
        bring_back(house)
        yield house


def bring_back(house: House) -> None:
    """Start whatever a test has ended; nothing else may have."""
    fallen = [n for n, p in house.processes.items() if p.poll() is not None]
    assert not fallen, f"{fallen} ended: {house.log(fallen[0])[-2000:]}"
    if not house.servers.postgres.running():
        house.servers.postgres.start()
    if not house.servers.redis.running():
        house.servers.redis.start()
    for name in ("worker-1", "worker-2"):
        if name not in house.processes:
            house.start_worker(name)
    if "dispatcher-1" not in house.processes:
        house.start_dispatcher()


@contextmanager
def _looking_into(house: House) -> Iterator[None]:
    """Let this process's Django use the house's servers for a while."""
    database = connections["default"].settings_dict
    before = dict(database)
    redis_url = django_settings.REDIS_URL
    _turn_to(database, postgres("DATABASE_URL", house.servers.database_url))
    _turn_redis_to(house.servers.redis_url)
    try:
        yield
    finally:
        _turn_to(database, before)
        _turn_redis_to(redis_url)


def _turn_to(database: dict[str, Any], address: dict[str, Any]) -> None:
    connections.close_all()
    database.update(address)


def _turn_redis_to(url: str) -> None:
    django_settings.REDIS_URL = url
    for queue in django_settings.RQ_QUEUES.values():
        queue["URL"] = url
    queues._rq_queue.cache_clear()
    events._connection.cache_clear()


@pytest.fixture(autouse=True)
def _own_folders(request: pytest.FixtureRequest, settings: Any) -> None:
    """In place of every test's own folders: those of the house, where a test has one."""
    if "house" not in request.fixturenames:
        return
    house = request.getfixturevalue("house")
    storage = house.var / "storage"
    settings.STORAGE_ROOT = settings.MEDIA_ROOT = storage
    settings.SCRATCH_ROOT = house.var / "scratch"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": storage},
        },
    }


@pytest.fixture
def owner(house: House) -> Iterator[User]:
    """Somebody whose jobs are gone after the test; everything runs again by then."""
    bring_back(house)
    vendor.empty_books()
    user = User.objects.create_user("owner")
    yield user
    bring_back(house)
    connections.close_all()
    _forget_everything()


def _forget_everything() -> None:
    """Not by way of models: the house has no tables for some.

    A process of the house may read the same tables in another order: of two that wait
    for each other Postgres ends one, and that one asks again.
    """
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE auth_user CASCADE")
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
        else:
            return
