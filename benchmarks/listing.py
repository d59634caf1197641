"""Pages of jobs by API and admin with a million jobs in the database, beside a thousand."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx

from benchmarks.doors import answers, free_port, make_key
from benchmarks.houses import house, percentile, tell
from mediaforge import places
from tests.house import House, wait_for

MANY = 1_000_000
FEW = 1_000
CALLS = 60
# Few enough that each has more than two pages of jobs, and a page of failed ones, at first.
OWNERS = 4
LIMIT = 20
TARGET = 1.5
SMALL = "mediaforge_small"

# Jobs of some owners over a year, most of them well ended; each owner's every tenth is not.
FILL = """
INSERT INTO jobs_job (
    id, owner_id, project_id, pipeline, params, engine, priority, review, cache,
    max_attempts, retry_delay_seconds, webhook_url, notify, status, progress, message,
    cost_usd, seq, request_id, created_at, updated_at, started_at, finished_at
)
SELECT
    gen_random_uuid(), p.owner_id, p.id, (ARRAY['tiny', 'scan', 'ad'])[1 + n %% 3], '{}',
    'auto', 1, false, true, 3, 5, '', false,
    CASE WHEN n / %(owners)s %% 10 = 0 THEN 'failed' ELSE 'succeeded' END, 100, '', 0, 2, '',
    now() - n * interval '20 seconds', now(), now(), now()
FROM generate_series(%(first)s::int, %(last)s::int) n
JOIN jobs_project p ON p.slug = 'p' || (n %% %(owners)s)
"""
STAGES = """
INSERT INTO jobs_stage (
    job_id, position, name, part_label, owner_id, pipeline, priority, queue, weight,
    status, attempt, failures, losses, wakes, vendor_cancel_due, wait_for, wait_reason,
    progress, message, engine, facts, note, cost_usd, cache_key
)
SELECT
    j.id, 0, 'prepare', '', j.owner_id, j.pipeline, 1, 'cpu', 1, 'succeeded', 1, 0, 0,
    0, false, '', '', 100, '', 'local', '', '', 0, ''
FROM jobs_job j LEFT JOIN jobs_stage s ON s.job_id = j.id WHERE s.id IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class Doors:
    """A web server over one database, and those who call it."""

    program: httpx.Client
    browser: httpx.Client
    deep: str
    # The admin offers pages of the newest five thousand rows.
    last_page: int


def main() -> None:
    with house(DATABASE_POOL_SIZE="4") as opened:
        run(opened)


def run(opened: House) -> None:
    prepare()
    key, session = make_key("owner3"), sign_in()
    fill(1, FEW)
    small = open_doors(opened, copy_database(opened), key, session, last_page=30)
    fill(FEW + 1, MANY)
    address = places.postgres_url(opened.var)
    large = open_doors(opened, address, key, session, last_page=165)
    for name, call in CALLED.items():
        small_s, large_s = measure(call, small, large)
        ratio = large_s / small_s
        tell(
            f"listing.{name}",
            jobs=MANY,
            p95_ms=large_s * 1000,
            p95_ms_with_1000=small_s * 1000,
            ratio=ratio,
            target=f"ratio <= {TARGET}",
            holds=ratio <= TARGET,
        )


def prepare() -> None:
    from django.contrib.auth.models import User

    from jobs.models import Project

    for number in range(OWNERS):
        owner = User.objects.create_user(f"owner{number}")
        Project.objects.create(owner=owner, slug=f"p{number}", name="P")
    User.objects.create_superuser("admin", password="admin")


def fill(first: int, last: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        # Rows that refer to what is there, as can be seen: a million checks are saved.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(FILL, {"first": first, "last": last, "owners": OWNERS})
        cursor.execute(STAGES)
        cursor.execute("VACUUM ANALYZE jobs_job, jobs_stage")


def copy_database(opened: House) -> str:
    """The database as it is now, under another name, to be measured beside the other."""
    import psycopg
    from django.db import connection

    connection.close()
    # A template must be nobody's database just then.
    connection.close_pool()  # type: ignore[attr-defined]  # of the backend for Postgres
    ours = places.postgres_url(opened.var)
    maintenance = ours.replace("/mediaforge?", "/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {SMALL} TEMPLATE mediaforge")
    return ours.replace("/mediaforge?", f"/{SMALL}?")


def open_doors(
    opened: House, database: str, key: str, session: dict[str, str], *, last_page: int
) -> Doors:
    import psycopg

    port = free_port()
    opened.start_web(port, f"web-{port}", DATABASE_URL=database)
    wait_for(lambda: answers(port), "the web server answers", seconds=120)
    base = f"http://127.0.0.1:{port}"
    with psycopg.connect(database) as connection:
        return Doors(
            program=httpx.Client(
                base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60
            ),
            browser=httpx.Client(base_url=base, cookies=session, timeout=60),
            deep=deep_cursor(connection.execute(DEEP).fetchall()),
            last_page=last_page,
        )


# Nine tenths into one owner's jobs.
DEEP = """
WITH span AS (
    SELECT row_number() OVER (ORDER BY created_at DESC, j.id DESC) AS place,
        count(*) OVER () AS total, created_at, j.id
    FROM jobs_job j JOIN auth_user u ON u.id = j.owner_id AND u.username = 'owner3'
)
SELECT created_at, id FROM span WHERE place = total * 9 / 10
"""


def deep_cursor(rows: list[tuple[datetime, UUID]]) -> str:
    from jobs.api.paging import Cursor

    [(created_at, row_id)] = rows
    return str(Cursor(created_at=created_at, id=str(row_id), backwards=False))


def _page(**asked: str | int) -> Callable[[Doors], httpx.Response]:
    """A page of jobs by the API."""
    return lambda doors: doors.program.get(
        "/api/v1/jobs/", params={"limit": LIMIT, **asked}
    )


def _list(**asked: str | int) -> Callable[[Doors], httpx.Response]:
    """A page of the admin's list."""
    return lambda doors: doors.browser.get("/admin/jobs/job/", params=asked)


def _deep(doors: Doors) -> httpx.Response:
    return _page(cursor=doors.deep)(doors)


CALLED: dict[str, Callable[[Doors], httpx.Response]] = {
    "api_first": _page(),
    "api_filtered": _page(status="failed"),
    "api_deep": _deep,
    "admin_first": _list(),
    "admin_filtered": _list(status__exact="failed"),
    "admin_deep": lambda doors: _list(p=doors.last_page)(doors),
}


def sign_in() -> dict[str, str]:
    """The cookie of a member of staff."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.get(username="admin")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key or ""}


def measure(
    call: Callable[[Doors], httpx.Response], small: Doors, large: Doors
) -> tuple[float, float]:
    """The slow ends of the times over both databases, in seconds."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS + 5):
        # In turns, so that other load on the machine meets both alike.
        for doors, times in zip((small, large), took, strict=True):
            started = time.perf_counter()
            answer = call(doors)
            seconds = time.perf_counter() - started
            assert answer.status_code == 200, answer.text[:300]
            if number >= 5:
                times.append(seconds)
    return percentile(took[0], 0.95), percentile(took[1], 0.95)


if __name__ == "__main__":
    main()
