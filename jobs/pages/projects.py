"""Projects: the list, one with its assets and jobs, renaming and deleting it."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from jobs import services
from jobs.access import find_project, projects_of
from jobs.errors import RequestError
from jobs.inputs import Kind
from jobs.models import Asset, Job, Project
from jobs.pages import lists
from jobs.pages.doorway import page, user_of
from jobs.pages.rows import OPEN, JobFilter, with_row_facts

MOST_PROJECTS = 200
COVER_PICTURES = 4
ASSETS_A_PAGE = 48


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What a project holds: said before it is deleted, shown while it lives."""

    uploads: int
    results: int
    stored_bytes: int
    jobs: int
    open_jobs: int


@page
def projects(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        made = _create(user, request.POST.get("name", "").strip())
        return redirect("studio:project", made.slug)
    search = request.GET.get("q", "").strip()[:100]
    rows = projects_of(user).filter(owner=user)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(slug__icontains=search))
    found = list(_with_counts(rows)[:MOST_PROJECTS])
    _hang_pictures(found)
    return render(request, "jobs/projects.html", {"projects": found, "search": search})


def _with_counts(rows: QuerySet[Project]) -> QuerySet[Project]:
    jobs = Job.objects.filter(project=OuterRef("pk")).order_by()
    assets = Asset.objects.filter(project=OuterRef("pk")).order_by()
    return rows.annotate(
        asset_count=_one(assets.filter(published=True), Count("pk")),
        stored_bytes=_one(assets, Sum("size_bytes")),
        open_jobs=_one(jobs.filter(status__in=OPEN), Count("pk")),
        picture_ids=_newest_pictures(),
    )


def _one(rows: QuerySet[Asset] | QuerySet[Job], what: Count | Sum) -> Coalesce:
    total = rows.values("project").annotate(total=what).values("total")
    return Coalesce(Subquery(total), 0)


def _newest_pictures() -> ArraySubquery:
    """Each project's few, out of an index: the thousandth asset costs nothing."""
    pictures = (
        Asset.objects.filter(project=OuterRef("pk"), published=True)
        .exclude(thumbnail_key="")
        .order_by("-created_at", "-id")
    )
    return ArraySubquery(pictures.values("pk")[:COVER_PICTURES])


def _hang_pictures(found: list[Project]) -> None:
    """The newest pictures of each project, in one query for all."""
    ids = {p.pk: p.picture_ids for p in found}  # type: ignore[attr-defined]  # annotated
    rows = Asset.objects.only("id", "thumbnail_key", "original_filename")
    known = rows.in_bulk([pk for few in ids.values() for pk in few])
    for project in found:
        pictures = [known[pk] for pk in ids[project.pk] if pk in known]
        project.pictures = pictures  # type: ignore[attr-defined]  # for the template


def _create(user: User, name: str) -> Project:
    slug = slugify(name)[:80]
    if not slug:
        raise RequestError("Give the project a name with a letter or a digit in it.")
    project, made = Project.objects.get_or_create(
        owner=user, slug=slug, defaults={"name": name[:200]}
    )
    if not made:
        raise RequestError(f"You have a project “{project.name}” already.")
    return project


@page
def project(request: HttpRequest, name: str) -> HttpResponse:
    found = find_project(user_of(request), name)
    tab = "jobs" if request.GET.get("tab") == "jobs" else "assets"
    holdings = holdings_of(found)
    context = {"project": found, "tab": tab, "holdings": holdings}
    if tab == "jobs":
        context |= _jobs_of(request, found)
    else:
        context |= _assets_of(request, found)
    return render(request, "jobs/project.html", context)


def _jobs_of(request: HttpRequest, found: Project) -> dict[str, object]:
    narrowed = JobFilter.read(request.GET)
    rows = with_row_facts(narrowed.apply(Job.objects.filter(project=found)))
    return {"filter": narrowed, "slice": lists.cut(rows, request.GET)}


def _assets_of(request: HttpRequest, found: Project) -> dict[str, object]:
    kind = request.GET.get("kind", "")
    source = request.GET.get("from", "")
    search = request.GET.get("q", "").strip()[:100]
    rows = Asset.objects.filter(project=found, published=True)
    if kind in [k.value for k in Kind]:
        rows = rows.filter(kind=kind)
    if source in ("uploads", "results"):
        rows = rows.filter(job__isnull=source == "uploads")
    if search:
        rows = rows.filter(original_filename__icontains=search)
    open_jobs = Job.objects.filter(project=found, status__in=OPEN)
    return {
        "kind": kind,
        "source": source,
        "search": search,
        "kinds": [k.value for k in Kind],
        "slice": lists.cut(rows, request.GET, count=ASSETS_A_PAGE),
        "open_jobs": with_row_facts(open_jobs)[:5],
    }


def holdings_of(found: Project) -> Holdings:
    assets = Asset.objects.filter(project=found).aggregate(
        uploads=Count("pk", filter=Q(job=None)),
        results=Count("pk", filter=Q(job__isnull=False, published=True)),
        stored_bytes=Coalesce(Sum("size_bytes"), 0),
    )
    jobs = Job.objects.filter(project=found).aggregate(
        jobs=Count("pk"), open_jobs=Count("pk", filter=Q(status__in=OPEN))
    )
    return Holdings(**assets, **jobs)


@require_POST
@page
def rename(request: HttpRequest, name: str) -> HttpResponse:
    found = find_project(user_of(request), name)
    wanted = request.POST.get("name", "").strip()[:200]
    if not wanted:
        raise RequestError("A project needs a name.")
    # Its slug stays: programs and bookmarks know the project by it.
    Project.objects.filter(pk=found.pk).update(name=wanted)
    messages.success(request, f"The project is called “{wanted}” now.")
    return redirect("studio:project", found.slug)


@page
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Says what will go, and deletes it when its name was typed."""
    found = find_project(user_of(request), name)
    if request.method != "POST":
        context = {"project": found, "holdings": holdings_of(found)}
        return render(request, "jobs/project_delete.html", context)
    if request.POST.get("typed", "").strip() != found.slug:
        raise RequestError(f"Type “{found.slug}” to delete the project.")
    services.delete_project(found)
    messages.success(request, f"“{found.name}” is deleted, with everything in it.")
    return redirect("studio:projects")
