"""What watchers need of the database, many jobs in a few queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from jobs import whole
from jobs.models import Event, Job
from jobs.snapshots import Json, iso, snapshot_of


@dataclass(frozen=True, kw_only=True)
class JobNews:
    """A job as it is, and its events since a watcher's last look."""

    job: Json
    events: list[Json] = field(default_factory=list)


def event_json(event: Event) -> Json:
    return {
        "seq": event.seq,
        "at": iso(event.at),
        "kind": event.kind,
        "stage": event.stage or None,
        "data": event.data,
    }


def read_jobs(known: Mapping[str, int]) -> dict[str, JobNews]:
    """These jobs, each with its events after the number that is known already."""
    if not known:
        return {}
    jobs = whole.load([UUID(job_id) for job_id in known])
    found = {str(each.job.pk): JobNews(job=snapshot_of(each)) for each in jobs}
    fresh = Q()
    for job_id, seq in known.items():
        # Who looks for the first time is told the state, not the history.
        if seq and job_id in found and found[job_id].job["seq"] > seq:
            fresh |= Q(job_id=job_id, seq__gt=seq)
    if fresh:
        for event in Event.objects.filter(fresh).order_by("job_id", "seq"):
            found[str(event.job_id)].events.append(event_json(event))
    return found


def changed_since(seqs: Mapping[str, int]) -> list[str]:
    """Those of these jobs that have had an event since, or are gone."""
    if not seqs:
        return []
    rows = Job.objects.filter(pk__in=list(seqs)).values_list("pk", "seq")
    now = {str(pk): seq for pk, seq in rows}
    return [job_id for job_id, seq in seqs.items() if now.get(job_id) != seq]


def events_after(job_id: str, after: int, limit: int = 1000) -> list[Json]:
    rows = Event.objects.filter(job_id=job_id, seq__gt=after).order_by("seq")[:limit]
    return [event_json(event) for event in rows]


def open_jobs(project_id: UUID | None, limit: int = 100) -> list[str]:
    """The newest jobs under way, of one project or of all."""
    rows = Job.objects.exclude(status__in=Job.ENDED)
    if project_id:
        rows = rows.filter(project_id=project_id)
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:limit]]


def ended_since(
    project_id: UUID | None, since: datetime, limit: int = 100
) -> list[str]:
    """The jobs that ended last, of one project or of all."""
    rows = Job.objects.filter(finished_at__gte=since).order_by("-finished_at")
    if project_id:
        rows = rows.filter(project_id=project_id)
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:limit]]
