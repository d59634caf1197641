"""A job on its way from submitted to ended."""

import pytest
from django.contrib.auth.models import User

from jobs import services
from jobs.models import Event, Job, Stage
from jobs.services import JobOrder
from tests.conftest import Drain, make_due
from tests.tiny import vendor

pytestmark = pytest.mark.django_db


def submit(owner: User, **params: object) -> Job:
    return services.submit(owner, JobOrder(pipeline="tiny", params=params))


def test_job_runs_through_all_its_steps(owner: User, drain: Drain) -> None:
    job = submit(owner, text="good day")

    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert job.progress == 100
    assert job.result == {"text": "good day"}
    roles = job.files.filter(published=True).values_list("role", flat=True)
    assert sorted(roles) == ["piece", "text"]


def test_parts_run_each_and_meet_again(owner: User, drain: Drain) -> None:
    job = submit(owner, text="x", parts=3)

    drain()

    job.refresh_from_db()
    text = job.files.get(role="text")
    assert job.status == Job.Status.SUCCEEDED
    assert job.stages.filter(name="work").count() == 3
    assert text.size_bytes == len("x part 0\nx part 1\nx part 2")


def test_events_are_numbered_without_a_gap(owner: User, drain: Drain) -> None:
    job = submit(owner, parts=4)

    drain()

    job.refresh_from_db()
    numbers = list(job.events.values_list("seq", flat=True))
    assert numbers == list(range(1, job.seq + 1))
    assert job.events.last().kind == Event.Kind.ENDED
    assert job.events.filter(kind=Event.Kind.ENDED).count() == 1


def test_vendor_that_comes_back_up_costs_a_retry(owner: User, drain: Drain) -> None:
    job = submit(owner, trouble="work:down:1")

    drain()
    stage = job.stages.get(name="work")
    assert stage.wait_for == Stage.WaitFor.RETRY
    make_due(job)
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert job.stages.get(name="prepare").attempt == 1
    assert job.stages.get(name="work").attempt == 2


def test_retry_waits_as_long_as_the_vendor_said(owner: User, drain: Drain) -> None:
    job = submit(owner, trouble="work:busy:1")

    drain()

    stage = job.stages.get(name="work")
    assert (stage.wake_at - stage.claimed_at).total_seconds() >= 90


@pytest.mark.parametrize(
    ("trouble", "code", "attempts"),
    [
        ("work:bad", "tiny_bad_input", 1),
        ("work:unreadable", "unreadable_media", 1),
        ("work:refused", "vendor_refused", 1),
        ("work:down", "vendor_unavailable", 3),
        ("work:bug", "internal_error", 3),
    ],
)
def test_job_fails_with_its_reason(
    owner: User, drain: Drain, trouble: str, code: str, attempts: int
) -> None:
    job = submit(owner, trouble=trouble)

    for _ in range(4):
        drain()
        make_due(job)

    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert job.error["code"] == code
    assert job.error["stage"] == "work"
    assert job.stages.get(name="work").failures == attempts
    assert job.stages.get(name="finish").status == Stage.Status.CANCELLED


def test_retry_starts_at_the_failed_step(owner: User, drain: Drain) -> None:
    job = submit(owner, trouble="work/1:bad:1", parts=3)
    drain()
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED

    services.retry(job)
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert job.stages.get(name="prepare").attempt == 1
    assert job.files.filter(role="piece").count() == 3


def test_waiting_job_is_polled_until_the_vendor_is_done(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, polls=3, price_usd=0.25)

    for _ in range(5):
        drain()
        make_due(job)

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert vendor.charges() == 1
    assert float(job.cost_usd) == 0.25
    assert job.stages.get(name="vendor").wakes == 3


def test_review_waits_for_a_person(owner: User, drain: Drain) -> None:
    job = services.submit(owner, JobOrder(pipeline="tiny", review=True))
    drain()
    job.refresh_from_db()
    assert job.status == Job.Status.WAITING

    services.approve(job)
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED


def test_same_work_is_served_from_the_first_time(owner: User, drain: Drain) -> None:
    submit(owner, text="again")
    drain()

    job = submit(owner, text="again")
    drain()

    job.refresh_from_db()
    statuses = dict(job.stages.values_list("name", "status"))
    assert job.status == Job.Status.SUCCEEDED
    assert statuses["prepare"] == statuses["work"] == Stage.Status.SKIPPED
    assert job.files.filter(role="text").count() == 1


def test_cache_is_not_shared_between_owners(
    owner: User, stranger: User, drain: Drain
) -> None:
    submit(owner, text="mine")
    drain()

    job = submit(stranger, text="mine")
    drain()

    assert job.stages.get(name="prepare").status == Stage.Status.SUCCEEDED


def test_budget_stops_a_purchase(owner: User, drain: Drain, tiny_vendor: None) -> None:
    order = JobOrder(pipeline="tiny", params={"price_usd": 2}, budget_usd=1)
    job = services.submit(owner, order)

    drain()

    job.refresh_from_db()
    assert job.error["code"] == "budget_exceeded"
    assert vendor.charges() == 0
