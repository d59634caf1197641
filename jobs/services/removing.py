"""Jobs, assets and projects are removed together with their files."""

from collections.abc import Sequence

from django.db import transaction

from jobs import flow
from jobs.errors import ConflictError
from jobs.files import storage
from jobs.models import Asset, Job, Project


def delete_job(job: Job) -> None:
    """Remove a job with its files; one that is under way is stopped first."""
    with transaction.atomic():
        with flow.changing(job.pk) as change:
            if not change.job.ended:
                flow.cancel(change)
        files = list(Asset.objects.filter(job=job))
        _delete_files_on_commit(files)
        Job.objects.filter(pk=job.pk).delete()


def delete_asset(asset: Asset) -> None:
    """Remove an asset and its file, unless a job under way still needs it."""
    busy = Job.objects.filter(job_inputs__asset=asset).exclude(status__in=Job.ENDED)
    if busy.exists():
        raise ConflictError(
            f"{asset.original_filename} is used by a job that is still under way."
        )
    with transaction.atomic():
        _delete_files_on_commit([asset])
        Asset.objects.filter(pk=asset.pk).delete()


def delete_project(project: Project) -> None:
    """Remove a project with everything in it."""
    wipe_project(project)
    Project.objects.filter(pk=project.pk).delete()


def wipe_project(project: Project) -> None:
    """Remove a project's jobs and files, and keep the project."""
    for job in Job.objects.filter(project=project):
        delete_job(job)
    with transaction.atomic():
        files = list(Asset.objects.filter(project=project))
        _delete_files_on_commit(files)
        Asset.objects.filter(project=project).delete()


def _delete_files_on_commit(assets: Sequence[Asset]) -> None:
    keys = [key for a in assets for key in (a.storage_key, a.thumbnail_key) if key]

    def delete_all() -> None:
        for key in keys:
            storage.delete(key)

    transaction.on_commit(delete_all)
