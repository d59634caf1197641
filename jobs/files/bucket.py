"""The bucket that files lie in where storage is S3, by one client for all threads."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.errors import ConflictError, NotFoundError

CHUNK = 2**20
# Large files go in parts, so many at a time; each holds one part in memory.
PARTS_AT_ONCE = 4
CHANGED = "This file was changed while it was read."


@cache
def client(endpoint: str) -> Any:  # boto3 carries no types
    """Made once for all threads: each costs a third of a second, and megabytes."""
    import boto3

    options = _options()
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=options["region_name"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        aws_session_token=options["security_token"],
        config=options["client_config"],
    )


def here() -> Any:
    """The client that speaks to the bucket from this host."""
    return client(_options()["endpoint_url"])


def signer() -> Any:
    """The client that signs for the host that browsers see: it is part of the signature."""
    return client(settings.S3_PUBLIC_ENDPOINT_URL)


def exists(key: str) -> bool:
    try:
        look(key)
    except NotFoundError:
        return False
    return True


def put(source: Path, key: str, *, content_type: str) -> None:
    from boto3.s3.transfer import TransferConfig

    here().upload_file(
        str(source),
        settings.S3_BUCKET,
        key,
        # What the bucket says of the file to those who fetch it there.
        ExtraArgs={"ContentType": content_type},
        Config=TransferConfig(max_concurrency=PARTS_AT_ONCE),
    )


@dataclass(frozen=True, kw_only=True)
class Version:
    """An object as it is now; once it is another one, it is no longer read."""

    key: str
    etag: str
    size_bytes: int

    def read(self, start: int, count: int) -> bytes:
        """These bytes, fewer at the end."""
        end = min(start + count, self.size_bytes)
        wanted = f"bytes={start}-{end - 1}"
        with self._sent(Range=wanted) as told:
            if "ContentRange" not in told:
                # A server that knows no ranges sends all of it.
                _skip(told["Body"], start)
            return bytes(told["Body"].read(end - start))

    def chunks(self, size: int) -> Iterator[bytes]:
        """All of them, in order; large chunks cost less."""
        with self._sent() as told:
            yield from told["Body"].iter_chunks(size)

    @contextmanager
    def _sent(self, **how: str) -> Iterator[Mapping[str, Any]]:
        with _sent(self.key, IfMatch=self.etag, **how) as told:
            # Not every server minds the condition.
            if told["ETag"] != self.etag:
                raise ConflictError(CHANGED)
            yield told


def look(key: str) -> Version:
    with _explained():
        told = here().head_object(Bucket=settings.S3_BUCKET, Key=key)
    return Version(key=key, etag=told["ETag"], size_bytes=told["ContentLength"])


def chunks(key: str) -> Iterator[bytes]:
    with _sent(key) as told:
        yield from told["Body"].iter_chunks(CHUNK)


def delete(key: str) -> None:
    here().delete_object(Bucket=settings.S3_BUCKET, Key=key)


def keys(prefix: str) -> Iterator[tuple[str, datetime]]:
    """What lies there, each with the time of its last change."""
    pages = here().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=settings.S3_BUCKET, Prefix=prefix):
        for stored in page.get("Contents", []):
            yield stored["Key"], stored["LastModified"]


def is_away(error: BaseException | None) -> bool:
    """Whether this says that the bucket is out of reach, or cannot serve just now."""
    # Where nobody has loaded it, nobody can have raised it.
    known = sys.modules.get("botocore.exceptions")
    if known is None or error is None:
        return False
    if isinstance(error, known.ClientError):
        return _status(error) >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, (known.ConnectionError, known.HTTPClientError))


@contextmanager
def _sent(key: str, **how: str) -> Iterator[Mapping[str, Any]]:
    """What the bucket answers when it is asked for an object."""
    with _explained():
        told = here().get_object(Bucket=settings.S3_BUCKET, Key=key, **how)
    with closing(told["Body"]):
        yield told


@contextmanager
def _explained() -> Iterator[None]:
    """Says by errors of ours that an object is gone, or is no longer what it was."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        status = _status(error)
        if status == HTTPStatus.NOT_FOUND:
            raise NotFoundError("This file has been removed.") from error
        if status == HTTPStatus.PRECONDITION_FAILED:
            raise ConflictError(CHANGED) from error
        raise


def _skip(body: Any, count: int) -> None:
    while count and (skipped := body.read(min(count, CHUNK))):
        count -= len(skipped)


def _status(error: Any) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def _options() -> Mapping[str, Any]:
    options: Mapping[str, Any] = settings.STORAGES["default"]["OPTIONS"]
    return options
