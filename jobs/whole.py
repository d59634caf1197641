"""Whole jobs: with their stages, inputs and outputs, in one breath."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from jobs.columns import Columns
from jobs.models import Asset, Job, Project, Stage

_JOB = Columns(Job, "j")
_PROJECT = Columns(Project, "p")
# What steps found is read by those that follow, and by nobody who looks on.
_STAGE = Columns(Stage, "s", without=("facts", "checkpoint"))
_ASSET = Columns(Asset, "a")

_JOBS = f"""
SELECT {_JOB.sql}, {_PROJECT.sql}
FROM jobs_job j JOIN jobs_project p ON p.id = j.project_id
WHERE j.id = ANY(%(jobs)s) AND (%(owner)s IS NULL OR j.owner_id = %(owner)s);
SELECT {_STAGE.sql} FROM jobs_stage s
WHERE s.job_id = ANY(%(jobs)s) ORDER BY s.position, s.part;
SELECT i.job_id, i.asset_id FROM jobs_jobinput i
WHERE i.job_id = ANY(%(jobs)s) AND i.asset_id IS NOT NULL ORDER BY i.position;
SELECT {_ASSET.sql} FROM jobs_asset a
WHERE a.job_id = ANY(%(jobs)s) AND a.published ORDER BY a.created_at, a.id
"""  # noqa: S608  our own columns


@dataclass(frozen=True, kw_only=True)
class WholeJob:
    """A job, and what belongs to it."""

    job: Job
    stages: list[Stage] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[Asset] = field(default_factory=list)


def load(job_ids: Sequence[UUID], *, owner_id: int | None = None) -> list[WholeJob]:
    """Those of these jobs that there are; with an owner, that are theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_JOBS, {"jobs": list(job_ids), "owner": owner_id})
        found: dict[Any, WholeJob] = {}
        for row in cursor.fetchall():
            job = _JOB.instance(row[: _JOB.count])
            job.project = _PROJECT.instance(row[_JOB.count :])
            found[job.pk] = WholeJob(job=job)
        cursor.nextset()
        for stage in map(_STAGE.instance, cursor.fetchall()):
            if whole := found.get(stage.job_id):
                whole.stages.append(stage)
        cursor.nextset()
        for job_id, asset_id in cursor.fetchall():
            if whole := found.get(job_id):
                whole.inputs.append(str(asset_id))
        cursor.nextset()
        for asset in map(_ASSET.instance, cursor.fetchall()):
            if whole := found.get(asset.job_id):
                whole.outputs.append(asset)
    return list(found.values())
