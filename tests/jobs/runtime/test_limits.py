"""Deadlines, silence, losses: what ends or restarts a stage from outside."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import flow, presence, services
from jobs.errors import ConflictError, RequestError
from jobs.models import Event, Job, Purchase, Stage, Worker
from jobs.pipeline import Queue
from jobs.runtime import claiming, dispatcher, horse, polling
from jobs.runtime.claiming import Claimant, Claimed
from jobs.services import JobOrder
from tests.conftest import Drain, make_due
from tests.tiny import vendor
from tests.tiny.pipeline import Prepared

pytestmark = pytest.mark.django_db
PAST = timedelta(seconds=-1)


@pytest.fixture
def claimant() -> Claimant:
    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    return Claimant(worker_id=row.pk, queues=tuple(Queue))


def submit(owner: User, **params: object) -> Job:
    order = JobOrder(pipeline="tiny", params=params, cache=False)
    return services.submit(owner, order)


def claim(claimant: Claimant, **fields: object) -> Claimed:
    """The next stage, running, with these fields set beside it."""
    claimed = claiming.claim_next(claimant)
    assert claimed
    Stage.objects.filter(pk=claimed.stage.pk).update(**fields)
    return claimed


def test_job_that_nobody_started_in_time_expires(owner: User) -> None:
    job = submit(owner)
    Job.objects.filter(pk=job.pk).update(start_by=timezone.now() + PAST)

    dispatcher.expire_jobs()

    job.refresh_from_db()
    assert job.status == Job.Status.EXPIRED
    assert "No worker was free" in job.error["detail"]
    assert set(job.stages.values_list("status", flat=True)) == {"expired"}


def test_job_that_was_started_in_time_goes_on(owner: User, claimant: Claimant) -> None:
    job = submit(owner)
    claim(claimant)
    soon = timezone.now() + timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(start_by=timezone.now() + PAST, finish_by=soon)

    dispatcher.expire_jobs()

    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING


def test_job_that_is_not_finished_in_time_expires(
    owner: User, claimant: Claimant
) -> None:
    job = submit(owner)
    claim(claimant)
    Job.objects.filter(pk=job.pk).update(finish_by=timezone.now() + PAST)

    dispatcher.expire_jobs()

    job.refresh_from_db()
    assert job.status == Job.Status.EXPIRED
    assert "not finished by" in job.error["detail"]


def test_stage_past_its_time_fails_for_good(owner: User, claimant: Claimant) -> None:
    job = submit(owner)
    claim(claimant, deadline=timezone.now() + PAST)

    dispatcher.stop_late_stages()

    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (Job.Status.FAILED, "stage_timeout")


def test_silent_stage_is_noticed_and_tried_again(
    owner: User, claimant: Claimant
) -> None:
    job = submit(owner)
    claim(claimant, reported_at=timezone.now() - timedelta(minutes=11))

    dispatcher.stop_quiet_stages()

    kinds = list(job.events.values_list("kind", flat=True))
    stage = job.stages.get(name="prepare")
    assert kinds[-2:] == [Event.Kind.STUCK, Event.Kind.RETRIED]
    assert (stage.status, stage.attempt) == (Stage.Status.WAITING, 2)


def test_stage_that_takes_worker_after_worker_down_is_given_up(
    owner: User, claimant: Claimant
) -> None:
    job = submit(owner)

    for _ in range(flow.MOST_LOSSES):
        claim(claimant, lease_until=timezone.now() + PAST)
        dispatcher.take_back_lost()

    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (Job.Status.FAILED, "worker_lost")


def test_cancelled_wait_is_told_to_the_vendor(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, polls=3, price_usd=0.5)
    drain()

    services.cancel(job)
    stage = job.stages.get(name="vendor")
    assert stage.vendor_cancel_due
    horse.cancel_at_vendor(stage.pk)

    stage.refresh_from_db()
    assert not stage.vendor_cancel_due
    assert vendor.cancelled() == {job.purchases.get().vendor_id}


def test_vendors_call_wakes_a_stage_once(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, polls=3, price_usd=0.5)
    drain()
    task = job.purchases.get().vendor_id

    assert services.wake_for_vendor("tiny", task)
    assert not services.wake_for_vendor("tiny", task)
    assert not services.wake_for_vendor("tiny", "another")
    assert job.events.filter(kind=Event.Kind.WOKEN).count() == 1


def test_call_while_the_stage_asks_makes_it_ask_again_at_once(
    owner: User, drain: Drain, tiny_vendor: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(owner, polls=2, price_usd=0.5)
    drain()
    stage = job.stages.get(name="vendor")
    asked = vendor.books

    def called_meanwhile() -> object:
        services.wake_stage(str(job.pk), stage.pk, by="tiny")
        return asked()

    make_due(job)
    monkeypatch.setattr(vendor, "books", called_meanwhile)
    monkeypatch.setattr("tests.tiny.pipeline._make_trouble", lambda *_: vendor.books())
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED


def test_wait_that_takes_too_long_fails(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, polls=99, price_usd=0.5)
    drain()
    stage = job.stages.get(name="vendor")
    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    claimant = Claimant(worker_id=row.pk, queues=tuple(Queue))
    long_ago = timezone.now() - timedelta(minutes=1)
    Stage.objects.filter(pk=stage.pk).update(give_up_at=long_ago, wake_at=long_ago)

    [due] = claiming.claim_due_waits(claimant, 5)
    assert polling._waited_too_long(due)
    polling._give_up(due)

    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (Job.Status.FAILED, "wait_timeout")


def test_edit_while_a_person_decides_is_what_goes_on(owner: User, drain: Drain) -> None:
    order = JobOrder(pipeline="tiny", params={"text": "first"}, review=True)
    job = services.submit(owner, order)
    drain()

    services.amend(job, "prepare", Prepared(text="second"))
    services.approve(job)
    drain()

    job.refresh_from_db()
    assert job.result == {"text": "second"}
    with pytest.raises(ConflictError):
        services.amend(job, "prepare", Prepared(text="third"))


def test_batch_is_all_or_nothing(owner: User) -> None:
    good = JobOrder(pipeline="tiny")
    bad = JobOrder(pipeline="tiny", params={"parts": "many"})

    with pytest.raises(RequestError) as refused:
        services.submit_batch(owner, [good, bad])

    assert refused.value.detail.startswith("Job 2 of the batch")
    assert not Job.objects.exists()
    assert services.submit_batch(owner, [good, good]).jobs.count() == 2


def test_retry_from_the_start_buys_anew(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, price_usd=0.5)
    drain()

    services.retry(job, from_step="prepare")
    drain()

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert vendor.charges() == 2
    assert float(job.cost_usd) == 1.0


def test_lost_answer_is_looked_up(
    owner: User, claimant: Claimant, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, price_usd=0.5, polls=1)
    drain()
    Purchase.objects.update(vendor_id="", state=Purchase.State.INTENDED)
    Stage.objects.filter(name="vendor").update(checkpoint=None)

    make_due(job)
    drain()

    assert vendor.charges() == 1
    assert job.purchases.get().state == Purchase.State.KNOWN


def test_refused_purchase_is_not_gone_back_to(
    owner: User, drain: Drain, tiny_vendor: None
) -> None:
    job = submit(owner, price_usd=0.5, polls=1)
    drain()
    Job.objects.update(params=job.params | {"trouble": "vendor:refused:1"})
    make_due(job)
    drain()
    assert job.stages.get(name="vendor").status == Stage.Status.FAILED

    services.retry(job)
    for _ in range(2):
        drain()
        make_due(job)

    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED
    assert vendor.charges() == 2
