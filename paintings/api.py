"""The first painting service's calls under /api/jobs, answered by this house's services."""

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import NOBODY, as_uuid, assets_of, ensure_project, find_job, jobs_of
from jobs.api.auth import caller
from jobs.api.base import (
    ApiView,
    FormApiView,
    no_content,
    plain,
    release_connection,
)
from jobs.api.idempotency import idempotent
from jobs.errors import NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.downloads import asset_response
from jobs.files.forms import ReceivedFile
from jobs.inputs import Kind
from jobs.models import Asset, Job, Priority
from jobs.services import JobOrder
from paintings.params import Mode, PaintingParams
from paintings.records import batch_record, record, upload_json, with_record_rows

_PIPELINE = "painting"
_HOME = "paintings"
_PARAMS = frozenset(PaintingParams.model_fields)
_MOST_LISTED = 1000
_SKIP = OpenApiParameter("skip", {"type": "integer", "minimum": 0, "default": 0})
_LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": _MOST_LISTED, "default": 10}
)


class UploadForm(serializers.Serializer[Asset]):
    file = serializers.FileField()


class PaintingOrder(serializers.Serializer[Job]):
    """What a painting is ordered with; the rest has defaults."""

    filename = serializers.CharField(max_length=300, required=False)
    mode = serializers.ChoiceField(choices=[m.value for m in Mode], required=False)
    num_layers = serializers.IntegerField(min_value=2, max_value=5, required=False)
    painterly_style = serializers.CharField(max_length=200, required=False)
    painterly_strength = serializers.FloatField(
        min_value=0, max_value=1, required=False
    )
    painterly_seed = serializers.IntegerField(
        min_value=-(2**31), max_value=2**32 - 1, required=False
    )
    mask = serializers.CharField(max_length=64, required=False)
    depth_map = serializers.CharField(max_length=64, required=False)
    engine = serializers.CharField(max_length=40, required=False)
    project = serializers.CharField(max_length=80, required=False, allow_blank=True)
    priority = serializers.ChoiceField(choices=Priority.labels, required=False)
    # Without a default a form that leaves it out would say no.
    cache = serializers.BooleanField(required=False, default=True)
    webhook_url = serializers.URLField(max_length=2000, required=False)


class BatchOrder(PaintingOrder):
    """The same for several uploads at once."""

    filenames = serializers.ListField(
        child=serializers.CharField(max_length=300), min_length=1, max_length=1000
    )


class PriorityOrder(serializers.Serializer[Job]):
    priority = serializers.ChoiceField(choices=Priority.labels)


class UploadView(FormApiView):
    tag = "paintings"
    rate_scope = "uploads"

    @extend_schema(
        operation_id="upload_painting_photo",
        request={"multipart/form-data": UploadForm},
        responses={201: dict},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload a photo to be painted."""
        release_connection()
        file = request.FILES.get("file")
        if not isinstance(file, ReceivedFile):
            raise RequestError(
                "Send the photo in the form field “file”. There is none, or it is empty.",
                errors={"file": ["This field is required."]},
            )
        project = ensure_project(caller(request), _named_project(request))
        asset = receive(
            project,
            file.incoming,
            filename=file.name or "photo",
            accept=frozenset({Kind.IMAGE}),
        )
        return Response(upload_json(asset), status=201)


class PaintingsView(FormApiView):
    tag = "paintings"
    rate_scope = "jobs"

    @extend_schema(
        operation_id="list_paintings", parameters=[_SKIP, _LIMIT], responses=dict
    )
    def get(self, request: Request) -> Response:
        """Your paintings, newest first."""
        rows = jobs_of(caller(request)).filter(pipeline=_PIPELINE)
        skip = _number(request, "skip", default=0, least=0)
        limit = _number(request, "limit", default=10, least=1)
        limit = min(limit, _MOST_LISTED)
        shown = with_record_rows(rows)[skip : skip + limit]
        return Response(
            {
                "jobs": [record(job) for job in shown],
                "total": rows.count(),
                "skip": skip,
                "limit": limit,
            }
        )

    @extend_schema(
        operation_id="create_painting", request=PaintingOrder, responses={201: dict}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Order a painting of a photo that was uploaded."""
        order = PaintingOrder(data=request.data)
        order.is_valid(raise_exception=True)
        told = order.validated_data
        photo = _photo(request, told.get("filename", ""))
        job = services.submit(caller(request), _job_order(told, photo))
        return Response(_shown(job), status=201)


class BatchView(FormApiView):
    tag = "paintings"
    rate_scope = "jobs"

    @extend_schema(
        operation_id="create_painting_batch", request=BatchOrder, responses={201: dict}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Order the same painting of several photos."""
        order = BatchOrder(data=request.data)
        order.is_valid(raise_exception=True)
        told = order.validated_data
        photos = [_photo(request, name) for name in told["filenames"]]
        first = _job_order(told, photos[0])
        orders = [replace(first, inputs=[str(photo.pk)]) for photo in photos]
        batch = services.submit_batch(caller(request), orders)
        return Response(batch_record(batch), status=201)


class PaintingView(ApiView):
    tag = "paintings"
    rate_scope = "jobs"

    @extend_schema(operation_id="get_painting", responses=dict)
    def get(self, request: Request, job_id: str) -> Response:
        """One painting."""
        return Response(_shown(_painting(request, job_id)))

    @extend_schema(operation_id="delete_painting", responses={204: None})
    def delete(self, request: Request, job_id: str) -> Response:
        """Remove a painting and its files; one that is under way is stopped."""
        services.delete_job(_painting(request, job_id))
        return no_content()


class CancelView(ApiView):
    tag = "paintings"
    rate_scope = "jobs"

    @extend_schema(operation_id="cancel_painting", request=None, responses=dict)
    def post(self, request: Request, job_id: str) -> Response:
        """Stop a painting that has not ended."""
        return Response(_shown(services.cancel(_painting(request, job_id))))


class PriorityView(FormApiView):
    tag = "paintings"
    rate_scope = "jobs"

    @extend_schema(
        operation_id="change_painting_priority", request=PriorityOrder, responses=dict
    )
    def post(self, request: Request, job_id: str) -> Response:
        """Let a painting that waits overtake others, or let them overtake it."""
        order = PriorityOrder(data=request.data)
        order.is_valid(raise_exception=True)
        job = services.change_priority(
            _painting(request, job_id), order.validated_data["priority"]
        )
        return Response(_shown(job))


class DownloadView(ApiView):
    tag = "paintings"
    rate_scope = "files"
    rate_exempt = True

    @extend_schema(
        operation_id="download_painting_file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: str, filename: str) -> HttpResponseBase:
        """One file of a painting, by the name that the manifest gives it."""
        job = _painting(request, job_id)
        asset = (
            Asset.objects.select_related("project")
            .filter(job=job, published=True, original_filename=filename)
            .first()
        )
        if asset is None:
            raise NotFoundError(f"This painting has no file {filename}.")
        return asset_response(plain(request), asset, attachment=True)


def _named_project(request: Request) -> str:
    form = request.data
    named = form.get("project") if isinstance(form, dict) else None
    return str(named or _HOME)


def _painting(request: Request, job_id: str) -> Job:
    job = find_job(caller(request), job_id)
    if job.pipeline != _PIPELINE:
        raise NotFoundError(f"There is no painting {job_id}.")
    return job


def _shown(job: Job) -> dict[str, Any]:
    return record(with_record_rows(Job.objects.all()).get(pk=job.pk))


def _photo(request: Request, filename: str) -> Asset:
    """The upload that is meant: by the name that the upload's answer gave, or its id."""
    if not filename:
        raise RequestError(
            "Name the photo to paint.", errors={"filename": ["This field is required."]}
        )
    asset_id: UUID | None = as_uuid(PurePosixPath(filename).stem)
    mine = assets_of(caller(request)).filter(kind=Asset.KindChoice.IMAGE)
    found = mine.filter(pk=asset_id or NOBODY).first()
    found = found or mine.filter(project__slug=_HOME, filename=filename).first()
    if found is None:
        raise NotFoundError(f"There is no uploaded photo “{filename}”.")
    return found


def _job_order(told: dict[str, Any], photo: Asset) -> JobOrder:
    kept = ("engine", "project", "priority", "cache", "webhook_url")
    order = JobOrder(
        pipeline=_PIPELINE,
        params={name: told[name] for name in _PARAMS if name in told},
        inputs=[str(photo.pk)],
    )
    return replace(order, **{name: told[name] for name in kept if name in told})


def _number(request: Request, name: str, *, default: int, least: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < least:
        raise RequestError(
            f"“{name}” must be a whole number from {least} up.",
            errors={name: [f"Send a whole number from {least} up."]},
        )
    return min(int(text), 2**31)
