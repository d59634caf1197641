"""Every pipeline once, on media that the project makes itself, all at the same time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from jobs import registry, samples
from jobs.access import ensure_project
from jobs.files.storage import on_disk
from jobs.models import Asset, Job
from jobs.registry import AnyPipeline
from jobs.snapshots import load_snapshot

PROJECT = "demo"
LOOK_SECONDS = 0.5
COLOURS = {
    Job.Status.QUEUED: "dim",
    Job.Status.RUNNING: "cyan",
    Job.Status.WAITING: "yellow",
    Job.Status.SUCCEEDED: "green",
}

Snapshot = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the whole demonstration went."""

    jobs: Sequence[Snapshot]

    @property
    def failed(self) -> list[Snapshot]:
        return [job for job in self.jobs if job["status"] != Job.Status.SUCCEEDED]


def pause() -> None:
    time.sleep(LOOK_SECONDS)


def run(
    owner: User,
    pipelines: Sequence[AnyPipeline],
    console: Console,
    *,
    fresh: bool,
    wait: Callable[[], None] = pause,
) -> Outcome:
    """Submit a sample job of each pipeline, and show how they get on until all have ended."""
    project = ensure_project(owner, PROJECT)
    ids = []
    for pipeline in pipelines:
        with console.status(f"Making sample media for {pipeline.title} ..."):
            job = samples.submit_sample(
                owner, project, pipeline, make=samples.make_here, cache=not fresh
            )
            ids.append(job.pk)
    started = time.monotonic()
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            jobs = [load_snapshot(job_id) for job_id in ids]
            live.update(draw(jobs, time.monotonic() - started))
            if all(job["finished_at"] for job in jobs):
                break
            wait()
    return Outcome(jobs=jobs)


def chosen(slugs: Sequence[str]) -> list[AnyPipeline]:
    """The named pipelines, or all that can make a sample for themselves."""
    if slugs:
        return [registry.get(slug) for slug in slugs]
    return [pipeline for pipeline in registry.all_pipelines() if pipeline.sample]


def draw(jobs: Sequence[Snapshot], seconds: float) -> Table:
    table = Table(title=f"{settings.APP_NAME}, {seconds:.0f} s", expand=True)
    for heading in ("pipeline", "state", "progress", "", "what it does now"):
        table.add_column(heading, no_wrap=heading != "what it does now")
    for job in jobs:
        colour = COLOURS.get(job["status"], "red")
        table.add_row(
            job["pipeline"],
            f"[{colour}]{job['status']}[/{colour}]",
            ProgressBar(total=100, completed=job["progress"], width=24),
            f"{job['progress']:.0f} %",
            _now(job),
        )
    return table


def report(outcome: Outcome, console: Console, address: str) -> None:
    """Where the results lie, and what went wrong."""
    for job in outcome.jobs:
        console.print(
            f"\n[bold]{job['pipeline']}[/bold]  {address}{job['urls']['page']}"
        )
        for output in job["outputs"]:
            size_kb = max(1, output["size_bytes"] // 1000)
            where = _place(output["id"]) or f"{address}{output['url']}"
            console.print(
                f"  {output['role']:<16} {size_kb:>7} kB  {where}",
                highlight=False,
                soft_wrap=True,
            )
        if job["error"]:
            console.print(
                f"  [red]{job['error']['code']}: {job['error']['detail']}[/red]"
            )
    done = len(outcome.jobs) - len(outcome.failed)
    console.print(f"\n{done} of {len(outcome.jobs)} pipelines succeeded.")


def _place(asset_id: str) -> str:
    """The file on this machine's disk, where it lies there."""
    if not on_disk():
        return ""
    path = Path(default_storage.path(Asset.objects.get(pk=asset_id).storage_key))
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )


def _now(job: Snapshot) -> str:
    if job["error"]:
        return str(job["error"]["detail"])
    busy = [stage for stage in job["stages"] if stage["status"] == Job.Status.RUNNING]
    if not busy:
        return str(job["message"])
    stage = busy[0]
    more = f" (+{len(busy) - 1})" if len(busy) > 1 else ""
    return f"{stage['name']}{more}: {stage['message']}".rstrip(": ")
