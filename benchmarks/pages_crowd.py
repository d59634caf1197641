"""A project with ten thousand jobs, their stages, events, inputs and costs, written by SQL."""

JOBS = 10_000
ASSETS = 2_000
UNDER_WAY = 5
STEPS = ("prepare", "work", "vendor", "finish")
EVENTS_A_JOB = 6

_ASSETS = """
INSERT INTO jobs_asset (
    id, project_id, step, role, published, kind, filename, original_filename,
    content_type, size_bytes, sha256, details, storage_key, thumbnail_key, status,
    created_at, width, height
)
SELECT
    gen_random_uuid(), %(project)s, '', '', true, 'image', n || '.png', n || '.png',
    'image/png', 1000, repeat('0', 64), '{}', 'uploads/' || n || '.png',
    'thumbnails/' || n || '.webp', 'ready', now() - n * interval '1 minute', 640, 480
FROM generate_series(1, %(assets)s::int) n
"""
_JOBS = """
INSERT INTO jobs_job (
    id, owner_id, project_id, pipeline, params, engine, priority, review, cache,
    max_attempts, retry_delay_seconds, webhook_url, notify, status, progress, message,
    error, cost_usd, seq, request_id, created_at, updated_at, started_at, finished_at
)
SELECT
    gen_random_uuid(), %(owner)s, %(project)s, 'tiny',
    jsonb_build_object('text', 'number ' || n), 'auto', 1, false, true, 3, 5, '', false,
    state, CASE WHEN state = 'running' THEN 40 ELSE 100 END, 'number ' || n,
    CASE WHEN state = 'failed' THEN jsonb_build_object(
        'code', 'bad_input', 'detail', 'Send a better one.', 'stage', 'work',
        'retryable', false
    ) END,
    0, 6, '', now() - n * interval '10 minutes', now(), now() - n * interval '10 minutes',
    CASE WHEN state <> 'running' THEN now() - n * interval '9 minutes' END
FROM (
    SELECT n, CASE
        WHEN n <= %(under_way)s THEN 'running' WHEN n %% 10 = 0 THEN 'failed'
        WHEN n %% 10 = 1 THEN 'cancelled' ELSE 'succeeded' END AS state
    FROM generate_series(1, %(jobs)s::int) n
) counted
"""
_INPUTS = """
INSERT INTO jobs_jobinput (job_id, position, asset_id)
SELECT j.id, 0, a.id
FROM (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM jobs_job) j
JOIN (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM jobs_asset) a
    ON a.n = 1 + j.n %% %(assets)s
"""
_STAGES = """
INSERT INTO jobs_stage (
    job_id, position, name, part_label, owner_id, pipeline, priority, queue, weight,
    status, attempt, failures, losses, wakes, vendor_cancel_due, wait_for, wait_reason,
    progress, message, engine, facts, note, cost_usd, cache_key, started_at, finished_at
)
SELECT
    j.id, place - 1, step, '', j.owner_id, 'tiny', 1, 'cpu', 1,
    CASE WHEN under_way THEN 'running' WHEN ended THEN 'succeeded' ELSE 'pending' END,
    1, 0, 0, 0, false, '', '', CASE WHEN ended THEN 100 ELSE 0 END, '', 'local', '', '',
    0, '', CASE WHEN ended OR under_way THEN now() - interval '9 seconds' END,
    CASE WHEN ended THEN now() END
FROM (
    SELECT j.*, step, place,
        j.status = 'running' AND step = 'work' AS under_way,
        j.status <> 'running' OR step = 'prepare' AS ended
    FROM jobs_job j, unnest(%(steps)s::text[]) WITH ORDINALITY steps (step, place)
) j
"""
_EVENTS = """
INSERT INTO jobs_event (job_id, seq, at, kind, stage, data)
SELECT j.id, number, now(), 'queued', 'work', '{}'
FROM jobs_job j, generate_series(1, %(events)s::int) number
"""


def fill() -> None:
    """All of one owner, who is staff, so that the same person sees the admin."""
    from django.contrib.auth.models import User
    from django.db import connection

    from jobs.models import Project

    owner = User.objects.create_superuser("admin", password="admin")
    project = Project.objects.create(owner=owner, slug="large", name="Large")
    values = {
        "owner": owner.pk,
        "project": project.pk,
        "jobs": JOBS,
        "assets": ASSETS,
        "under_way": UNDER_WAY,
        "steps": list(STEPS),
        "events": EVENTS_A_JOB,
    }
    with connection.cursor() as cursor:
        for statement in (_ASSETS, _JOBS, _INPUTS, _STAGES, _EVENTS):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")
