"""Assets: uploaded whole, listed, looked at, fetched, removed."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.access import assets_of, ensure_project, find_asset, find_project
from jobs.api.auth import caller
from jobs.api.base import ApiView, FormApiView, no_content, plain, release_connection
from jobs.api.idempotency import idempotent
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT, OWNER
from jobs.api.shapes import AssetPage, AssetShape
from jobs.errors import NotFoundError, RequestError
from jobs.files.assets import receive
from jobs.files.bodies import MOST_BUFFERED
from jobs.files.downloads import asset_response, thumbnail_response
from jobs.files.forms import ReceivedFile
from jobs.files.intake import Intake, kinds_for
from jobs.files.quotas import check_bytes_quota, resumable_limit
from jobs.inputs import Kind
from jobs.models import Asset, Project
from jobs.snapshots import asset_json

KIND = OpenApiParameter("kind", str, enum=[kind.value for kind in Kind])
PROJECT = OpenApiParameter("project", str, description="A project's slug or id.")
DOWNLOAD = OpenApiParameter(
    "download", bool, description="Save even what a browser could show."
)
FILE_ANSWERS = {
    (200, "application/octet-stream"): OpenApiTypes.BINARY,
    (206, "application/octet-stream"): OpenApiTypes.BINARY,
    302: None,
    304: None,
    416: None,
}


class NewAsset(serializers.Serializer[Asset]):
    file = serializers.FileField()


class AssetsView(ApiView):
    tag = "assets"
    rate_scope = "assets"

    @extend_schema(
        operation_id="list_assets",
        parameters=[CURSOR, LIMIT, PROJECT, KIND, OWNER],
        responses=AssetPage,
    )
    def get(self, request: Request) -> Response:
        """Your assets, newest first: uploads, and what jobs published."""
        rows = assets_of(caller(request)).filter(published=True)
        if name := request.query_params.get("project"):
            rows = rows.filter(project=_project(request, name))
        return paginate(request, _of_kind(request, rows), asset_json)


class ProjectAssetsView(FormApiView):
    tag = "assets"
    rate_scope = "assets"

    @extend_schema(
        operation_id="list_project_assets",
        parameters=[CURSOR, LIMIT, KIND, OWNER],
        responses=AssetPage,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The assets of one project."""
        rows = Asset.objects.filter(project=_project(request, slug), published=True)
        rows = _of_kind(request, rows.select_related("project"))
        return paginate(request, rows, asset_json)

    @extend_schema(
        operation_id="upload_asset",
        parameters=[OWNER],
        request={"multipart/form-data": NewAsset},
        responses={201: AssetShape},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Upload a file as a form; the project is made where there is none of this slug."""
        release_connection()
        file = request.FILES.get("file")
        if not isinstance(file, ReceivedFile):
            raise RequestError(
                "Send the file in the form field “file”. There is none, or it is empty.",
                errors={"file": ["This field is required."]},
            )
        project = _project_to_fill(request, slug)
        asset = receive(project, file.incoming, filename=file.name or "file")
        return Response(asset_json(asset), status=201)


class RawAssetView(ApiView):
    tag = "assets"
    rate_scope = "assets"

    @extend_schema(
        operation_id="get_project_asset",
        parameters=[OWNER],
        responses=AssetShape,
    )
    def get(self, request: Request, slug: str, filename: str) -> Response:
        """One asset by its stored name."""
        project = _project(request, slug)
        asset = (
            Asset.objects.select_related("project")
            .filter(project=project, filename=filename, published=True)
            .first()
        )
        if asset is None:
            raise NotFoundError(f"There is no file {filename} in this project.")
        return Response(asset_json(asset))

    @extend_schema(
        operation_id="put_asset",
        parameters=[OWNER],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: AssetShape},
    )
    def put(self, request: Request, slug: str, filename: str) -> Response:
        """Upload a file as the raw body; a name that exists makes another asset."""
        project = _project_to_fill(request, slug)
        limit = resumable_limit()
        announced = request.headers.get("Content-Length", "")
        if announced.isdigit():
            limit.check(int(announced))
            check_bytes_quota(project.owner, int(announced))
        release_connection()
        intake = Intake(limit=limit, accept=kinds_for(filename))
        incoming = intake.take(body_chunks(request))
        asset = receive(project, incoming, filename=filename)
        return Response(asset_json(asset), status=201)


class AssetView(ApiView):
    tag = "assets"
    rate_scope = "assets"

    @extend_schema(operation_id="get_asset", responses=AssetShape)
    def get(self, request: Request, asset_id: str) -> Response:
        """What is known of one asset."""
        return Response(asset_json(find_asset(caller(request), asset_id)))

    @extend_schema(operation_id="delete_asset", responses={204: None})
    def delete(self, request: Request, asset_id: str) -> Response:
        """Remove an asset and its file, unless a job under way needs it."""
        services.delete_asset(find_asset(caller(request), asset_id))
        return no_content()


class AssetFileView(ApiView):
    tag = "assets"
    rate_scope = "files"
    rate_exempt = True

    @extend_schema(
        operation_id="get_asset_file",
        parameters=[DOWNLOAD],
        responses=FILE_ANSWERS,
    )
    def get(
        self, request: Request, asset_id: str, filename: str = ""
    ) -> HttpResponseBase:
        """The file itself, whole or in ranges; from a bucket by a short-lived address."""
        asset = find_asset(caller(request), asset_id)
        wanted = request.query_params.get("download", "").lower()
        return asset_response(
            plain(request), asset, attachment=wanted in ("1", "true", "yes")
        )


class AssetThumbnailView(ApiView):
    tag = "assets"
    rate_scope = "files"
    rate_exempt = True

    @extend_schema(operation_id="get_asset_thumbnail", responses=FILE_ANSWERS)
    def get(self, request: Request, asset_id: str) -> HttpResponseBase:
        """A small picture of the asset, as WebP."""
        return thumbnail_response(plain(request), find_asset(caller(request), asset_id))


def body_chunks(request: Request) -> Iterator[bytes]:
    """The raw body as it comes in."""
    inner = plain(request)
    while chunk := inner.read(MOST_BUFFERED):
        yield chunk


def _of_kind(request: Request, rows: QuerySet[Asset]) -> QuerySet[Asset]:
    kind = request.query_params.get("kind")
    if kind is None:
        return rows
    if kind not in [each.value for each in Kind]:
        choices = ", ".join(Kind)
        raise RequestError(
            f"There is no kind “{kind}”.",
            errors={"kind": [f"Choose one of {choices}."]},
        )
    return rows.filter(kind=kind)


def _project(request: Request, name: str) -> Project:
    return find_project(caller(request), name, owner=request.query_params.get("owner"))


def _project_to_fill(request: Request, name: str) -> Project:
    owner = request.query_params.get("owner")
    if owner is not None:
        return find_project(caller(request), name, owner=owner)
    return ensure_project(caller(request), name)
