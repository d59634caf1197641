"""One search over everything that is one's own; its words live in the address."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs.access import as_uuid, assets_of, jobs_of, projects_of
from jobs.models import Asset, Job, Project
from jobs.pages.doorway import page, user_of
from jobs.pages.rows import JobFilter, with_row_facts

MOST_PROJECTS = 8
MOST_FILES = 12
MOST_JOBS = 10


@dataclass(frozen=True, kw_only=True)
class Found:
    """The newest of each that fit; one more than is shown says that there are more."""

    projects: Sequence[Project] = ()
    files: Sequence[Asset] = ()
    jobs: Sequence[Job] = ()

    @property
    def anything(self) -> bool:
        return bool(self.projects or self.files or self.jobs)


@page
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:100]
    found = _find(user_of(request), words) if words else Found()
    context = {
        "search": words,
        "found": found,
        "projects": found.projects[:MOST_PROJECTS],
        "files": found.files[:MOST_FILES],
        "jobs": found.jobs[:MOST_JOBS],
        "more_jobs": len(found.jobs) > MOST_JOBS,
        "more_projects": len(found.projects) > MOST_PROJECTS,
        "more_files": len(found.files) > MOST_FILES,
    }
    return render(request, "jobs/search.html", context)


def _find(user: User, words: str) -> Found:
    projects = projects_of(user).filter(owner=user)
    files = assets_of(user).filter(project__owner=user, published=True)
    jobs = jobs_of(user).filter(owner=user)
    pk = as_uuid(words)
    if pk:
        projects, files = projects.filter(pk=pk), files.filter(pk=pk)
    else:
        projects = projects.filter(Q(name__icontains=words) | Q(slug__icontains=words))
        files = files.filter(original_filename__icontains=words)
    narrowed = JobFilter(search=words).apply(jobs)
    return Found(
        projects=list(projects[: MOST_PROJECTS + 1]),
        files=list(files.order_by("-created_at", "-id")[: MOST_FILES + 1]),
        jobs=list(with_row_facts(narrowed)[: MOST_JOBS + 1]),
    )
