"""Seed 000's calls under /api/v1/scan, answered by this house's services."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import registry, services
from jobs.access import ensure_project, find_asset, find_job, jobs_of
from jobs.api.auth import MayCall, caller
from jobs.api.base import ApiView, FormApiView, release_connection
from jobs.api.idempotency import idempotent
from jobs.errors import NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.forms import ReceivedFile
from jobs.inputs import Kind
from jobs.models import Job
from jobs.services import JobOrder
from scans.accounts import credits_left
from scans.params import ScanParams
from scans.pipeline import MOST_PHOTOS
from scans.words import (
    STATUSES,
    scan_counts,
    scan_error,
    scan_status,
    usdz_of,
)

PIPELINE = "scan"
HOME = "scans"
_PARAMS = frozenset(ScanParams.model_fields)
_ORDER = ("engine", "project", "priority", "webhook_url")


class ScanOrder(serializers.Serializer[Job]):
    """What a scan is ordered with: a video (videoUrl, assetId or file), or photos
    (files or assetIds)."""

    videoUrl = serializers.CharField(max_length=2000, required=False)
    assetId = serializers.UUIDField(required=False)
    assetIds = serializers.ListField(
        child=serializers.UUIDField(), max_length=MOST_PHOTOS, required=False
    )
    file = serializers.FileField(required=False)
    files = serializers.ListField(
        child=serializers.FileField(), max_length=MOST_PHOTOS, required=False
    )
    fileFormat = serializers.CharField(max_length=8, required=False)
    modelQuality = serializers.IntegerField(min_value=0, max_value=3, required=False)
    textureQuality = serializers.IntegerField(min_value=0, max_value=3, required=False)
    isMask = serializers.IntegerField(min_value=0, max_value=1, required=False)
    textureSmoothing = serializers.IntegerField(
        min_value=0, max_value=1, required=False
    )
    quality = serializers.CharField(max_length=20, required=False)
    scanType = serializers.CharField(max_length=20, required=False)
    isMesh = serializers.IntegerField(min_value=0, max_value=1, required=False)
    longestSideMeters = serializers.FloatField(required=False)
    # In a form it is the text of a JSON object.
    additionalParams = serializers.JSONField(required=False)
    engine = serializers.CharField(max_length=40, required=False)
    project = serializers.CharField(max_length=80, required=False)
    priority = serializers.CharField(max_length=10, required=False)
    webhook_url = serializers.URLField(max_length=2000, required=False)

    def validate_additionalParams(self, value: object) -> dict[str, Any]:  # noqa: N802  the seed's name
        if not isinstance(value, dict):
            raise serializers.ValidationError("Send a JSON object.")
        return value


class CreatedScan(serializers.Serializer[Job]):
    jobId = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)


class ScanStatus(CreatedScan):
    error = serializers.CharField(allow_null=True)
    progress = serializers.FloatField()
    message = serializers.CharField(allow_blank=True)


class ScanResult(CreatedScan):
    usdzUrl = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)


class ScanStats(serializers.Serializer[Job]):
    total_jobs = serializers.IntegerField()
    status_counts = serializers.DictField(child=serializers.IntegerField())


class ScanBalance(serializers.Serializer[Job]):
    configured = serializers.BooleanField()
    credits = serializers.IntegerField(allow_null=True)


class ScansView(FormApiView):
    tag = "scans"
    rate_scope = "scan"

    @extend_schema(
        operation_id="create_scan", request=ScanOrder, responses={201: CreatedScan}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Order a scan: of a video by address, asset or upload, or of photos."""
        release_connection()
        form = ScanOrder(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = dict(form.validated_data)
        user = caller(request)
        # Found out before anything is stored.
        services.parse_params(registry.get(PIPELINE), _params(wanted))
        inputs = _inputs(request, user, wanted)
        order = JobOrder(
            pipeline=PIPELINE,
            params=_params(wanted),
            inputs=inputs,
            **{name: wanted[name] for name in _ORDER if name in wanted},
        )
        job = services.submit(user, order)
        return Response({"jobId": str(job.pk), "status": scan_status(job)}, status=201)


def _params(wanted: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = wanted.get("additionalParams", {})
    return {name: wanted[name] for name in _PARAMS if name in wanted} | params


def _inputs(request: Request, user: User, wanted: dict[str, Any]) -> list[str]:
    """The assets to start from; what an address of our own names is one of them."""
    sent = _received(request, "file", Kind.VIDEO)
    sent += _received(request, "files", Kind.IMAGE)
    if sent:
        project = ensure_project(user, wanted.get("project") or HOME)
        return [
            str(
                receive(
                    project,
                    file.incoming,
                    filename=file.name or kind.value,
                    accept=frozenset({kind}),
                ).pk
            )
            for file, kind in sent
        ]
    ids = [wanted["assetId"]] if "assetId" in wanted else wanted.get("assetIds", [])
    if ids:
        return [str(find_asset(user, asset_id).pk) for asset_id in ids]
    own = _own_asset_id(request, wanted.get("videoUrl", ""))
    if own:
        # Opened inside the house; it is nothing to fetch over the network.
        del wanted["videoUrl"]
        try:
            return [str(find_asset(user, own).pk)]
        except NotFoundError as error:
            detail = "There is no such asset of yours."
            raise RequestError(detail, errors={"videoUrl": [detail]}) from error
    return []


def _received(
    request: Request, field: str, kind: Kind
) -> list[tuple[ReceivedFile, Kind]]:
    files = request.FILES.getlist(field)
    return [(file, kind) for file in files if isinstance(file, ReceivedFile)]


def _own_asset_id(request: Request, url: str) -> str:
    """The id in the address of an asset of this server; empty for other addresses."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    hosts = {"", request.get_host(), urlsplit(settings.PUBLIC_URL or "").netloc}
    prefix = f"/{settings.API_V1_PREFIX}/assets/"
    if parts.netloc not in hosts or not parts.path.startswith(prefix):
        return ""
    return parts.path.removeprefix(prefix).partition("/")[0]


def _find_scan(request: Request, job_id: str) -> Job:
    job = find_job(caller(request), job_id)
    if job.pipeline != PIPELINE:
        raise NotFoundError(f"There is no scan {job_id}.")
    return job


class ScanStatusView(ApiView):
    tag = "scans"
    rate_scope = "scan_status"

    @extend_schema(operation_id="get_scan_status", responses=ScanStatus)
    def get(self, request: Request, job_id: str) -> Response:
        """How a scan is getting on."""
        job = _find_scan(request, job_id)
        return Response(
            {
                "jobId": str(job.pk),
                "status": scan_status(job),
                "error": scan_error(job),
                "progress": round(job.progress, 1),
                "message": job.message,
            }
        )


class ScanResultView(ApiView):
    tag = "scans"
    rate_scope = "scan_status"

    @extend_schema(operation_id="get_scan_result", responses=ScanResult)
    def get(self, request: Request, job_id: str) -> Response:
        """Where the finished model lies."""
        job = _find_scan(request, job_id)
        path = usdz_of(job)
        return Response(
            {
                "jobId": str(job.pk),
                "status": scan_status(job),
                "usdzUrl": path and request.build_absolute_uri(path),
                "error": scan_error(job),
            }
        )


class ScanStatsView(ApiView):
    tag = "scans"
    rate_scope = "scan_status"

    @extend_schema(operation_id="get_scan_stats", responses=ScanStats)
    def get(self, request: Request) -> Response:
        """Your scans in numbers; staff see everybody's."""
        counts = scan_counts(jobs_of(caller(request)).filter(pipeline=PIPELINE))
        total = sum(counts.values())
        return Response({"total_jobs": total, "status_counts": counts})


class ScanBalanceView(ApiView):
    tag = "scans"
    rate_scope = "scan_status"
    permission_classes = (MayCall, IsAdminUser)  # type: ignore[assignment]  # one more than its base has

    @extend_schema(operation_id="get_scan_balance", responses=ScanBalance)
    def get(self, request: Request) -> Response:
        """Staff: the credits that are left at KIRI."""
        if not settings.KIRI_API_KEY:
            return Response({"configured": False, "credits": None})
        return Response({"configured": True, "credits": credits_left()})
