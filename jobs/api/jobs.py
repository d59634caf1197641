"""Jobs: submitted, followed, steered, and what came of them."""

import re
from collections.abc import Iterator
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services, waiting, whole
from jobs.access import NOBODY, as_uuid, find_job, find_project, jobs_of
from jobs.api.auth import caller
from jobs.api.base import ApiView, no_content, wants_events
from jobs.api.idempotency import idempotent
from jobs.api.orders import JobOrderSerializer, job_order
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT, OWNER
from jobs.api.shapes import EventsShape, JobPage, JobShape, LogShape, OutputsShape
from jobs.errors import NotFoundError, RequestError
from jobs.files import storage
from jobs.files.downloads import streamed
from jobs.live.reading import events_after
from jobs.live.streams import sse_frames, sse_response, watch
from jobs.models import Asset, Event, Job, Priority
from jobs.snapshots import (
    Json,
    iso,
    load_snapshot,
    output_json,
    snapshot,
    snapshot_of,
    snapshot_of_new,
    with_snapshot_rows,
)
from jobs.toolbox.archives import ZipEntry, stream_zip

STATUS = OpenApiParameter(
    "status",
    {"type": "array", "items": {"type": "string", "enum": list(Job.Status.values)}},
    explode=True,
)
AFTER = OpenApiParameter(
    "after", {"type": "integer", "minimum": 0}, description="The last event you know."
)
# So many events are told in one answer; `after` brings the next ones.
MOST_EVENTS = 1000


class RetryOrder(serializers.Serializer[Job]):
    """Where to begin again."""

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        # “from” is a word of Python's own.
        return {"from": serializers.CharField(max_length=60, required=False)}


class JobChanges(serializers.Serializer[Job]):
    priority = serializers.ChoiceField(choices=Priority.labels)


class JobsView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(
        operation_id="list_jobs",
        parameters=[
            CURSOR,
            LIMIT,
            OpenApiParameter("project", str, description="A project's slug or id."),
            OpenApiParameter("pipeline", str),
            STATUS,
            OpenApiParameter("batch", str),
            OWNER,
        ],
        responses=JobPage,
    )
    def get(self, request: Request) -> Response:
        """Your jobs, newest first; the filters may be combined."""
        rows = _filtered(request, jobs_of(caller(request)))
        return paginate(request, rows, snapshot, load=with_snapshot_rows)

    @extend_schema(
        operation_id="submit_job",
        request=JobOrderSerializer,
        responses={201: JobShape},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Submit a job over assets that are there."""
        order = JobOrderSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        asked = job_order(order.validated_data)
        made = services.begin(caller(request), asked)
        told = snapshot_of_new(made.job, made.stages, asked.inputs)
        return Response(told, status=201)


class JobView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="get_job", responses=JobShape)
    def get(self, request: Request, job_id: str) -> Response:
        """The job as it is now; while it is under way, also why it waits."""
        user = caller(request)
        owner_id = None if user.is_staff else user.pk
        found = whole.load([as_uuid(job_id) or NOBODY], owner_id=owner_id)
        if not found:
            raise NotFoundError(f"There is no job {job_id}.")
        told = snapshot_of(found[0])
        if not found[0].job.ended:
            why = waiting.explain(found[0].job, found[0].stages)
            told["waiting"] = _waiting_json(why)
        return Response(told)

    @extend_schema(operation_id="change_job", request=JobChanges, responses=JobShape)
    def patch(self, request: Request, job_id: str) -> Response:
        """Change the priority of a job that has not ended."""
        job = find_job(caller(request), job_id)
        changes = JobChanges(data=request.data)
        changes.is_valid(raise_exception=True)
        services.change_priority(job, changes.validated_data["priority"])
        return Response(_shown(job.pk))

    @extend_schema(operation_id="delete_job", responses={204: None})
    def delete(self, request: Request, job_id: str) -> Response:
        """Remove a job with the files it made; one under way is stopped first."""
        services.delete_job(find_job(caller(request), job_id))
        return no_content()


class CancelView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="cancel_job", request=None, responses=JobShape)
    def post(self, request: Request, job_id: str) -> Response:
        """Stop a job wherever it is."""
        return Response(_shown(services.cancel(find_job(caller(request), job_id)).pk))


class RetryView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="retry_job", request=RetryOrder, responses=JobShape)
    def post(self, request: Request, job_id: str) -> Response:
        """Run an ended job again from the stage that failed, or from the one you name."""
        job = find_job(caller(request), job_id)
        order = RetryOrder(data=request.data or {})
        order.is_valid(raise_exception=True)
        services.retry(job, from_step=order.validated_data.get("from"))
        return Response(_shown(job.pk))


class ApproveView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="approve_job", request=None, responses=JobShape)
    def post(self, request: Request, job_id: str) -> Response:
        """Let a job that was submitted with `review` go on."""
        return Response(_shown(services.approve(find_job(caller(request), job_id)).pk))


class EventsView(ApiView):
    tag = "jobs"
    rate_scope = "events"

    @extend_schema(
        operation_id="list_job_events",
        parameters=[AFTER],
        responses={
            (200, "application/json"): EventsShape,
            (200, "text/event-stream"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        """The job's history; with `Accept: text/event-stream`, live until its end."""
        job = find_job(caller(request), job_id)
        after = _after(request)
        if wants_events(request):
            return sse_response(sse_frames(watch(job.pk, after)))
        events = events_after(str(job.pk), after or 0, MOST_EVENTS)
        return Response({"seq": job.seq, "results": events})


class LogView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="get_job_log", parameters=[AFTER], responses=LogShape)
    def get(self, request: Request, job_id: str) -> Response:
        """What the job's stages wrote while they ran."""
        job = find_job(caller(request), job_id)
        rows = Event.objects.filter(
            job=job, kind=Event.Kind.LOG, seq__gt=_after(request) or 0
        ).order_by("seq")[:MOST_EVENTS]
        return Response({"results": [_log_line(row) for row in rows]})


class OutputsView(ApiView):
    tag = "jobs"
    rate_scope = "jobs"

    @extend_schema(operation_id="list_job_outputs", responses=OutputsShape)
    def get(self, request: Request, job_id: str) -> Response:
        """The files that the job has published so far."""
        job = find_job(caller(request), job_id)
        return Response({"results": [output_json(a) for a in published(job)]})


class ArchiveView(ApiView):
    tag = "jobs"
    rate_scope = "files"
    rate_exempt = True

    @extend_schema(
        operation_id="get_job_archive",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        """All published files as one ZIP, packed while it is sent."""
        job = find_job(caller(request), job_id)
        return zip_response(list(published(job)), f"{job.pipeline}-{job.pk}.zip")


def published(job: Job) -> QuerySet[Asset]:
    return Asset.objects.filter(job=job, published=True).order_by("created_at", "id")


def zip_response(assets: list[Asset], filename: str) -> HttpResponseBase:
    """Assets as a ZIP; equal names are told apart."""
    packed = stream_zip(_entries(assets))
    response = StreamingHttpResponse(
        streamed(packed.chunks), content_type="application/zip"
    )
    response["Content-Length"] = str(packed.size_bytes)
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=filename
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _entries(assets: list[Asset]) -> Iterator[ZipEntry]:
    taken: set[str] = set()
    for asset in assets:
        name = _entry_name(asset.original_filename)
        # Some disks take “A.png” and “a.png” for one file.
        if not name or name.casefold() in taken:
            name = asset.filename
        taken.add(name.casefold())
        yield ZipEntry(
            name=name,
            size_bytes=asset.size_bytes,
            read=partial(storage.chunks, asset.storage_key),
            modified=asset.created_at,
        )


def _entry_name(filename: str) -> str:
    """A name that means one plain file wherever the archive is unpacked; empty for none."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", filename).strip(". ")


def _filtered(request: Request, rows: QuerySet[Job]) -> QuerySet[Job]:
    query = request.query_params
    owner = query.get("owner")
    if name := query.get("project"):
        rows = rows.filter(project=find_project(caller(request), name, owner=owner))
    elif owner:
        rows = rows.filter(owner__username=owner)
    if pipeline := query.get("pipeline"):
        rows = rows.filter(pipeline=pipeline)
    if statuses := [s for s in query.getlist("status") if s]:
        rows = rows.filter(status__in=_statuses(statuses))
    if batch := query.get("batch"):
        batch_id = as_uuid(batch)
        rows = rows.filter(batch_id=batch_id) if batch_id else rows.none()
    return rows


def _statuses(words: list[str]) -> list[str]:
    named = [w for each in words for w in each.split(",")]
    unknown = [word for word in named if word not in Job.Status.values]
    if unknown:
        choices = ", ".join(Job.Status.values)
        raise RequestError(
            f"There is no status “{unknown[0]}”.",
            errors={"status": [f"Choose one of {choices}."]},
        )
    return named


def _after(request: Request) -> int | None:
    """The number after which to go on; browsers that reconnect send it as a header."""
    text = request.query_params.get("after") or request.headers.get("Last-Event-ID", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise RequestError(
            "after is the number of an event.", errors={"after": ["Send a number."]}
        )
    return int(text)


def _shown(job_id: UUID) -> Json:
    return load_snapshot(job_id)


def _log_line(event: Event) -> Json:
    return {
        "seq": event.seq,
        "at": iso(event.at),
        "stage": event.stage or None,
        "level": event.data.get("level", "info"),
        "message": event.data.get("message", ""),
    }


def _waiting_json(told: waiting.Waiting) -> Json:
    eta = told.eta
    return {
        "reason": told.reason,
        "ahead": told.ahead,
        "workers_alive": told.workers_alive,
        "eta_seconds": [round(eta.low_s, 1), round(eta.high_s, 1)] if eta else None,
    }
