"""Rounds of random faults: `python -m tests.faults.chaos --rounds 100 --seed 7`.

Each round submits jobs of every kind, lets things break while they run, brings
everything back, waits for the jobs to end, and looks whether every law holds.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import redis

from tests.house import House, enter, open_house, wait_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.models import Job

WORKERS = ("worker-1", "worker-2")
JOBS_A_ROUND = 8
FAULTS_A_ROUND = 3
# Longer than a lease, so that a worker that comes back finds its work in other hands.
STOPPED_S = 5.5


class Chaos:
    """One house, and what may happen in it."""

    def __init__(self, house: House, owner: "User", rng: random.Random) -> None:
        self._house = house
        self._owner = owner
        self._rng = rng
        self._faults: dict[str, Callable[[], None]] = {
            "kill a worker": self._kill_worker,
            "kill a horse": self._kill_horse,
            "kill the dispatcher": self._kill_dispatcher,
            "end a worker": self._end_worker,
            "end a worker at once": self._end_worker_at_once,
            "stop a worker for longer than its lease": self._freeze_worker,
            "flush Redis": self._flush_redis,
            "stop Redis": self._stop_redis,
            "stop Postgres": self._stop_postgres,
            "cancel a job": self._cancel_job,
        }

    def start(self) -> None:
        for name in WORKERS:
            self._house.start_worker(name)
        self._house.start_dispatcher()

    def round(self) -> list[str]:
        """One round; answers with what happened."""
        happened = []
        for _ in range(JOBS_A_ROUND):
            self._submit()
        for _ in range(self._rng.randint(1, FAULTS_A_ROUND)):
            time.sleep(self._rng.uniform(0, 0.8))
            name = self._rng.choice(sorted(self._faults))
            self._faults[name]()
            happened.append(name)
        return happened

    def settle(self) -> None:
        """Wait until every job has ended, and until no horse is out."""
        from jobs.models import Job

        open_jobs = Job.objects.exclude(status__in=Job.ENDED)
        wait_for(lambda: not open_jobs.exists(), "jobs end", seconds=180)
        wait_for(self._all_idle, "horses come home", seconds=30)

    def _all_idle(self) -> bool:
        return all(self._house.horse(name) is None for name in WORKERS)

    def _submit(self) -> "Job":
        from jobs import services
        from jobs.services import JobOrder

        rng = self._rng
        params = {
            "text": rng.choice(["a", "b", "c"]),
            "parts": rng.choice([0, 0, 2, 3]),
            "polls": rng.choice([0, 0, 1, 3]),
            "price_usd": rng.choice([0, 0.25]),
            "busy_seconds": rng.choice([0, 0, 0.2, 1]),
            "vendor_seconds": rng.choice([0, 0.5]),
            "trouble": rng.choice(["", "", "work:down:1", "vendor:down:1", "work:bad"]),
        }
        order = JobOrder(
            pipeline="tiny",
            params=params,
            cache=rng.random() < 0.5,
            max_attempts=5,
            priority=rng.choice(["high", "normal", "low"]),
        )
        return services.submit(self._owner, order)

    # Faults -----------------------------------------------------------------------

    def _worker(self) -> str:
        return self._rng.choice(WORKERS)

    def _kill_worker(self) -> None:
        name = self._worker()
        self._house.kill(name)
        self._house.start_worker(name)

    def _kill_horse(self) -> None:
        name = self._worker()
        with suppress(TimeoutError, AssertionError):
            wait_for(lambda: self._house.horse(name) is not None, "a horse", seconds=2)
        horse = self._house.horse(name)
        if horse:
            with suppress(psutil.NoSuchProcess):
                horse.kill()

    def _kill_dispatcher(self) -> None:
        self._house.kill("dispatcher-1")
        time.sleep(self._rng.uniform(0, 1))
        self._house.start_dispatcher()

    def _end_worker(self) -> None:
        name = self._worker()
        took = self._house.ask_to_stop(name, seconds=10)
        self._house.start_worker(name)
        print(f"    ended in {took:.1f} s")

    def _end_worker_at_once(self) -> None:
        name = self._worker()
        process = self._house.processes.pop(name)
        process.terminate()
        time.sleep(self._rng.uniform(0.01, 0.3))
        process.terminate()
        process.wait(timeout=5)
        self._house.start_worker(name)

    def _freeze_worker(self) -> None:
        """Nothing of it runs for a while; then it goes on as if nothing had been."""
        name = self._worker()
        horse = self._house.horse(name)
        frozen = [self._house.pid(name), *([horse.pid] if horse else [])]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(STOPPED_S)
        # The horse first: it may get to write before its parent can look after it.
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)

    def _flush_redis(self) -> None:
        with redis.Redis.from_url(self._house.servers.redis_url) as client:
            client.flushall()

    def _stop_redis(self) -> None:
        self._house.servers.redis.stop()
        time.sleep(self._rng.uniform(0, 3))
        self._house.servers.redis.start()

    def _stop_postgres(self) -> None:
        from django.db import connections

        connections.close_all()
        self._house.servers.postgres.stop()
        time.sleep(self._rng.uniform(0, 3))
        self._house.servers.postgres.start()

    def _cancel_job(self) -> None:
        from jobs import services
        from jobs.errors import ConflictError
        from jobs.models import Job

        job = Job.objects.exclude(status__in=Job.ENDED).order_by("?").first()
        if job:
            with suppress(ConflictError):
                services.cancel(job)


def run(*, rounds: int, seed: int, house: House) -> list[str]:
    """Round after round until a law is broken; answers with the broken ones."""
    from django.contrib.auth.models import User

    from tests.faults.laws import broken_laws

    chaos = Chaos(house, User.objects.create_user("chaos"), random.Random(seed))
    chaos.start()
    for number in range(1, rounds + 1):
        started = time.monotonic()
        happened = chaos.round()
        chaos.settle()
        broken = broken_laws(house)
        took = time.monotonic() - started
        print(f"{number:4}  {took:5.1f} s  {', '.join(happened)}", flush=True)
        if broken:
            return broken
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    var = Path(tempfile.mkdtemp(prefix="mediaforge-chaos-"))
    with open_house(var) as house:
        enter(house)
        try:
            broken = run(rounds=options.rounds, seed=options.seed, house=house)
        except AssertionError as error:
            broken = [str(error)]
        for law in broken:
            print(f"broken: {law}", file=sys.stderr)
        if broken:
            _tell_more(house)
    if options.keep or broken:
        print(f"logs are in {var / 'logs'}", file=sys.stderr)
    else:
        shutil.rmtree(var)
    return bool(broken)


def _tell_more(house: House) -> None:
    from jobs.models import Job

    for job in Job.objects.exclude(status__in=Job.ENDED):
        print(job, job.status, job.params, file=sys.stderr)
        for event in job.events.all():
            print(
                "  ",
                event.seq,
                event.at,
                event.kind,
                event.stage,
                event.data,
                file=sys.stderr,
            )


if __name__ == "__main__":
    sys.exit(main())
