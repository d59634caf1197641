"""What Prometheus is told of stages: what they took, what they wait for, what went wrong."""

import pytest
from django.contrib.auth.models import User
from prometheus_client import CollectorRegistry

from jobs import services
from jobs.live.series import Series
from jobs.services import JobOrder
from tests.conftest import Drain, make_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def metrics() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Series())
    return registry


def test_stages_that_ended_are_counted_with_what_they_took(
    owner: User, drain: Drain, metrics: CollectorRegistry
) -> None:
    services.submit(owner, JobOrder(pipeline="tiny", params={"busy_seconds": 0.3}))
    drain()

    of = {"pipeline": "tiny", "stage": "work", "engine": "local"}
    ended = metrics.get_sample_value(
        "mediaforge_stages_ended_last_hour", of | {"status": "succeeded"}
    )
    took = metrics.get_sample_value("mediaforge_stage_seconds_last_hour", of)
    longest = metrics.get_sample_value("mediaforge_stage_longest_seconds_last_hour", of)
    assert ended == 1
    assert took == longest
    assert took is not None
    assert 0.3 < took < 30


def test_errors_of_a_vendor_and_the_tries_after_them_are_counted(
    owner: User, drain: Drain, metrics: CollectorRegistry
) -> None:
    order = JobOrder(pipeline="tiny", params={"trouble": "work:down:1"})
    job = services.submit(owner, order)
    drain()

    waits = {"pipeline": "tiny", "stage": "work", "wait_for": "retry"}
    assert metrics.get_sample_value("mediaforge_waits", waits) == 1
    make_due(job)
    assert (metrics.get_sample_value("mediaforge_wait_overdue_seconds") or 0) > 0
    drain()

    code = "vendor_unavailable"
    trouble = {"pipeline": "tiny", "stage": "work", "kind": "retried", "code": code}
    assert metrics.get_sample_value("mediaforge_troubles_last_hour", trouble) == 1
    error = {"vendor": "tiny", "code": code}
    assert metrics.get_sample_value("mediaforge_vendor_errors_last_hour", error) == 1
    assert metrics.get_sample_value("mediaforge_waits", waits) is None


def test_those_who_wait_for_a_person_are_told_apart(
    owner: User, drain: Drain, metrics: CollectorRegistry
) -> None:
    order = JobOrder(pipeline="tiny", params={}, review=True)
    services.submit(owner, order)
    drain()

    waits = {"pipeline": "tiny", "stage": "finish", "wait_for": "person"}
    assert metrics.get_sample_value("mediaforge_waits", waits) == 1
