"""One fault at one point of a job's life, in real processes; afterwards every law holds."""

import os
import signal
import time
from collections.abc import Callable

import httpx
import psutil
import pytest
import redis
from django.contrib.auth.models import User
from django.db import connections

from jobs import services
from jobs.errors import ConflictError
from jobs.keys import create_key
from jobs.models import Event, Job, Stage, Worker
from jobs.services import JobOrder
from tests.faults.conftest import bring_back
from tests.faults.laws import broken_laws, scratch_left
from tests.house import House, wait_for
from tests.ports import free_port
from tests.tiny import vendor

# What a job is doing when something happens to it.
POINTS = {
    "at work": {"busy_seconds": 1.5},
    "in parts": {"busy_seconds": 0.7, "parts": 3},
    "buying": {"vendor_seconds": 1.5, "price_usd": 0.5, "polls": 1},
    "waiting": {"price_usd": 0.5, "polls": 4},
}
STEP_AT = {
    "at work": "work",
    "in parts": "work",
    "buying": "vendor",
    "waiting": "vendor",
}
# The health checks give each server 2 s, and a machine may be busy.
ANSWERS_WITHIN_S = 6


def submit(owner: User, *, cache: bool = False, **params: object) -> Job:
    order = JobOrder(pipeline="tiny", params=params, cache=cache, max_attempts=5)
    return services.submit(owner, order)


def reach(house: House, owner: User, point: str) -> tuple[Job, str]:
    """A job that has come to this point, and the worker that has it, or had it last."""
    job = submit(owner, **POINTS[point])
    status = Stage.Status.WAITING if point == "waiting" else Stage.Status.RUNNING
    here = job.stages.filter(name=STEP_AT[point], status=status)
    wait_for(here.exists, f"{point}")
    time.sleep(0.3)
    return job, _worker_of(house, job)


def _worker_of(house: House, job: Job) -> str:
    claimed = job.events.filter(kind=Event.Kind.CLAIMED).last()
    row = Worker.objects.get(pk=claimed.data["worker"])
    return next(n for n in ("worker-1", "worker-2") if house.pid(n) == row.pid)


def has_ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.ended


def settle(house: House, job: Job) -> None:
    bring_back(house)
    connections.close_all()
    wait_for(lambda: has_ended(job), "the job ends")
    wait_for(
        lambda: not any(house.horse(name) for name in ("worker-1", "worker-2")),
        "horses come home",
    )
    assert broken_laws(house) == []


# A fault answers when it is over; what was ended is brought back afterwards.


def kill_worker(house: House, worker: str) -> None:
    house.kill(worker)


def kill_horse(house: House, worker: str) -> None:
    horse = house.horse(worker)
    if horse:
        horse.kill()


def kill_dispatcher(house: House, worker: str) -> None:
    house.kill("dispatcher-1")


def end_worker(house: House, worker: str) -> None:
    assert house.ask_to_stop(worker) < 6


def end_worker_at_once(house: House, worker: str) -> None:
    process = house.processes.pop(worker)
    process.terminate()
    time.sleep(0.2)
    process.terminate()
    process.wait(timeout=3)


def flush_redis(house: House, worker: str) -> None:
    with redis.Redis.from_url(house.servers.redis_url) as client:
        client.flushall()


def stop_redis(house: House, worker: str) -> None:
    house.servers.redis.stop()
    time.sleep(1.5)


def stop_postgres(house: House, worker: str) -> None:
    connections.close_all()
    house.servers.postgres.stop()
    time.sleep(1.5)


def kill_horse_without_postgres(house: House, worker: str) -> None:
    """Its parent cannot give its stage back yet, and no message will come that wakes it."""
    connections.close_all()
    house.servers.postgres.stop()
    kill_horse(house, worker)
    time.sleep(1.5)


# Every fault, and every point several times; `make chaos` mixes them at random.
@pytest.mark.parametrize(
    ("fault", "point"),
    [
        (kill_worker, "buying"),
        (kill_worker, "waiting"),
        (kill_horse, "buying"),
        (kill_horse, "in parts"),
        (kill_dispatcher, "waiting"),
        (end_worker, "buying"),
        (end_worker, "at work"),
        (end_worker_at_once, "in parts"),
        (flush_redis, "waiting"),
        (stop_redis, "buying"),
        (stop_postgres, "waiting"),
        (stop_postgres, "buying"),
        (kill_horse_without_postgres, "at work"),
    ],
)
def test_job_comes_through(
    house: House, owner: User, fault: Callable[[House, str], None], point: str
) -> None:
    job, worker = reach(house, owner, point)

    fault(house, worker)
    settle(house, job)

    assert job.status == Job.Status.SUCCEEDED
    assert vendor.charges() == (1 if "price_usd" in POINTS[point] else 0)


@pytest.mark.parametrize("fault", [stop_postgres, stop_redis])
def test_finished_work_is_not_done_again_after_an_outage(
    house: House, owner: User, fault: Callable[[House, str], None]
) -> None:
    job, worker = reach(house, owner, "at work")

    fault(house, worker)
    settle(house, job)

    assert job.stages.get(name="work").attempt == 1
    assert not job.events.filter(kind=Event.Kind.LOST).exists()


@pytest.mark.parametrize("point", ["at work", "buying"])
def test_worker_that_comes_back_after_its_lease_changes_nothing(
    house: House, owner: User, point: str
) -> None:
    job, worker = reach(house, owner, point)
    horse = house.horse(worker)
    asleep = [house.pid(worker), horse.pid]
    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)

    another = job.stages.filter(name=STEP_AT[point], attempt__gt=1, status="running")
    try:
        wait_for(another.exists, "in other hands")
        time.sleep(1)
    finally:
        for pid in reversed(asleep):
            os.kill(pid, signal.SIGCONT)
    settle(house, job)

    assert job.status == Job.Status.SUCCEEDED
    assert job.events.filter(kind=Event.Kind.LOST).count() == 1
    assert vendor.charges() == (1 if point == "buying" else 0)


@pytest.mark.parametrize(
    ("params", "seconds"), [({"busy_seconds": 30}, 2.0), ({"deaf_seconds": 30}, 6.0)]
)
def test_cancel_reaches_a_running_stage(
    house: House, owner: User, params: dict[str, object], seconds: float
) -> None:
    job = submit(owner, **params)
    wait_for(job.stages.filter(name="work", status="running").exists, "at work")
    worker = _worker_of(house, job)
    horse = house.horse(worker)

    services.cancel(job)
    wait_for(lambda: not _is_at(horse), "the horse stops", seconds=seconds)

    settle(house, job)
    assert job.status == Job.Status.CANCELLED


def _is_at(horse: psutil.Process) -> bool:
    try:
        return horse.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_cancel_of_a_waiting_stage_reaches_the_vendor(
    house: House, owner: User
) -> None:
    job = submit(owner, polls=500, price_usd=0.5)
    waiting = job.stages.filter(name="vendor", status=Stage.Status.WAITING)
    wait_for(waiting.exists, "waits for its vendor")

    services.cancel(job)

    wait_for(lambda: len(vendor.cancelled()) == 1, "the vendor hears")
    assert vendor.cancelled() == {job.purchases.get().vendor_id}


def test_cancel_while_buying_reaches_the_vendor(house: House, owner: User) -> None:
    job = submit(owner, polls=500, price_usd=0.5, vendor_seconds=1.5)
    buying = job.stages.filter(name="vendor", status=Stage.Status.RUNNING)
    wait_for(buying.exists, "buys")
    wait_for(job.purchases.exists, "wrote its intent")

    services.cancel(job)

    wait_for(lambda: len(vendor.cancelled()) == 1, "the vendor hears")
    assert vendor.charges() == 1


def test_full_disk_is_told_plainly_and_tried_again(house: House, owner: User) -> None:
    job = submit(owner, trouble="work:full:1")
    wait_for(lambda: has_ended(job), "the job ends")

    retried = job.events.get(kind=Event.Kind.RETRIED)
    assert job.status == Job.Status.SUCCEEDED
    assert retried.data["code"] == "storage_full"
    assert "no room" in retried.data["detail"]


def test_one_worker_is_enough(house: House, owner: User) -> None:
    house.ask_to_stop("worker-2")

    jobs = [submit(owner, parts=2, polls=1, price_usd=0.1) for _ in range(5)]
    for job in jobs:
        wait_for(lambda job=job: has_ended(job), "the job ends")

    settle(house, jobs[0])
    assert {job.status for job in jobs} == {Job.Status.SUCCEEDED}


def test_workers_that_start_before_their_servers_wait_for_them(
    house: House, owner: User
) -> None:
    job = submit(owner)
    for worker in ("worker-1", "worker-2"):
        house.kill(worker)
    connections.close_all()
    house.servers.postgres.stop()
    house.servers.redis.stop()

    house.start_worker("worker-1")
    wait_for(lambda: "waits for its servers" in house.log("worker-1"), "waits")
    settle(house, job)

    assert job.status == Job.Status.SUCCEEDED


def test_nothing_of_a_killed_horse_stays_in_scratch(house: House, owner: User) -> None:
    job, worker = reach(house, owner, "at work")

    kill_horse(house, worker)
    settle(house, job)

    assert scratch_left(job) == []


def test_web_server_answers_in_time_whatever_is_down(house: House, owner: User) -> None:
    _, secret = create_key(owner, "watcher")
    port = free_port()
    house.start_web(port)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=ANSWERS_WITHIN_S,
        headers={"Authorization": f"Bearer {secret}"},
    ) as client:
        wait_for(lambda: _all_answer(client, 200), "comes up")
        house.servers.redis.stop()
        assert _answer(client, "/health") == 503
        assert _answer(client, "/api/v1/jobs/") == 200
        house.servers.redis.start()
        connections.close_all()
        house.servers.postgres.stop()
        assert _all_answer(client, 503)
        house.servers.postgres.start()
        wait_for(lambda: _all_answer(client, 200), "answers again")
        house.kill("web")
        house.start_web(port)
        wait_for(lambda: _all_answer(client, 200), "comes up again")
    house.ask_to_stop("web")


def _all_answer(client: httpx.Client, status: int) -> bool:
    paths = ("/health", "/api/v1/jobs/")
    return all(_answer(client, path) == status for path in paths)


def _answer(client: httpx.Client, path: str) -> int:
    """0 where none comes in time."""
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return 0


def test_second_cancel_is_a_conflict(house: House, owner: User) -> None:
    job = submit(owner, busy_seconds=5)
    services.cancel(job)

    with pytest.raises(ConflictError):
        services.cancel(job)
