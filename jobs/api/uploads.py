"""Resumable uploads by the tus protocol 1.0, and their direct cousin for buckets."""

import base64
import binascii
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.access import ensure_project
from jobs.api.assets import body_chunks
from jobs.api.auth import MayCall, caller
from jobs.api.base import ApiView, no_content, release_connection
from jobs.api.idempotency import idempotent
from jobs.api.paging import paginate
from jobs.api.schema import CURSOR, LIMIT
from jobs.api.shapes import AssetShape, DirectUploadShape, UploadPage, UploadShape
from jobs.errors import RequestError
from jobs.files import direct, resumable
from jobs.files.resumable import Checksum
from jobs.models import Upload
from jobs.snapshots import Json, asset_json, iso

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
PIECE = "application/offset+octet-stream"
DEFAULT_PROJECT = "uploads"


def _header(name: str, kind: Any = str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required)


RESUMABLE = _header("Tus-Resumable", required=True)


class VersionError(RequestError):
    """The client speaks another version of the protocol, or does not say which."""

    code = "tus_version"
    status = 412  # type: ignore[assignment]  # as the protocol has it


class TusView(ApiView):
    """Headers that every answer of the protocol carries."""

    tag = "uploads"
    rate_scope = "uploads"
    rate_exempt = True

    def get_permissions(self) -> list[BasePermission]:
        # What this server can do is no secret.
        return [] if self.request.method == "OPTIONS" else [MayCall()]

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        if response.status_code == 412:
            response["Tus-Version"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    def options(  # type: ignore[override]  # REST framework hands in its own request
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.RESUMABLE_MAX_SIZE),
            "Tus-Checksum-Algorithm": ",".join(resumable.CHECKSUMS),
        }
        return Response(status=204, headers=headers)


class UploadsView(TusView):
    @extend_schema(
        operation_id="list_uploads", parameters=[CURSOR, LIMIT], responses=UploadPage
    )
    def get(self, request: Request) -> Response:
        """Your uploads that are not complete, to be gone on with."""
        rows = Upload.objects.filter(owner=caller(request), asset=None)
        return paginate(request, rows.select_related("project"), upload_json)

    @extend_schema(
        operation_id="create_upload",
        parameters=[
            RESUMABLE,
            _header("Upload-Length", int, required=True),
            _header("Upload-Metadata"),
        ],
        request={PIECE: OpenApiTypes.BINARY},
        responses={201: None, 412: None, 460: None, 423: None},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Begin an upload (tus 1.0). Metadata: filename, filetype, project."""
        _check_version(request)
        metadata = _metadata(request.headers.get("Upload-Metadata", ""))
        project = ensure_project(
            caller(request), metadata.get("project") or DEFAULT_PROJECT
        )
        upload = resumable.begin(
            caller(request),
            project,
            filename=metadata.get("filename") or metadata.get("name") or "file",
            filetype=metadata.get("filetype") or metadata.get("type") or "",
            size_bytes=_number(request, "Upload-Length"),
        )
        response = HttpResponse(status=201)
        response["Location"] = upload_url(upload)
        _say_expiry(response, upload)
        if request.content_type == PIECE:
            _append(request, upload, 0, response)
        return response


class UploadView(TusView):
    @extend_schema(operation_id="get_upload", responses={200: UploadShape, 410: None})
    def get(self, request: Request, upload_id: str) -> Response:
        """How far an upload has come."""
        return Response(upload_json(resumable.find(caller(request), upload_id)))

    def head(self, request: Request, upload_id: str) -> HttpResponseBase:
        """Where to go on (tus 1.0)."""
        _check_version(request)
        upload = resumable.find(caller(request), upload_id)
        response = HttpResponse(status=200)
        response["Upload-Offset"] = str(resumable.offset(upload))
        response["Upload-Length"] = str(upload.size_bytes)
        response["Upload-Metadata"] = _metadata_of(upload)
        _say_expiry(response, upload)
        if upload.asset_id:
            response["Asset-Id"] = str(upload.asset_id)
        return response

    @extend_schema(
        operation_id="continue_upload",
        parameters=[
            RESUMABLE,
            _header("Upload-Offset", int, required=True),
            _header("Upload-Checksum"),
        ],
        request={PIECE: OpenApiTypes.BINARY},
        responses={204: None, 410: None, 412: None, 423: None, 460: None},
    )
    def patch(self, request: Request, upload_id: str) -> HttpResponseBase:
        """Send the next piece (tus 1.0); the last answer carries `Asset-Id`."""
        _check_version(request)
        if request.content_type != PIECE:
            raise UnsupportedMediaType(request.content_type, f"Send pieces as {PIECE}.")
        upload = resumable.find(caller(request), upload_id)
        response = HttpResponse(status=204)
        _append(request, upload, _number(request, "Upload-Offset"), response)
        return response

    @extend_schema(
        operation_id="delete_upload",
        parameters=[RESUMABLE],
        responses={204: None, 410: None, 412: None},
    )
    def delete(self, request: Request, upload_id: str) -> HttpResponseBase:
        """Forget an upload (tus 1.0)."""
        _check_version(request)
        upload = resumable.find(caller(request), upload_id)
        if upload.multipart_id:
            direct.abort(upload)
        else:
            resumable.terminate(upload)
        return HttpResponse(status=204)


def _append(
    request: Request, upload: Upload, at: int, response: HttpResponseBase
) -> None:
    told = request.headers.get("Upload-Checksum", "")
    checksum = Checksum.parse(told) if told else None
    release_connection()
    asset = resumable.append(upload, at, body_chunks(request), checksum)
    upload.refresh_from_db(fields=["expires_at", "asset"])
    response["Upload-Offset"] = str(
        upload.size_bytes if asset else resumable.offset(upload)
    )
    _say_expiry(response, upload)
    if asset:
        response["Asset-Id"] = str(asset.pk)


# Straight to a bucket -----------------------------------------------------------------


class NewDirectUpload(serializers.Serializer[Upload]):
    filename = serializers.CharField(max_length=255)
    size_bytes = serializers.IntegerField(min_value=1, max_value=2**53)
    filetype = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True
    )
    project = serializers.CharField(
        max_length=80, required=False, default="", allow_blank=True
    )


class DirectUploadsView(ApiView):
    tag = "uploads"
    rate_scope = "uploads"

    @extend_schema(
        operation_id="create_direct_upload",
        request=NewDirectUpload,
        responses={201: DirectUploadShape},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin an upload straight to the bucket, where storage is S3."""
        order = NewDirectUpload(data=request.data)
        order.is_valid(raise_exception=True)
        told = order.validated_data
        upload = direct.begin(
            caller(request),
            ensure_project(caller(request), told["project"] or DEFAULT_PROJECT),
            filename=told["filename"],
            filetype=told["filetype"],
            size_bytes=told["size_bytes"],
        )
        return Response(direct_json(upload), status=201)


class DirectUploadView(ApiView):
    tag = "uploads"
    rate_scope = "uploads"

    @extend_schema(
        operation_id="get_direct_upload", responses={200: DirectUploadShape, 410: None}
    )
    def get(self, request: Request, upload_id: str) -> Response:
        """Which parts are there, and where to PUT those that are missing."""
        return Response(direct_json(_find_direct(request, upload_id)))

    @extend_schema(
        operation_id="delete_direct_upload", responses={204: None, 410: None}
    )
    def delete(self, request: Request, upload_id: str) -> Response:
        """Forget the upload and its parts."""
        direct.abort(_find_direct(request, upload_id))
        return no_content()


class CompleteDirectUploadView(ApiView):
    tag = "uploads"
    rate_scope = "uploads"

    @extend_schema(
        operation_id="complete_direct_upload",
        request=None,
        responses={201: AssetShape, 410: None},
    )
    def post(self, request: Request, upload_id: str) -> Response:
        """Join the parts to an asset; asked again, it answers the same."""
        upload = _find_direct(request, upload_id)
        # The file is read once, which may take long.
        release_connection()
        asset = direct.complete(upload)
        return Response(asset_json(asset), status=201)


def _find_direct(request: Request, upload_id: str) -> Upload:
    upload = resumable.find(caller(request), upload_id)
    if not upload.storage_key:
        raise direct.NotABucketError("This upload does not go to a bucket.")
    return upload


# Words --------------------------------------------------------------------------------


def upload_url(upload: Upload) -> str:
    return f"/{settings.API_V1_PREFIX}/uploads/{upload.pk}/"


def upload_json(upload: Upload) -> Json:
    return {
        "id": str(upload.pk),
        "project": upload.project.slug,
        "filename": upload.filename,
        "size_bytes": upload.size_bytes,
        "offset": upload.offset if upload.storage_key else resumable.offset(upload),
        "asset": upload.asset_id and str(upload.asset_id),
        "expires_at": iso(upload.expires_at),
        "created_at": iso(upload.created_at),
        "url": upload_url(upload),
    }


def direct_json(upload: Upload) -> Json:
    told = {**upload_json(upload), "part_size_bytes": direct.part_size(upload)}
    if upload.asset_id:
        return {**told, "uploaded": [], "parts": []}
    state = direct.progress(upload)
    parts = [
        {"number": part.number, "url": part.url, "size_bytes": part.size_bytes}
        for part in state.missing
    ]
    return {**told, "uploaded": list(state.uploaded), "parts": parts}


def _check_version(request: Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise VersionError(f"Send “Tus-Resumable: {VERSION}”.")


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise RequestError(
            f"{name} must be a number.", errors={name: ["A whole number is required."]}
        )
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Keys with values in base64, as the protocol writes them."""
    found: dict[str, str] = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, encoded = pair.partition(" ")
        try:
            value = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise RequestError(
                f"Upload-Metadata: the value of {name} is not in base64.",
                errors={"Upload-Metadata": ["Values must be UTF-8 in base64."]},
            ) from error
        found[name] = value.replace("\0", "")
    return found


def _metadata_of(upload: Upload) -> str:
    told = {
        "filename": upload.filename,
        "filetype": upload.filetype,
        "project": upload.project.slug,
    }
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}".strip()
        for name, value in told.items()
    )


def _say_expiry(response: HttpResponseBase, upload: Upload) -> None:
    moment: datetime = upload.expires_at
    if upload.asset_id is None:
        response["Upload-Expires"] = http_date(moment.timestamp())
