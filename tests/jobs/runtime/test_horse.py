"""A horse that stands by: what it takes up, and what it leaves to others."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connections
from pytest_django.fixtures import Settings

from jobs import presence, queues, services
from jobs.models import Job, Worker
from jobs.pipeline import Queue
from jobs.runtime import horse
from jobs.runtime.signals import flags
from jobs.services import JobOrder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def serving(settings: Settings) -> Iterator[None]:
    settings.HORSE_STANDBY_SECONDS = 20
    # What other tests' jobs have rung for is no message to these horses.
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    before = horse.claimant
    horse.serve_as(row.pk, list(Queue))
    yield
    horse.claimant = before
    flags.drain_since = None


def submit(owner: User) -> Job:
    return services.submit(owner, JobOrder(pipeline="noop", cache=False))


def run_beside(act: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            # As a worker's parent does when it is told to stop.
            flags.drain_since = time.monotonic()
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def ended(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, status=Job.Status.SUCCEEDED).exists()


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 15
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)


def test_horse_that_stands_by_takes_the_next_job(owner: User) -> None:
    first, later = submit(owner), []

    def submit_another() -> None:
        wait_until(lambda: ended(first))
        later.append(submit(owner))
        wait_until(lambda: ended(later[0]))

    beside = run_beside(submit_another)
    horse.run_stage(first.stages.earliest("position").pk, 1)
    beside.join()

    assert ended(first)
    assert ended(later[0])


def test_message_that_nobody_lives_to_delete_expires(
    owner: User, settings: Settings
) -> None:
    submit(owner)

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        [message] = client.scan_iter("rq:job:*")
        assert 0 < client.ttl(message) <= queues.MESSAGE_TTL_S


def test_horse_that_drains_leaves_messages_to_others(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submit(owner)
    take = queues.take

    def take_as_the_worker_stops(*args: object, **options: int) -> object:
        message = take(*args, **options)
        flags.drain_since = time.monotonic()
        return message

    monkeypatch.setattr(queues, "take", take_as_the_worker_stops)
    room = queues.room(Queue.CPU, first.priority)
    horse.run_stage(0, 1)

    assert queues.room(Queue.CPU, first.priority) == room
    assert queues.take([Queue.CPU], wait_s=1).args == (
        first.stages.earliest("position").pk,
        1,
    )
