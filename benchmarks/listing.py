"""Pages of jobs by API and admin with a million jobs in the database, beside a thousand."""

import time
from collections.abc import Callable

import httpx

from benchmarks.doors import make_key, start_web
from benchmarks.houses import house, percentile, tell
from tests.house import House

MANY = 1_000_000
FEW = 1_000
CALLS = 60
OWNERS = 20

# Jobs of twenty owners over a year, most of them well ended.
FILL = """
INSERT INTO jobs_job (
    id, owner_id, project_id, pipeline, params, engine, priority, review, cache,
    max_attempts, retry_delay_seconds, webhook_url, notify, status, progress, message,
    cost_usd, seq, request_id, created_at, updated_at, started_at, finished_at
)
SELECT
    gen_random_uuid(), p.owner_id, p.id, (ARRAY['tiny', 'scan', 'ad'])[1 + n %% 3], '{}',
    'auto', 1, false, true, 3, 5, '', false,
    CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'succeeded' END, 100, '', 0, 2, '',
    now() - n * interval '20 seconds', now(), now(), now()
FROM generate_series(%s::int, %s::int) n
JOIN jobs_project p ON p.slug = 'p' || (n %% %s)
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


def main() -> None:
    with house(DATABASE_POOL_SIZE="4") as opened:
        run(opened)


def run(opened: House) -> None:
    port, _ = start_web(opened)
    prepare()
    base = f"http://127.0.0.1:{port}"
    calls = make_calls(base)
    fill(1, FEW)
    few = {name: measure(call) for name, call in calls.items()}
    fill(FEW + 1, MANY)
    for name, call in calls.items():
        many_s = measure(call)
        ratio = many_s / few[name]
        tell(
            f"listing.{name}",
            jobs=MANY,
            p95_ms=many_s * 1000,
            p95_ms_with_1000=few[name] * 1000,
            ratio=ratio,
            target="ratio <= 1.5",
            holds=ratio <= 1.5,
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
        cursor.execute(FILL, [first, last, OWNERS])
        cursor.execute(STAGES)
        cursor.execute("VACUUM ANALYZE jobs_job, jobs_stage")


def make_calls(base: str) -> dict[str, Callable[[], httpx.Response]]:
    """First, filtered and deep pages, for an owner and for staff."""
    program = httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {make_key('owner3')}"}
    )
    browser = signed_in(base)
    jobs = "/api/v1/jobs/"

    def deep() -> httpx.Response:
        return program.get(jobs, params={"cursor": deep_cursor(), "limit": 25})

    admin = "/admin/jobs/job/"
    return {
        "api_first": lambda: program.get(jobs, params={"limit": 25}),
        "api_filtered": lambda: program.get(
            jobs, params={"status": "failed", "limit": 25}
        ),
        "api_deep": deep,
        "admin_first": lambda: browser.get(admin),
        "admin_filtered": lambda: browser.get(
            admin, params={"status__exact": "failed"}
        ),
    }


def deep_cursor() -> str:
    """Nine tenths into the owner's jobs."""
    from jobs.api.paging import Cursor
    from jobs.models import Job

    span = Job.objects.filter(owner__username="owner3")
    oldest, newest = span.order_by("created_at").first(), span.first()
    assert oldest
    assert newest
    moment = newest.created_at + (oldest.created_at - newest.created_at) * 0.9
    return str(Cursor(created_at=moment, id=str(oldest.pk), backwards=False))


def signed_in(base: str) -> httpx.Client:
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
    cookies = {settings.SESSION_COOKIE_NAME: session.session_key or ""}
    return httpx.Client(base_url=base, cookies=cookies, timeout=60)


def measure(call: Callable[[], httpx.Response]) -> float:
    """The slow end of the times, in seconds."""
    for _ in range(5):
        answer = call()
        assert answer.status_code == 200, answer.text[:300]
    took = []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        took.append(time.perf_counter() - started)
    return percentile(took, 0.95)


if __name__ == "__main__":
    main()
