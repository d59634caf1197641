"""The bucket that files lie in where storage is S3, by one client for all threads."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.errors import NotFoundError

CHUNK = 2**20
# Large files go in parts, so many at a time; each holds one part in memory.
PARTS_AT_ONCE = 4


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
    from botocore.exceptions import ClientError

    try:
        here().head_object(Bucket=settings.S3_BUCKET, Key=key)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.NOT_FOUND:
            return False
        raise
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


def first_bytes(key: str, count: int) -> bytes:
    bucket = here()
    try:
        told = bucket.get_object(
            Bucket=settings.S3_BUCKET, Key=key, Range=f"bytes=0-{count - 1}"
        )
    except bucket.exceptions.NoSuchKey as error:
        raise NotFoundError("This file has been removed.") from error
    with closing(told["Body"]) as body:
        # A server that knows no ranges sends all of it.
        return bytes(body.read(count))


def chunks(key: str) -> Iterator[bytes]:
    told = here().get_object(Bucket=settings.S3_BUCKET, Key=key)
    with closing(told["Body"]) as body:
        yield from body.iter_chunks(CHUNK)


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
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, (known.ConnectionError, known.HTTPClientError))


def _options() -> Mapping[str, Any]:
    options: Mapping[str, Any] = settings.STORAGES["default"]["OPTIONS"]
    return options
