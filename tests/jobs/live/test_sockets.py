import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from jobs import services
from jobs.live import events
from jobs.models import Job, Project
from jobs.services import JobOrder
from tests.conftest import Drain
from tests.jobs.doors import client_for, key_for


@pytest.fixture
def job(transactional_db: None, owner: User, project: Project) -> Job:
    return services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))


@contextmanager
def listening(
    server: str, path: str, user: User | None = None, **more: Any
) -> Iterator[ClientConnection]:
    headers = dict(more.pop("additional_headers", {}))
    if user:
        headers["Authorization"] = f"Bearer {key_for(user)}"
    address = f"{server.replace('http', 'ws', 1)}{path}"
    with connect(address, additional_headers=headers, **more) as socket:
        yield socket


def told(socket: ClientConnection) -> list[dict[str, Any]]:
    """Everything until the server closes."""
    return [json.loads(text) for text in socket]


def test_a_socket_tells_a_job_from_its_snapshot_to_its_end(
    server: str, owner: User, job: Job, drain: Drain
) -> None:
    with listening(server, f"/ws/jobs/{job.pk}/", owner) as socket:
        first = json.loads(socket.recv(timeout=10))
        drain()
        rest = told(socket)

    assert (first["type"], first["job"]["status"]) == ("snapshot", "queued")
    assert rest[-1]["type"] == "end"
    assert rest[-1]["job"]["status"] == "succeeded"
    assert rest[-1]["job"]["progress"] == 100
    numbers = [each["event"]["seq"] for each in rest if each["type"] == "event"]
    assert numbers == list(range(first["seq"] + 1, rest[-1]["seq"] + 1))


def test_a_socket_on_an_ended_job_sends_its_snapshot_and_end(
    server: str, owner: User, job: Job
) -> None:
    services.cancel(job)

    with listening(server, f"/ws/jobs/{job.pk}", owner) as socket:
        messages = told(socket)

    assert [each["type"] for each in messages] == ["snapshot", "end"]
    assert messages[-1]["job"]["status"] == "cancelled"


def test_after_brings_the_events_since(server: str, owner: User, job: Job) -> None:
    services.cancel(job)

    with listening(server, f"/ws/jobs/{job.pk}/?after=1", owner) as socket:
        messages = told(socket)

    assert [each["type"] for each in messages] == ["snapshot", "event", "event", "end"]
    assert [each["seq"] for each in messages] == [3, 2, 3, 3]


def test_the_end_comes_without_redis(
    server: str, owner: User, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "publish", lambda channel, message: None)

    with listening(server, f"/ws/jobs/{job.pk}/", owner) as socket:
        socket.recv(timeout=10)
        services.cancel(job)
        rest = told(socket)

    assert rest[-1]["type"] == "end"


def test_a_project_socket_tells_jobs_that_are_yet_to_come(
    server: str, owner: User, project: Project
) -> None:
    with listening(server, f"/ws/projects/{project.slug}/", owner) as socket:
        job = services.submit(owner, JobOrder(pipeline="tiny", project=project.slug))
        first = json.loads(socket.recv(timeout=10))
        services.cancel(job)
        last = json.loads(socket.recv(timeout=10))

    assert first["job"]["id"] == last["job"]["id"] == str(job.pk)
    assert last["type"] == "end"


def test_staff_hear_of_everybodys_jobs(
    server: str, staff: User, owner: User, job: Job
) -> None:
    with listening(server, "/ws/staff/", staff) as socket:
        message = json.loads(socket.recv(timeout=10))

    assert message["job"]["id"] == str(job.pk)


def test_strangers_find_no_sockets(
    server: str, stranger: User, job: Job, project: Project
) -> None:
    paths = [
        f"/ws/jobs/{job.pk}/",
        f"/ws/projects/{project.slug}/",
        f"/ws/projects/{project.pk}/",
        "/ws/staff/",
        "/ws/jobs/nonsense/",
        "/ws/nothing/here",
    ]
    for path in paths:
        with (
            pytest.raises(InvalidStatus) as refusal,
            listening(server, path, stranger),
        ):
            pass
        assert refusal.value.response.status_code == 404, path


def test_who_is_nobody_is_asked_to_sign_in(server: str, job: Job) -> None:
    with (
        pytest.raises(InvalidStatus) as refusal,
        listening(server, f"/ws/jobs/{job.pk}/"),
    ):
        pass

    assert refusal.value.response.status_code == 401


def test_a_browser_needs_a_page_of_this_server(
    server: str, owner: User, job: Job, client: Client
) -> None:
    client.force_login(owner)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    path = f"/ws/jobs/{job.pk}/"
    headers = {"Cookie": cookie}

    with listening(server, path, origin=server, additional_headers=headers) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "snapshot"
    with (
        pytest.raises(InvalidStatus) as refusal,
        listening(
            server, path, origin="https://evil.example", additional_headers=headers
        ),
    ):
        pass

    assert refusal.value.response.status_code == 403


def test_a_key_may_come_as_a_protocol(server: str, owner: User, job: Job) -> None:
    protocols = ["mediaforge", f"bearer.{key_for(owner)}"]

    with listening(server, f"/ws/jobs/{job.pk}/", subprotocols=protocols) as socket:
        assert socket.subprotocol == "mediaforge"
        assert json.loads(socket.recv(timeout=10))["type"] == "snapshot"


def test_event_streams_tell_the_same(api: httpx.Client, job: Job) -> None:
    address = f"/api/v1/jobs/{job.pk}/events/"
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    messages = []
    with api.stream("GET", address, headers=headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if not line.startswith("data: "):
                continue
            messages.append(json.loads(line.removeprefix("data: ")))
            if len(messages) == 2:
                services.cancel(job)

    kinds = [each["type"] for each in messages]
    assert kinds[:2] == ["snapshot", "event"]
    assert kinds[-1] == "end"
    assert messages[-1]["job"]["status"] == "cancelled"


@pytest.mark.parametrize("path", ["projects/{}/events/", "events/"])
def test_a_stream_tells_many_jobs_and_what_ended_while_nobody_listened(
    server: str, staff: User, path: str
) -> None:
    project = Project.objects.create(owner=staff, slug="films", name="Films")
    order = JobOrder(pipeline="tiny", project="films")
    ended, going = services.submit(staff, order), services.submit(staff, order)
    services.cancel(ended)
    headers = {
        "Accept": "text/event-stream",
        "Last-Event-ID": timezone.now().isoformat(),
    }
    messages = []

    with client_for(server, staff) as api:
        address = f"/api/v1/{path.format(project.slug)}"
        under_way = api.get(address).json()["results"]
        with api.stream("GET", address, headers=headers) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    messages.append(json.loads(line.removeprefix("data: ")))
                    if len(messages) == 2:
                        services.cancel(going)
                if len(messages) == 3:
                    break

    assert [job["id"] for job in under_way] == [str(going.pk)]
    told = {(each["type"], each["job"]["id"]) for each in messages}
    assert told == {
        ("end", str(ended.pk)),
        ("snapshot", str(going.pk)),
        ("end", str(going.pk)),
    }


def test_a_project_socket_tells_what_ended_while_it_was_away(
    server: str, owner: User, job: Job, project: Project
) -> None:
    services.cancel(job)
    path = f"/ws/projects/{project.slug}/?since="

    with listening(server, f"{path}2000-01-01T00:00:00Z", owner) as socket:
        message = json.loads(socket.recv(timeout=10))

    assert (message["type"], message["job"]["id"]) == ("end", str(job.pk))


def test_streams_of_others_are_404(
    strange_api: httpx.Client, job: Job, project: Project
) -> None:
    headers = {"Accept": "text/event-stream"}

    for path in (f"jobs/{job.pk}/", f"projects/{project.pk}/", ""):
        answer = strange_api.get(f"/api/v1/{path}events/", headers=headers)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
