"""Which stage is next: priority first, then owners in turn, then the oldest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from jobs import registry
from jobs.models import Job, Priority, Stage
from jobs.registry import AnyPipeline

# How many candidates a worker looks at: others may be claiming the first ones.
CANDIDATES = 6
# Later than every message: whether a stage was sent does not matter to who runs it.
EVER = datetime.max.replace(tzinfo=UTC)
# When an owner had a turn who never had one.
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    stage_id: int
    job_id: str
    attempt: int
    # How many stages of its owner's go before it, and when that owner had a turn last.
    round: int
    turn: datetime


# All here follow the order of the index `stages_to_pick`, so that no plan of Postgres
# can depend on how many stages there are, or on how many have ended.

# The distinct owners are found by leaping from one to the next in the index, and
# each is asked for its oldest stages: the cost follows the owners, not the backlog. A
# second stage of anybody comes after the first of everybody.
_PICK = """
WITH RECURSIVE owners AS (
    (
        SELECT owner_id FROM jobs_stage
        WHERE status = 'queued' AND queue = %(queue)s AND priority = %(priority)s
        ORDER BY owner_id, id LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT s.owner_id FROM jobs_stage s
        WHERE s.status = 'queued' AND s.queue = %(queue)s
            AND s.priority = %(priority)s AND s.owner_id > o.owner_id
        ORDER BY s.owner_id, s.id LIMIT 1
    )
    FROM owners o WHERE o.owner_id IS NOT NULL
)
SELECT head.id, head.job_id, head.attempt, head.round, turn.claimed_at
FROM owners o
LEFT JOIN jobs_allowance a ON a.owner_id = o.owner_id
CROSS JOIN LATERAL (
    SELECT oldest.*, row_number() OVER (ORDER BY oldest.id) AS round FROM (
        SELECT s.id, s.job_id, s.attempt FROM jobs_stage s
        WHERE s.status = 'queued' AND s.queue = %(queue)s
            AND s.priority = %(priority)s AND s.owner_id = o.owner_id
            AND (s.sent_at IS NULL OR s.sent_at < %(sent_before)s)
            AND NOT (s.position = 0 AND s.pipeline = ANY(%(full)s))
        ORDER BY s.id LIMIT %(candidates)s
    ) oldest
) head
CROSS JOIN LATERAL (
    SELECT count(*) AS stages FROM jobs_stage r
    WHERE r.status = 'running' AND r.owner_id = o.owner_id AND r.wakes = 0
) running
LEFT JOIN LATERAL (
    SELECT t.claimed_at FROM jobs_stage t
    WHERE t.owner_id = o.owner_id AND t.claimed_at IS NOT NULL
    ORDER BY t.claimed_at DESC LIMIT 1
) turn ON true
WHERE o.owner_id IS NOT NULL
    AND (
        COALESCE(a.running_stages, %(running_limit)s) = 0
        OR running.stages < COALESCE(a.running_stages, %(running_limit)s)
    )
ORDER BY head.round, turn.claimed_at NULLS FIRST, head.id
LIMIT %(candidates)s
"""


# Asked first: most lines are empty most of the time, and this is one cheap look.
_OCCUPIED = """
SELECT line.queue, line.priority
FROM unnest(%(queues)s::text[]) WITH ORDINALITY AS named(queue, place)
CROSS JOIN unnest(%(priorities)s::smallint[]) AS level(priority)
CROSS JOIN LATERAL (
    SELECT s.queue, s.priority FROM jobs_stage s
    WHERE s.status = 'queued' AND s.queue = named.queue AND s.priority = level.priority
    ORDER BY s.owner_id, s.id LIMIT 1
) line
ORDER BY line.priority, named.place
"""


def occupied_lines(queues: Sequence[str]) -> list[tuple[str, int]]:
    """The queues and priorities that have stages in line, in the order they are served."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OCCUPIED,
            {"queues": [str(q) for q in queues], "priorities": Priority.values},
        )
        return [(str(queue), int(priority)) for queue, priority in cursor.fetchall()]


def next_to_run(queues: Sequence[str]) -> Iterator[Candidate]:
    """Who may run now on these queues, the one whose turn it is first.

    Owners take turns over all lines of one priority: somebody's thousand stages on one
    queue do not hold up another's on the next. An owner's own go by the queues' order.
    """
    for _, lines in groupby(occupied_lines(queues), key=lambda line: line[1]):
        heads = [head for line in lines for head in _pick(*line, EVER)]
        yield from sorted(heads, key=lambda head: (head.round, head.turn))


def next_to_send(
    queue: str, priority: int, *, sent_before: datetime
) -> list[Candidate]:
    """Whom workers should hear of: never sent, or so long ago that it was lost."""
    return _pick(queue, priority, sent_before)


def _pick(queue: str, priority: int, sent_before: datetime) -> list[Candidate]:
    with connection.cursor() as cursor:
        cursor.execute(
            _PICK,
            {
                "queue": queue,
                "priority": priority,
                "sent_before": sent_before,
                "full": full_pipelines(),
                "running_limit": settings.OWNER_RUNNING_LIMIT,
                "candidates": CANDIDATES,
            },
        )
        return [
            Candidate(
                stage_id=stage,
                job_id=str(job),
                attempt=attempt,
                round=number,
                turn=turn or NEVER,
            )
            for stage, job, attempt, number, turn in cursor.fetchall()
        ]


def full_pipelines() -> list[str]:
    """Pipelines that run as many jobs as they may: none of their jobs is begun now."""
    return [p.slug for p in registry.all_pipelines() if _is_full(p)]


def may_start(stage: Stage) -> bool:
    """Within the claim's transaction: whether its owner and its pipeline have room for it."""
    limit = _running_limit(stage.owner_id)
    if limit and _running_of(stage.owner_id) >= limit:
        return False
    pipeline = registry.get(stage.pipeline)
    if stage.position == 0 and pipeline.max_running:
        _queue_up(f"pipeline {stage.pipeline}")
        return not _is_full(pipeline)
    return True


# One claim at a time counts and takes; held until its transaction ends.
_QUEUE_UP = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"


def _queue_up(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_UP, {"name": name})


_LIMIT = """
SELECT COALESCE(
    (SELECT running_stages FROM jobs_allowance WHERE owner_id = %s), %s
)
"""


def _running_limit(owner_id: int) -> int:
    """How many stages of one owner may run at once; 0 means any number."""
    with connection.cursor() as cursor:
        cursor.execute(_LIMIT, [owner_id, settings.OWNER_RUNNING_LIMIT])
        return int(cursor.fetchone()[0])


# Counted after the wait: whoever was before us in this line may have taken the last
# place. Stages that look after a vendor's task take no core, and do not count.
_COUNT_IN_TURN = f"""
{_QUEUE_UP};
SELECT count(*) FROM jobs_stage
WHERE owner_id = %(owner)s AND status = 'running' AND wakes = 0
"""  # noqa: S608  our own words


def _running_of(owner_id: int) -> int:
    """How many of one owner's stages run; nobody else counts them until this is over."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_IN_TURN, {"name": f"owner {owner_id}", "owner": owner_id})
        cursor.nextset()
        return int(cursor.fetchone()[0])


def _is_full(pipeline: AnyPipeline) -> bool:
    limit = pipeline.max_running() if pipeline.max_running else None
    if limit is None:
        return False
    under_way = Job.objects.filter(pipeline=pipeline.slug, status=Job.Status.RUNNING)
    return under_way.count() >= limit


def still_due(stage_id: int, attempt: int) -> QuerySet[Stage]:
    """The stage that a message names, as long as nobody has taken it up."""
    return Stage.objects.filter(
        pk=stage_id,
        attempt=attempt,
        status__in=(Stage.Status.QUEUED, Stage.Status.WAITING),
    )
