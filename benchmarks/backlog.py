"""100,000 queued jobs of 50 owners: does anything depend on how many there are?"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import redis
from django.db.models import AutoField, Model

from benchmarks.houses import house, percentile, tell
from tests.house import wait_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.backends.utils import CursorWrapper

JOBS = 100_000
OWNERS = 50
PROBES = 40
TURNS = 600


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
    """One job an owner is submitted; the others are copies of its rows, for the sake of time.

    One owner has a third of them, the others share the rest.
    """
    from django.db import connection

    from jobs import services
    from jobs.models import Event, Job, Stage
    from jobs.services import JobOrder

    order = JobOrder(pipeline="noop", cache=False)
    submitted = [services.submit(owner, order).pk for owner in owners]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copy (id uuid, of uuid)")
        for place, original in enumerate(submitted):
            share = JOBS // 3 if place == 0 else JOBS * 2 // 3 // (OWNERS - 1)
            cursor.execute(
                "INSERT INTO copy SELECT gen_random_uuid(), %s"
                " FROM generate_series(2, %s)",
                [original, share],
            )
        _copy_rows(cursor, Job, {"id": "copy.id"}, "id")
        _copy_rows(cursor, Stage, {"job_id": "copy.id", "sent_at": "NULL"}, "job_id")
        _copy_rows(cursor, Event, {"job_id": "copy.id"}, "job_id")
        cursor.execute("DROP TABLE copy")
        cursor.execute("ANALYZE")


def _copy_rows(
    cursor: CursorWrapper, model: type[Model], other: dict[str, str], key: str
) -> None:
    """Rows of a submitted job once more for each of its copies, with new numbers of their own."""
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not isinstance(field, AutoField)
    ]
    values = [other.get(name, f"original.{name}") for name in columns]
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"
        f" SELECT {', '.join(values)} FROM copy"
        f" JOIN {model._meta.db_table} original ON original.{key} = copy.of"
    )


def count_turns() -> Counter[int]:
    """Whose jobs the first few hundred were."""
    from jobs.models import Job

    ended = Job.objects.exclude(finished_at=None)
    wait_for(lambda: ended.count() >= TURNS, "turns are taken", seconds=600)
    first = ended.order_by("finished_at").values_list("owner_id", flat=True)
    return Counter(first[:TURNS])


if __name__ == "__main__":
    main()
