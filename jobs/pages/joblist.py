"""All of one's jobs, narrowed by what the address says; batches followed together."""

from uuid import UUID

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from jobs.access import NOBODY, batches_of, jobs_of
from jobs.errors import NotFoundError
from jobs.models import Job
from jobs.pages import lists
from jobs.pages.doorway import page, user_of
from jobs.pages.rows import JobFilter, with_row_facts
from jobs.snapshots import batch_status, iso

MOST_FOLLOWED = 60


@page
def jobs(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    narrowed = JobFilter.read(request.GET)
    rows = with_row_facts(narrowed.apply(jobs_of(user).filter(owner=user)))
    return render(
        request,
        "jobs/jobs.html",
        {
            "filter": narrowed,
            "slice": lists.cut(rows, request.GET),
        },
    )


@page
def follow(request: HttpRequest) -> HttpResponse:
    """How the jobs of a list are getting on, for pages whose sockets are cut."""
    ids = []
    for text in request.GET.get("ids", "").split(",")[:MOST_FOLLOWED]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    rows = jobs_of(user_of(request)).filter(pk__in=ids)
    return JsonResponse({"jobs": [_brief(job) for job in rows]})


def _brief(job: Job) -> dict[str, object]:
    return {
        "id": str(job.pk),
        "pipeline": job.pipeline,
        "status": job.status,
        "progress": round(job.progress, 1),
        "message": job.message,
        "seq": job.seq,
        "finished_at": iso(job.finished_at),
    }


@page
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    found = batches_of(user_of(request)).filter(pk=batch_id or NOBODY).first()
    if found is None:
        raise NotFoundError("There is no such batch.")
    told = list(
        found.jobs.order_by()
        .values_list("status")
        .annotate(count=Count("pk"), done=Sum("progress"))
    )
    counts = {status: count for status, count, _ in told}
    return render(
        request,
        "jobs/batch.html",
        {
            "batch": found,
            "slice": lists.cut(with_row_facts(found.jobs.all()), request.GET),
            "counts": counts,
            "status": batch_status(counts),
            "progress": sum(done for *_, done in told) / max(sum(counts.values()), 1),
        },
    )
