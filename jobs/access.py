"""Who sees what: every door starts from these querysets, so a stranger gets 404."""

import uuid
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.utils.text import slugify

from jobs.columns import Columns
from jobs.errors import NotFoundError, RequestError
from jobs.models import Asset, Batch, Job, Project

M = TypeVar("M", bound=Model)

# The id that a malformed one is read as: no row has it.
NOBODY = uuid.UUID(int=0)

# Asked with every job that is submitted and every file that comes in.
_PROJECT = Columns(Project, "p")
_BY_SLUG = f"""
SELECT {_PROJECT.sql} FROM jobs_project p WHERE p.owner_id = %s AND p.slug = %s
"""  # noqa: S608  our own columns


def projects_of(user: User) -> QuerySet[Project]:
    return _own(Project.objects.all(), user, "owner")


def jobs_of(user: User) -> QuerySet[Job]:
    return _own(Job.objects.select_related("project"), user, "owner")


def assets_of(user: User) -> QuerySet[Asset]:
    return _own(Asset.objects.select_related("project"), user, "project__owner")


def batches_of(user: User) -> QuerySet[Batch]:
    return _own(Batch.objects.all(), user, "owner")


def _own(rows: QuerySet[M], user: User, path: str) -> QuerySet[M]:
    return rows if user.is_staff else rows.filter(**{path: user.pk})


def find_job(user: User, job_id: str | uuid.UUID) -> Job:
    """The job, if this user may see it; a malformed id is just one that nobody has."""
    job = jobs_of(user).filter(pk=as_uuid(job_id) or NOBODY).first()
    if job is None:
        raise NotFoundError(f"There is no job {job_id}.")
    return job


def find_asset(user: User, asset_id: str | uuid.UUID) -> Asset:
    asset = assets_of(user).filter(pk=as_uuid(asset_id) or NOBODY).first()
    if asset is None:
        raise NotFoundError(f"There is no asset {asset_id}.")
    return asset


def find_project(user: User, name: str, *, owner: str | None = None) -> Project:
    """A project by slug or id, among one's own; staff may name another owner."""
    rows = projects_of(user)
    if owner is not None:
        rows = rows.filter(owner__username=owner)
    by_id = Q(pk=as_uuid(name) or NOBODY)
    mine = Q(slug=name) if owner is not None else Q(slug=name, owner=user)
    project = rows.filter(by_id | mine).first()
    if project is None:
        raise NotFoundError(f"There is no project “{name}”.")
    return project


def ensure_project(user: User, name: str) -> Project:
    """The caller's project of this slug or id, made when its slug is not there yet."""
    if as_uuid(name) is not None:
        return find_project(user, name)
    slug = slugify(name)[:80]
    if slug != name:
        raise RequestError(
            f"“{name}” cannot be a project's slug. Use lower-case letters, digits, "
            f"hyphens and underscores, such as “{slug or 'my-project'}”.",
            errors={"project": ["This is not a slug."]},
        )
    found = _by_slug(user, slug)
    if found:
        return found
    project, _ = Project.objects.get_or_create(
        owner=user, slug=slug, defaults={"name": name.replace("-", " ").capitalize()}
    )
    return project


def _by_slug(owner: User, slug: str) -> Project | None:
    with connection.cursor() as cursor:
        cursor.execute(_BY_SLUG, [owner.pk, slug])
        row = cursor.fetchone()
        return _PROJECT.instance(row) if row else None


def as_uuid(text: str | uuid.UUID) -> uuid.UUID | None:
    """The id, if this can be one: what is malformed is nobody's."""
    if isinstance(text, uuid.UUID):
        return text
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
