"""The first page: what can be made here, and what was made last."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs import registry
from jobs.access import jobs_of, projects_of
from jobs.models import Job
from jobs.pages.doorway import page, user_of
from jobs.pages.rows import with_row_facts

RECENT_JOBS = 6
RECENT_PROJECTS = 4


@page
def home(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    mine = jobs_of(user).filter(owner=user)
    reviews = mine.filter(status=Job.Status.WAITING, review=True, approved_at=None)
    return render(
        request,
        "jobs/home.html",
        {
            "pipelines": registry.all_pipelines(),
            "jobs": with_row_facts(mine)[:RECENT_JOBS],
            "reviews": with_row_facts(reviews)[:3],
            "projects": projects_of(user).filter(owner=user)[:RECENT_PROJECTS],
        },
    )
