"""Files on their way out: whole or in ranges, from disk; from a bucket by signed URL."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.cache import patch_vary_headers
from django.utils.http import (
    content_disposition_header,
    http_date,
    parse_http_date_safe,
)

from jobs.errors import NotFoundError
from jobs.files import bucket, storage
from jobs.files.quotas import TEXT_KINDS
from jobs.files.ranges import ByteRange, NotSatisfiableError, parse
from jobs.inputs import Kind
from jobs.models import Asset
from jobs.toolbox.sniffing import SVG

CHUNK = 2**20
# Shown by the browser itself; everything else is offered for saving.
SHOWN_KINDS = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.MODEL, Kind.CAPTIONS)
SHOWN_TYPES = ("application/pdf", "application/json", "text/plain")
# A page that a stage made may run its script, as nobody: without this origin's cookies.
PAGE_POLICY = (
    "sandbox allow-scripts; default-src 'unsafe-inline' data: blob:; "
    "script-src 'unsafe-inline' blob:; img-src data: blob:; frame-ancestors 'self'"
)
FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'"


def asset_response(
    request: HttpRequest, asset: Asset, *, attachment: bool = False
) -> HttpResponseBase:
    """The asset's file; `attachment` has browsers save even what they could show."""
    return file_response(
        request,
        key=asset.storage_key,
        name=asset.original_filename or asset.filename,
        content_type=asset.content_type,
        etag=asset.sha256,
        size=asset.size_bytes,
        shown=not attachment and _is_shown(asset),
        made_here=asset.job_id is not None,
    )


def thumbnail_response(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    if not asset.thumbnail_key:
        raise NotFoundError("This asset has no thumbnail.")
    return file_response(
        request,
        key=asset.thumbnail_key,
        name=Path(asset.thumbnail_key).name,
        content_type="image/webp",
        etag=f"{asset.sha256}-t",
        size=None,
        shown=True,
    )


def file_response(
    request: HttpRequest,
    *,
    key: str,
    name: str,
    content_type: str,
    etag: str,
    size: int | None,
    shown: bool,
    made_here: bool = False,
) -> HttpResponseBase:
    disposition = content_disposition_header(as_attachment=not shown, filename=name)
    if not storage.on_disk():
        url = signed_url(key, content_type=content_type, disposition=disposition or "")
        response: HttpResponseBase = HttpResponseRedirect(url)
        response["Cache-Control"] = "private, no-store"
        return response
    path = Path(default_storage.path(key))
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise NotFoundError("This file has been removed.") from error
    response = _disk_response(request, path, etag=f'"{etag}"', stat=stat)
    if not response.get("Content-Type", "").startswith("multipart/byteranges"):
        response["Content-Type"] = content_type
    if disposition:
        response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    is_page = content_type == "text/html" and made_here
    response["Content-Security-Policy"] = PAGE_POLICY if is_page else FILE_POLICY
    if is_page:
        response["X-Frame-Options"] = "SAMEORIGIN"
    # Contents never change under one address; whether one may see them can.
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


def _is_shown(asset: Asset) -> bool:
    if asset.content_type == SVG:
        return False
    if asset.job_id is None and asset.kind in TEXT_KINDS:
        # Whatever somebody typed: no browser shall make more of it than a file.
        return False
    page = asset.content_type == "text/html" and asset.job_id is not None
    return page or asset.kind in SHOWN_KINDS or asset.content_type in SHOWN_TYPES


def _disk_response(
    request: HttpRequest, path: Path, *, etag: str, stat: Any
) -> HttpResponseBase:
    size = stat.st_size
    modified = int(stat.st_mtime)
    try:
        ranges = _wanted_ranges(request, size, etag, modified)
    except NotSatisfiableError:
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        response["Content-Length"] = "0"
        return _with_validators(response, etag, modified)
    if _is_known(request, etag, modified):
        return _with_validators(HttpResponse(status=304), etag, modified)
    if len(ranges) > 1:
        response = _several(path, ranges, size, head=request.method == "HEAD")
    else:
        part = ranges[0] if ranges else ByteRange(start=0, stop=size)
        response = _one(path, part, head=request.method == "HEAD")
        if ranges:
            response.status_code = 206
            response["Content-Range"] = part.content_range(size)
    return _with_validators(response, etag, modified)


def _with_validators(
    response: HttpResponseBase, etag: str, modified: int
) -> HttpResponseBase:
    response["ETag"] = etag
    response["Last-Modified"] = http_date(modified)
    response["Accept-Ranges"] = "bytes"
    return response


def _wanted_ranges(
    request: HttpRequest, size: int, etag: str, modified: int
) -> list[ByteRange]:
    header = request.headers.get("Range", "")
    if not header or request.method not in ("GET", "HEAD"):
        return []
    condition = request.headers.get("If-Range", "")
    if condition and condition != etag and parse_http_date_safe(condition) != modified:
        return []
    return parse(header, size)


def _is_known(request: HttpRequest, etag: str, modified: int) -> bool:
    """Whether the client has this very file already."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        given = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(given & {etag, "*"})
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and modified <= since


def _one(path: Path, part: ByteRange, *, head: bool) -> HttpResponseBase:
    response: HttpResponseBase = (
        HttpResponse() if head else StreamingHttpResponse(_read(path, [part]))
    )
    response["Content-Length"] = str(part.length)
    return response


def _several(
    path: Path, ranges: list[ByteRange], size: int, *, head: bool
) -> HttpResponseBase:
    """All ranges in one multipart answer."""
    boundary = secrets.token_hex(16)
    heads = [
        f"\r\n--{boundary}\r\nContent-Range: {part.content_range(size)}\r\n\r\n".encode()
        for part in ranges
    ]
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(map(len, heads)) + sum(p.length for p in ranges) + len(end)
    response: HttpResponseBase = (
        HttpResponse(status=206)
        if head
        else StreamingHttpResponse(_read(path, ranges, heads, end), status=206)
    )
    response["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    response["Content-Length"] = str(length)
    return response


async def _read(
    path: Path,
    parts: Iterable[ByteRange],
    heads: Iterable[bytes] = (),
    end: bytes = b"",
) -> AsyncIterator[bytes]:
    """Pieces of the file; the next is read from disk while one is on its way."""
    pieces = _pieces(path, parts, iter(heads))
    loop = asyncio.get_running_loop()
    following = loop.run_in_executor(None, next, pieces, None)
    try:
        while (piece := await following) is not None:
            following = loop.run_in_executor(None, next, pieces, None)
            yield piece
    finally:
        # A generator cannot be closed while a thread is in it.
        await asyncio.wait([following])
        pieces.close()
    if end:
        yield end


def _pieces(
    path: Path, parts: Iterable[ByteRange], heads: Iterator[bytes]
) -> Generator[bytes]:
    with path.open("rb", buffering=0) as source:
        for part in parts:
            if before := next(heads, b""):
                yield before
            source.seek(part.start)
            left = part.length
            while left and (piece := source.read(min(CHUNK, left))):
                left -= len(piece)
                yield piece


async def streamed(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A blocking iterable for an async response, read in a thread, one chunk ahead."""
    pieces = iter(chunks)
    loop = asyncio.get_running_loop()
    following = loop.run_in_executor(None, next, pieces, None)
    while (piece := await following) is not None:
        following = loop.run_in_executor(None, next, pieces, None)
        yield piece


# From a bucket ------------------------------------------------------------------------


def signed_url(key: str, *, content_type: str, disposition: str) -> str:
    """A short-lived address of a stored object, with the headers it shall come with."""
    params = {
        "Bucket": settings.S3_BUCKET,
        "Key": key,
        "ResponseContentType": content_type,
        "ResponseContentDisposition": disposition or "inline",
    }
    url: str = bucket.signer().generate_presigned_url(
        "get_object", Params=params, ExpiresIn=settings.S3_URL_EXPIRES_SECONDS
    )
    return url
