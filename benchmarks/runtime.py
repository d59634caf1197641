"""What the runtime costs, beside bare RQ: 300 jobs of three steps, and one job's way on an idle system."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

import httpx
import psutil
import redis

from benchmarks.houses import house, percentile, tell
from tests.house import House, TooLateError, wait_for

JOBS = 300
STEPS = 3
ROUNDS = 3
SINGLE_JOBS = 40
WORKERS = ("worker-1", "worker-2")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """How long it took, and how much work it was: a busy machine changes the first alone."""

    wall_s: float
    cpu_s: float


def main() -> None:
    with house() as opened:
        pairs = []
        # Side by side, in turns: other load on the machine meets both alike.
        for _ in range(ROUNDS):
            bare = time_bare_rq(opened)
            ours = time_jobs(opened)
            pairs.append((ours.wall_s / bare.wall_s, ours, bare))
        ratio, ours, bare = sorted(pairs, key=lambda pair: pair[0])[len(pairs) // 2]
        tell(
            "runtime",
            jobs=JOBS,
            steps=STEPS,
            workers=len(WORKERS),
            ours_s=ours.wall_s,
            bare_rq_s=bare.wall_s,
            wall_ratio=ratio,
            ours_cpu_s=ours.cpu_s,
            bare_rq_cpu_s=bare.cpu_s,
            cpu_ratio=ours.cpu_s / bare.cpu_s,
            ratios=[round(pair[0], 3) for pair in pairs],
            target="wall_ratio <= 1.0",
            holds=ratio <= 1.0,
        )
        took = time_single_jobs(opened)
        tell(
            "runtime.post_to_succeeded",
            jobs=len(took),
            p50_ms=percentile(took, 0.5) * 1000,
            p95_ms=percentile(took, 0.95) * 1000,
            target="p50_ms <= 100",
            holds=percentile(took, 0.5) <= 0.1,
        )


def time_bare_rq(opened: House) -> Cost:
    """django-rq's own workers, which fork a horse a job as ours do."""
    import django_rq
    from rq import Worker

    from tests.tiny.noop import nothing

    queue = django_rq.get_queue("cpu-normal")
    for name in WORKERS:
        opened.start(name, "manage.py", "rqworker", "cpu-normal")
    wait_for(
        lambda: Worker.count(queue=queue) == len(WORKERS), "workers are up", seconds=120
    )
    with asleep(opened):
        jobs = queue.enqueue_many(
            [queue.prepare_data(nothing, result_ttl=60) for _ in range(JOBS * STEPS)]
        )
    started, cpu_before = time.monotonic(), cpu_seconds(opened)
    done = queue.finished_job_registry
    # Not `count`, which cleans up as it counts.
    wait_for(
        lambda: queue.connection.zcard(done.key) == len(jobs), "RQ is done", seconds=300
    )
    took = time.monotonic() - started
    cpu_s = cpu_seconds(opened) - cpu_before
    for name in WORKERS:
        opened.kill(name)
    queue.connection.flushall()
    return Cost(wall_s=took, cpu_s=cpu_s)


def time_jobs(opened: House) -> Cost:
    from django.contrib.auth.models import User

    from jobs import services
    from jobs.models import Job
    from jobs.services import JobOrder

    owner, _ = User.objects.get_or_create(username="bench")
    before = Job.objects.filter(status=Job.Status.SUCCEEDED).count()
    with running(opened):
        with asleep(opened):
            for number in range(JOBS):
                params = {"number": number}
                order = JobOrder(pipeline="noop", params=params, cache=False)
                services.submit(owner, order)
        started, cpu_before = time.monotonic(), cpu_seconds(opened)
        wait_for(
            lambda: (
                Job.objects.filter(status=Job.Status.SUCCEEDED).count() == before + JOBS
            ),
            "all jobs are done",
            seconds=300,
        )
        took = time.monotonic() - started
        return Cost(wall_s=took, cpu_s=cpu_seconds(opened) - cpu_before)


def cpu_seconds(opened: House) -> float:
    """Of everything that takes part: workers with the horses they had, dispatcher, servers."""
    servers = [opened.servers.postgres.pid, opened.servers.redis.pid]
    pids = [*(p.pid for p in opened.processes.values()), *(p for p in servers if p)]
    total = 0.0
    for root in map(psutil.Process, pids):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                spent = process.cpu_times()
                total += spent.user + spent.system
                total += spent.children_user + spent.children_system
    return total


@contextmanager
def asleep(opened: House) -> Iterator[None]:
    """Let workers and dispatcher begin together, with all their work before them."""
    pids = [process.pid for process in opened.processes.values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def running(opened: House) -> Iterator[None]:
    from jobs.models import Worker

    for name in WORKERS:
        opened.start_worker(name)
    opened.start_dispatcher()
    alive = Worker.objects.filter(stopped_at=None)
    wait_for(lambda: alive.count() == len(WORKERS) + 1, "workers are up", seconds=120)
    yield
    for name in (*WORKERS, "dispatcher-1"):
        opened.ask_to_stop(name)


def time_single_jobs(opened: House) -> list[float]:
    """From the POST until the job says that it has succeeded, one job after the other."""
    from django.contrib.auth.models import User

    from jobs import keys
    from jobs.models import ApiKey, Job
    from mediaforge.stack import WEB_POOL_SIZE

    owner = User.objects.get(username="bench")
    _row, key = keys.create_key(owner, "bench", list(ApiKey.Scope))
    port = _free_port()
    # As `make run` starts it.
    opened.start_web(port, DATABASE_POOL_SIZE=str(WEB_POOL_SIZE))
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}
    )
    took = []
    with client, running(opened), Ear(opened) as ear:
        wait_for(lambda: _is_up(client), "the web server is up", seconds=120)
        for number in range(SINGLE_JOBS):
            order = {"pipeline": "noop", "params": {"number": number}, "cache": False}
            started = time.monotonic()
            answer = client.post("/api/v1/jobs/", json=order)
            answer.raise_for_status()
            ear.wait_for_success(answer.json()["id"])
            took.append(time.monotonic() - started)
    succeeded = Job.objects.filter(owner=owner, status=Job.Status.SUCCEEDED)
    assert succeeded.count() >= SINGLE_JOBS
    # The first ones also load code.
    return took[5:]


class Ear:
    """Hears of jobs as every watcher does: asking all the time would cost what is measured."""

    def __init__(self, opened: House) -> None:
        self._redis = redis.Redis.from_url(opened.servers.redis_url)
        self._channel = self._redis.pubsub(ignore_subscribe_messages=True)

    def __enter__(self) -> Self:
        from jobs.live.events import STATUS_CHANNEL

        self._channel.subscribe(STATUS_CHANNEL)
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._redis.close()

    def wait_for_success(self, job_id: str) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            message = self._channel.get_message(timeout=1)
            told = json.loads(message["data"]) if message else {}
            if told.get("job_id") == job_id and told["status"] == "succeeded":
                return
        raise TooLateError(f"{job_id} did not succeed in time")


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
