"""What the tests of the doors share."""

from collections.abc import Iterator

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connections

from tests.jobs.doors import client_for, serving


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
