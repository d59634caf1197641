"""100,000 queued jobs of 50 owners: does anything depend on how many there are?"""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import redis

from benchmarks.houses import house, percentile, tell
from tests.house import wait_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User

JOBS = 100_000
OWNERS = 50
PROBES = 40
TURNS = 600
CHUNK = 2000


def main() -> None:
    with house() as opened:
        owners = make_owners()
        empty = {"submit_ms": submit_ms(owners), "dispatch_ms": dispatch_ms()}
        fill(owners)
        full = {"submit_ms": submit_ms(owners), "dispatch_ms": dispatch_ms()}
        opened.start_worker()
        opened.start_dispatcher()
        turns = count_turns()
        mean = sum(turns.values()) / OWNERS
        fairness = min(turns[owner.pk] for owner in owners) / mean
        with redis.Redis.from_url(opened.servers.redis_url) as client:
            held_kb = client.info("memory")["used_memory"] / 1024
            messages = sum(
                client.llen(key)
                for key in client.scan_iter("rq:queue:*")
                if client.type(key) == b"list"
            )
        tell(
            "backlog",
            jobs=JOBS,
            owners=OWNERS,
            submit_ms_empty=empty["submit_ms"],
            submit_ms_full=full["submit_ms"],
            dispatch_ms_empty=empty["dispatch_ms"],
            dispatch_ms_full=full["dispatch_ms"],
            turns=sum(turns.values()),
            fairness=fairness,
            redis_messages=messages,
            redis_kb=held_kb,
            target="fairness >= 0.8, submit and dispatch <= 1.5x of empty, redis_messages <= 72",
            holds=fairness >= 0.8
            and full["submit_ms"] <= 1.5 * empty["submit_ms"] + 2
            and full["dispatch_ms"] <= 1.5 * empty["dispatch_ms"] + 5
            and messages <= 72,
        )


def make_owners() -> list[User]:
    from django.contrib.auth.models import User

    return User.objects.bulk_create(User(username=f"owner-{n}") for n in range(OWNERS))


def submit_ms(owners: list[User]) -> float:
    """The door's whole way for one job; nobody takes them up yet."""
    from jobs import services
    from jobs.services import JobOrder

    took = []
    for number in range(PROBES):
        started = time.perf_counter()
        order = JobOrder(pipeline="noop", params={"number": number}, cache=False)
        services.submit(owners[number % OWNERS], order)
        took.append((time.perf_counter() - started) * 1000)
    return percentile(took, 0.5)


def dispatch_ms() -> float:
    """One of the dispatcher's rounds."""
    from jobs.runtime import dispatcher

    took = []
    for _ in range(20):
        started = time.perf_counter()
        dispatcher.tick()
        took.append((time.perf_counter() - started) * 1000)
    return percentile(took, 0.5)


def fill(owners: list[User]) -> None:
    """As `services.submit` writes them, but thousands in one statement; one owner has a third."""
    from django.db import connection
    from django.utils import timezone

    from jobs.access import ensure_project
    from jobs.models import Event, Job, Stage

    now = timezone.now()
    projects = [ensure_project(owner, "noop") for owner in owners]
    numbers = iter(range(JOBS))
    while chunk := list(islice(numbers, CHUNK)):
        jobs = []
        for number in chunk:
            place = 0 if number % 3 == 0 else number % OWNERS
            jobs.append(
                Job(
                    owner=owners[place],
                    project=projects[place],
                    pipeline="noop",
                    params={"number": number},
                    cache=False,
                    max_attempts=3,
                    retry_delay_seconds=5,
                    seq=2,
                )
            )
        Job.objects.bulk_create(jobs)
        Stage.objects.bulk_create(
            Stage(
                job=job,
                position=position,
                name=name,
                owner_id=job.owner_id,
                pipeline="noop",
                priority=job.priority,
                queue="cpu",
                status="pending" if position else "queued",
                queued_at=None if position else now,
            )
            for job in jobs
            for position, name in enumerate(("one", "two", "three"))
        )
        Event.objects.bulk_create(
            Event(job=job, seq=seq, at=now, kind=kind)
            for job in jobs
            for seq, kind in ((1, Event.Kind.SUBMITTED), (2, Event.Kind.QUEUED))
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def count_turns() -> Counter[int]:
    """Whose jobs the first few hundred were."""
    from jobs.models import Job

    ended = Job.objects.exclude(finished_at=None)
    wait_for(lambda: ended.count() >= TURNS, "turns are taken", seconds=600)
    first = ended.order_by("finished_at").values_list("owner_id", flat=True)
    return Counter(first[:TURNS])


if __name__ == "__main__":
    main()
