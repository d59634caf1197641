"""The studio's pages with 10,000 jobs in one project: server time, queries, and what a browser feels."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.houses import house, percentile, tell

JOBS = 10_000
ASSETS = 2_000
ROUNDS = 40
WARM_UP = 5


def main() -> None:
    with house():
        fill()
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.test import Client

        settings.ALLOWED_HOSTS = ["*"]
        client = Client()
        client.force_login(User.objects.get(username="bench"))
        for name, path in paths().items():
            measure(name, partial(client.get, path))


def fill() -> None:
    """Jobs in every state with their stages and events; assets; all of one owner."""
    from datetime import timedelta

    from django.contrib.auth.models import User
    from django.utils import timezone

    from jobs.models import Asset, Event, Job, JobInput, Project, Stage

    owner = User.objects.create_superuser("bench")
    project = Project.objects.create(owner=owner, slug="large", name="Large")
    now = timezone.now()
    assets = Asset.objects.bulk_create(
        Asset(
            project=project,
            kind="image",
            filename=f"{n}.png",
            original_filename=f"{n}.png",
            content_type="image/png",
            size_bytes=1000,
            sha256="0" * 64,
            storage_key=f"uploads/{n}.png",
            thumbnail_key=f"thumbnails/{n}.webp",
        )
        for n in range(ASSETS)
    )
    states = [*["succeeded"] * 8, "failed", "cancelled"]
    jobs = Job.objects.bulk_create(
        Job(
            owner=owner,
            project=project,
            pipeline="tiny",
            params={"text": f"number {n}"},
            max_attempts=3,
            retry_delay_seconds=5,
            status="running" if n < 5 else states[n % len(states)],
            progress=100,
            started_at=now - timedelta(minutes=n),
            finished_at=None if n < 5 else now - timedelta(minutes=n),
            seq=6,
        )
        for n in range(JOBS)
    )
    JobInput.objects.bulk_create(
        JobInput(job=job, position=0, asset=assets[n % ASSETS])
        for n, job in enumerate(jobs)
    )
    Stage.objects.bulk_create(
        (
            Stage(
                job=job,
                position=place,
                name=name,
                owner=owner,
                pipeline="tiny",
                queue="cpu",
                status="succeeded",
                progress=100,
                started_at=now - timedelta(seconds=9),
                finished_at=now,
            )
            for job in jobs
            for place, name in enumerate(("prepare", "work", "vendor", "finish"))
        ),
        batch_size=5000,
    )
    Event.objects.bulk_create(
        (
            Event(job=job, seq=seq, at=now, kind=Event.Kind.QUEUED, stage="work")
            for job in jobs
            for seq in range(1, 7)
        ),
        batch_size=5000,
    )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def paths() -> dict[str, str]:
    from jobs.models import Job

    job = Job.objects.filter(status="succeeded").first()
    running = Job.objects.filter(status="running").first()
    assert job
    assert running
    return {
        "home": "/studio/",
        "projects": "/studio/projects/",
        "project": "/studio/projects/large/",
        "project_jobs": "/studio/projects/large/?tab=jobs",
        "project_failed": "/studio/projects/large/?tab=jobs&status=failed",
        "jobs": "/studio/jobs/",
        "jobs_search": "/studio/jobs/?q=77.png",
        "job": f"/studio/jobs/{job.pk}/",
        "job_running": f"/studio/jobs/{running.pk}/",
        "job_live": f"/studio/jobs/{running.pk}/live/",
        "new": "/studio/new/",
        "start": "/studio/new/tiny/",
        "usage": "/studio/settings/usage/",
        "admin_jobs": "/admin/jobs/job/",
        "admin_dashboard": "/admin/dashboard/",
    }


def measure(name: str, get: Callable[[], Any]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = get()
    assert answer.status_code == 200, f"{name}: {answer.status_code}"
    for _ in range(WARM_UP):
        get()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        get()
        taken.append((time.perf_counter() - began) * 1000)
    tell(
        "pages",
        page=name,
        p50_ms=percentile(taken, 0.5),
        p95_ms=percentile(taken, 0.95),
        queries=len(queries),
        html_kb=len(answer.content) / 1000,
    )


if __name__ == "__main__":
    main()
