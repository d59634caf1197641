"""Seed 004's calls for models from photos, answered by this house's services."""

from collections.abc import AsyncIterator
from dataclasses import replace
from json import dumps

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import registry, services
from jobs.access import ensure_project, find_job
from jobs.api.auth import caller
from jobs.api.base import ApiView, FormApiView, plain, release_connection
from jobs.api.idempotency import idempotent
from jobs.errors import NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.downloads import asset_response
from jobs.files.forms import ReceivedFile
from jobs.inputs import Kind
from jobs.live.streams import Message, SseFrame, sse_response, watch
from jobs.models import Asset, Job
from jobs.services import JobOrder
from jobs.snapshots import load_snapshot
from scans.params import ModelParams
from scans.words import task_json

PIPELINE = "model"
HOME = "models"
MOST_IMAGES = 25
ENDED = ("SUCCESS", "FAILURE", "REVOKED")
_PARAMS = frozenset(ModelParams.model_fields)
_ORDER = ("engine", "project", "priority", "webhook_url")


class UploadForm(serializers.Serializer[Job]):
    """1 to 25 images, and what the models are ordered with."""

    files = serializers.ListField(child=serializers.FileField(), required=False)
    model = serializers.CharField(max_length=40, required=False)
    textureSize = serializers.IntegerField(required=False)
    seed = serializers.IntegerField(required=False)
    group = serializers.BooleanField(required=False)
    shape = serializers.CharField(max_length=20, required=False)
    thickness = serializers.FloatField(required=False)
    mask = serializers.CharField(max_length=64, required=False)
    longestSideMeters = serializers.FloatField(required=False)
    engine = serializers.CharField(max_length=40, required=False)
    project = serializers.CharField(max_length=80, required=False)
    priority = serializers.CharField(max_length=10, required=False)
    webhook_url = serializers.URLField(max_length=2000, required=False)


class Uploaded(serializers.Serializer[Job]):
    task_id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    status = serializers.CharField()
    total = serializers.IntegerField()


class TaskStatus(serializers.Serializer[Job]):
    task_id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=("PENDING", "PROGRESS", *ENDED))
    progress = serializers.FloatField()
    current = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField(allow_blank=True)
    result = serializers.DictField(allow_null=True)
    error = serializers.CharField(allow_null=True)


class DownloadList(serializers.Serializer[Job]):
    job_id = serializers.UUIDField()
    files = serializers.ListField(child=serializers.DictField())
    total = serializers.IntegerField()


class UploadView(FormApiView):
    tag = "models"
    rate_scope = "uploads"

    @extend_schema(
        operation_id="upload_images",
        request={"multipart/form-data": UploadForm},
        responses={201: Uploaded},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload 1 to 25 images; each becomes a model, or several of one thing do."""
        release_connection()
        files = [
            f for f in request.FILES.getlist("files") if isinstance(f, ReceivedFile)
        ]
        if not 1 <= len(files) <= MOST_IMAGES:
            detail = f"Send 1 to {MOST_IMAGES} images in the field “files”, not {len(files)}."
            raise RequestError(detail, errors={"files": [detail]})
        form = UploadForm(
            data={k: v for k, v in plain(request).POST.items() if k != "files"}
        )
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        user = caller(request)
        order = JobOrder(
            pipeline=PIPELINE,
            params={name: wanted[name] for name in _PARAMS if name in wanted},
            **{name: wanted[name] for name in _ORDER if name in wanted},
        )
        # Found out before anything is stored.
        services.parse_params(registry.get(PIPELINE), order.params)
        project = ensure_project(user, order.project or HOME)
        assets = [
            receive(
                project,
                file.incoming,
                filename=file.name or "photo",
                accept=frozenset({Kind.IMAGE}),
            )
            for file in files
        ]
        started = replace(order, inputs=[str(asset.pk) for asset in assets])
        job = services.submit(user, started)
        told = {"task_id": str(job.pk), "job_id": str(job.pk)}
        return Response(told | {"status": "PENDING", "total": len(assets)}, status=201)


def _find_model_job(request: Request, job_id: str) -> Job:
    job = find_job(caller(request), job_id)
    if job.pipeline != PIPELINE:
        raise NotFoundError(f"There is no task {job_id}.")
    return job


class TaskView(ApiView):
    tag = "models"
    rate_scope = "status"

    @extend_schema(operation_id="get_task_status", responses=TaskStatus)
    def get(self, request: Request, task_id: str) -> Response:
        """How a task is getting on."""
        job = _find_model_job(request, task_id)
        return Response(task_json(load_snapshot(job.pk)))


class TaskStreamView(ApiView):
    tag = "models"
    rate_scope = "status"

    @extend_schema(
        operation_id="stream_task_status",
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request, task_id: str) -> HttpResponseBase:
        """The task's status as it changes: events progress, then completed or failed."""
        job = _find_model_job(request, task_id)
        return sse_response(task_frames(watch(job.pk)))


async def task_frames(messages: AsyncIterator[Message]) -> AsyncIterator[SseFrame]:
    """Only what changed is told; the end is told once."""
    before = ""
    async for message in messages:
        status = task_json(message.job)
        text = dumps(status, separators=(",", ":"))
        if status["state"] in ENDED:
            event = "completed" if status["state"] == "SUCCESS" else "failed"
            yield SseFrame(data=text, event=event, id=str(message.seq))
            return
        if text != before:
            yield SseFrame(data=text, event="progress", id=str(message.seq))
        before = text


def _outputs(job: Job) -> list[Asset]:
    rows = Asset.objects.filter(job=job, published=True)
    return list(rows.order_by("part", "created_at", "id"))


class DownloadsView(ApiView):
    tag = "models"
    rate_scope = "downloads"

    @extend_schema(operation_id="list_model_files", responses=DownloadList)
    def get(self, request: Request, job_id: str) -> Response:
        """The files that a job has made so far."""
        job = _find_model_job(request, job_id)
        files = [
            {
                "filename": asset.original_filename,
                "url": request.build_absolute_uri(asset.original_filename),
                "size_bytes": asset.size_bytes,
                "content_type": asset.content_type,
            }
            for asset in _outputs(job)
        ]
        return Response({"job_id": str(job.pk), "files": files, "total": len(files)})


class DownloadView(ApiView):
    tag = "models"
    rate_scope = "downloads"

    @extend_schema(
        operation_id="download_model_file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: str, filename: str) -> HttpResponseBase:
        """One file of a job, by its name."""
        job = _find_model_job(request, job_id)
        # A name is compared with names only: it never becomes a path.
        for asset in _outputs(job):
            if asset.original_filename == filename:
                return asset_response(plain(request), asset, attachment=True)
        raise NotFoundError(f"This job has no file {filename}.")
