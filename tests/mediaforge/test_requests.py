"""Who reads the logs can follow a request into the jobs that it made."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import keys
from jobs.models import Job
from tests.conftest import Drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(owner: User) -> Client:
    _, secret = keys.create_key(owner, "program")
    return Client(headers={"Authorization": f"Bearer {secret}"})


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    told = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    return [line for line in told if line["event"] == event]


def test_a_request_is_followed_into_the_stages_of_its_job(
    client: Client, drain: Drain, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    order = {"pipeline": "tiny", "project": "shop"}

    answer = client.post(
        "/api/v1/jobs/",
        order,
        content_type="application/json",
        headers={"X-Request-Id": "from-the-proxy.7"},
    )
    drain()

    assert answer.headers["X-Request-Id"] == "from-the-proxy.7"
    job = Job.objects.get(pk=answer.json()["id"])
    (submitted,) = lines(caplog, "job submitted")
    (request,) = lines(caplog, "request")
    left = lines(caplog, "stage left")
    assert (request["method"], request["status"]) == ("POST", 201)
    assert len(left) == job.stages.count()
    assert {line["job"] for line in [submitted, *left]} == {str(job.pk)}
    everything = [submitted, request, *left]
    assert {line["request_id"] for line in everything} == {"from-the-proxy.7"}


def test_a_number_that_could_forge_lines_is_not_taken(client: Client) -> None:
    forged = "1\n{event: forged}"

    one = client.get("/info", headers={"X-Request-Id": forged})
    other = client.get("/info")

    assert len(one.headers["X-Request-Id"]) == 32
    assert one.headers["X-Request-Id"] != other.headers["X-Request-Id"]
