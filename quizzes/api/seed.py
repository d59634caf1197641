"""Videos, storage and jobs under `/projects/{project_id}/`, as the quiz system documents them."""

from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import (
    assets_of,
    ensure_project,
    find_project,
    jobs_of,
    projects_of,
)
from jobs.api.auth import caller
from jobs.api.base import ApiView, FormApiView, no_content, release_connection
from jobs.api.idempotency import idempotent
from jobs.errors import NotFoundError, RequestError, UnsupportedMediaError
from jobs.files.assets import receive
from jobs.files.forms import ReceivedFile
from jobs.inputs import Kind
from jobs.live.hub import hub
from jobs.live.streams import SseFrame, sse_response, watch
from jobs.models import Asset, Job, Project
from jobs.services import JobOrder
from quizzes.api import records

FORMATS = (".mp4", ".mov", ".avi")
JOB_TYPES = (
    "ingest",
    "scene_detection",
    "transcription",
    "export",
    "quiz",
    "lesson",
)
OWNER = OpenApiParameter("owner", str, description="Staff: whose project is meant.")


class SeedView(ApiView):
    tag = "lessons"
    rate_scope = "projects"

    def project(self, request: Request, project_id: str) -> Project:
        owner = request.query_params.get("owner")
        return find_project(caller(request), project_id, owner=owner)


class VideoForm(serializers.Serializer[Asset]):
    file = serializers.FileField()


# Seed 002's lists are bare arrays.
BARE_LIST = {(200, "application/json"): {"type": "array", "items": {"type": "object"}}}


class VideosView(FormApiView, SeedView):
    rate_scope = "videos"

    @extend_schema(
        operation_id="list_videos",
        parameters=[OWNER],
        responses=BARE_LIST,
    )
    def get(self, request: Request, project_id: str) -> Response:
        """The videos that were uploaded into a project, newest first."""
        rows = videos_of(self.project(request, project_id))
        return Response([records.video_record(row) for row in rows])

    @extend_schema(
        operation_id="upload_video",
        request={"multipart/form-data": VideoForm},
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, project_id: str) -> Response:
        """Upload a video as MP4, MOV or AVI; the project is made where there is none."""
        release_connection()
        file = request.FILES.get("file")
        if not isinstance(file, ReceivedFile):
            raise RequestError(
                "Send the video in the form field “file”. There is none, or it is empty.",
                errors={"file": ["This field is required."]},
            )
        name = file.name or "video"
        if PurePosixPath(name).suffix.lower() not in FORMATS:
            raise UnsupportedMediaError(
                f"Only {', '.join(FORMATS)} are taken here; convert it, or send other "
                "formats through /api/v1/."
            )
        project = ensure_project(caller(request), project_id)
        asset = receive(
            project, file.incoming, filename=name, accept=frozenset({Kind.VIDEO})
        )
        return Response(records.video_record(asset), status=201)


class VideoView(SeedView):
    @extend_schema(operation_id="delete_video", responses={204: None})
    def delete(self, request: Request, project_id: str, asset_id: str) -> Response:
        """Remove a video and its files."""
        project = self.project(request, project_id)
        asset = videos_of(project).filter(pk=records.as_uuid(asset_id)).first()
        if asset is None:
            raise NotFoundError(f"There is no video {asset_id} in this project.")
        services.delete_asset(asset)
        return no_content()


class StorageView(SeedView):
    @extend_schema(operation_id="wipe_storage", responses={204: None})
    def delete(self, request: Request, project_id: str) -> Response:
        """Remove all files of a project and what is known of them."""
        services.wipe_project(self.project(request, project_id))
        return no_content()


class ProjectStatsView(SeedView):
    @extend_schema(operation_id="project_storage_stats", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, project_id: str) -> Response:
        """How much one project stores."""
        project = self.project(request, project_id)
        rows = Asset.objects.filter(project=project)
        return Response({"project_id": project.slug, **stored(rows)})


class StatsView(SeedView):
    @extend_schema(operation_id="storage_stats", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """How much all of one's projects store; staff see everybody's."""
        user = caller(request)
        per_project = (
            assets_of(user)
            .order_by()
            .values("project__slug")
            .annotate(count=Count("pk"), total=Sum("size_bytes"))
        )
        return Response(
            {
                "total_projects": projects_of(user).count(),
                **stored(assets_of(user)),
                "projects": [
                    {
                        "project_id": row["project__slug"],
                        "total_assets": row["count"],
                        "total_size_bytes": row["total"] or 0,
                    }
                    for row in per_project
                ],
            }
        )


def videos_of(project: Project) -> QuerySet[Asset]:
    return Asset.objects.filter(project=project, kind=Kind.VIDEO.value, job=None)


def stored(rows: QuerySet[Asset]) -> dict[str, Any]:
    """Counts and bytes, in all and by kind."""
    kinds = (
        rows.order_by()
        .select_related(None)
        .values("kind")
        .annotate(count=Count("pk"), total=Sum("size_bytes"))
    )
    by_kind = {
        row["kind"]: {"assets": row["count"], "size_bytes": row["total"] or 0}
        for row in kinds
    }
    return {
        "total_assets": sum(each["assets"] for each in by_kind.values()),
        "total_size_bytes": sum(each["size_bytes"] for each in by_kind.values()),
        "by_kind": by_kind,
    }


class JobsView(SeedView):
    rate_scope = "jobs"

    @extend_schema(
        operation_id="list_lesson_jobs",
        parameters=[OpenApiParameter("status", str, many=True), OWNER],
        responses=BARE_LIST,
    )
    def get(self, request: Request, project_id: str) -> Response:
        """A project's jobs, newest first; `status` may be named several times."""
        rows = records.loaded(jobs_of(caller(request))).filter(
            project=self.project(request, project_id)
        )
        words = request.query_params.getlist("status")
        if words:
            rows = rows.filter(status__in=records.statuses_of(words))
        return Response([records.job_record(row) for row in rows[:500]])

    @extend_schema(
        operation_id="enqueue_lesson_job",
        request={"application/json": {"type": "object"}},
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, project_id: str) -> Response:
        """Start a job on one video; what else `payload` holds are its params."""
        told = request.data if isinstance(request.data, dict) else {}
        job = services.submit(caller(request), _order(told, project_id))
        row = records.loaded(Job.objects.all()).get(pk=job.pk)
        return Response(records.job_record(row), status=201)


def _order(told: dict[str, Any], project_id: str) -> JobOrder:
    job_type, payload = told.get("job_type"), told.get("payload", {})
    errors: dict[str, list[str]] = {}
    if job_type not in JOB_TYPES:
        errors["job_type"] = [f"Choose one of: {', '.join(JOB_TYPES)}."]
    asset_id = payload.get("asset_id") if isinstance(payload, dict) else None
    if not isinstance(asset_id, str):
        errors["payload"] = ["Name the video as payload.asset_id."]
    attempts, delay = told.get("max_attempts"), told.get("retry_delay_seconds")
    if not (attempts is None or (_is_number(attempts) and 1 <= attempts <= 100)):
        errors["max_attempts"] = ["Choose a number from 1 to 100."]
    if not (delay is None or (_is_number(delay) and 0 <= delay <= 86_400)):
        errors["retry_delay_seconds"] = ["Choose a number from 0 to 86400."]
    if errors:
        raise RequestError("The job is not complete.", errors=errors)
    return JobOrder(
        pipeline=str(job_type),
        params={key: value for key, value in payload.items() if key != "asset_id"},
        inputs=[str(asset_id)],
        project=project_id,
        max_attempts=None if attempts is None else int(attempts),
        retry_delay_seconds=delay,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class JobView(SeedView):
    rate_scope = "jobs"

    @extend_schema(operation_id="get_lesson_job", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, project_id: str, job_id: str) -> Response:
        """A job's status, progress, logs and result."""
        job = find_job_in(self.project(request, project_id), job_id)
        return Response(records.job_record(job))


class JobEventsView(SeedView):
    rate_exempt = True

    @extend_schema(
        operation_id="stream_lesson_job",
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request, project_id: str, job_id: str) -> HttpResponseBase:
        """The whole job again at every change, until it has ended."""
        job = find_job_in(self.project(request, project_id), job_id)
        return sse_response(_frames(job.pk))


def find_job_in(project: Project, job_id: str) -> Job:
    rows = records.loaded(Job.objects.filter(project=project))
    job = rows.filter(pk=records.as_uuid(job_id)).first()
    if job is None:
        raise NotFoundError(f"There is no job {job_id} in this project.")
    return job


async def _frames(job_id: UUID) -> AsyncIterator[SseFrame]:
    async for seq, text in record_texts(job_id):
        yield SseFrame(event="job", data=text, id=str(seq))


async def record_texts(job_id: UUID) -> AsyncIterator[tuple[int, str]]:
    """The bare job, as text, whenever it changed."""
    last = ""
    async for message in watch(job_id):
        text = await hub().in_database(records.record_text, job_id)
        if text is not None and text != last:
            yield message.seq, text
            last = text
