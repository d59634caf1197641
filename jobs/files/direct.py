"""Uploads that go straight to a bucket: the client sends parts to signed addresses."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from jobs.errors import ConflictError, MediaForgeError, RequestError
from jobs.files import bucket, quotas, storage
from jobs.files.assets import register
from jobs.files.bucket import Version
from jobs.files.intake import check_kind, kinds_for
from jobs.files.objects import RemoteFile
from jobs.files.resumable import GOOD_FOR
from jobs.files.storage import Area, StoredFile
from jobs.models import Asset, Project, Upload
from jobs.toolbox.sniffing import Sniffed, sniff

MEBIBYTE = 2**20
# Buckets take parts from 5 MiB on, and ten thousand of them.
LEAST_PART = 8 * MEBIBYTE
MOST_PARTS = 10_000
# So many addresses are signed in one answer.
SIGNED_AT_ONCE = 100
Part = dict[str, Any]  # as boto3 answers


class NotABucketError(RequestError):
    """This server keeps its files on its own disk."""

    code = "storage_is_local"


@dataclass(frozen=True, kw_only=True)
class PartAddress:
    """Where one part of the file is to be PUT."""

    number: int
    url: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What is there of an upload, and what is still wanted."""

    upload: Upload
    uploaded: Sequence[int]
    missing: Sequence[PartAddress]


def begin(
    owner: User, project: Project, *, filename: str, filetype: str, size_bytes: int
) -> Upload:
    """Open a multipart upload in the bucket."""
    if storage.on_disk():
        raise NotABucketError(
            "This server stores on its own disk: use a resumable upload instead."
        )
    quotas.resumable_limit().check(size_bytes)
    quotas.check_bytes_quota(owner, size_bytes)
    key = storage.new_key(project, Area.UPLOADS, filename)
    opened = bucket.here().create_multipart_upload(
        Bucket=settings.S3_BUCKET,
        Key=key,
        ContentType=filetype or "application/octet-stream",
    )
    return Upload.objects.create(
        owner=owner,
        project=project,
        filename=filename[:255],
        filetype=filetype[:120],
        size_bytes=size_bytes,
        storage_key=key,
        multipart_id=opened["UploadId"],
        expires_at=timezone.now() + GOOD_FOR,
    )


def part_size(upload: Upload) -> int:
    """The same for all parts but the last."""
    least = -(-upload.size_bytes // MOST_PARTS)
    return max(LEAST_PART, -(-least // MEBIBYTE) * MEBIBYTE)


def progress(upload: Upload) -> Progress:
    size = part_size(upload)
    numbers = range(1, -(-upload.size_bytes // size) + 1)
    parts = _parts(upload)
    there = set(numbers) if parts is None else {p["PartNumber"] for p in parts}
    missing = [number for number in numbers if number not in there][:SIGNED_AT_ONCE]
    return Progress(
        upload=upload,
        uploaded=sorted(there),
        missing=[
            PartAddress(
                number=number,
                url=_sign(upload, number),
                size_bytes=min(size, upload.size_bytes - (number - 1) * size),
            )
            for number in missing
        ],
    )


def complete(upload: Upload) -> Asset:
    """Join the parts, look at what they are, and make them an asset."""
    if upload.asset:
        # Asked again, as after a lost answer.
        return upload.asset
    parts = _parts(upload)
    if parts is not None:
        _join(upload, parts)
    try:
        asset = _receive(upload)
    except IntegrityError:
        # Another call has done the same meanwhile.
        asset = Asset.objects.get(storage_key=upload.storage_key)
    except MediaForgeError:
        _forget(upload)
        raise
    Upload.objects.filter(pk=upload.pk).update(
        asset=asset, offset=upload.size_bytes, multipart_id=""
    )
    return asset


def abort(upload: Upload) -> None:
    if upload.asset:
        Upload.objects.filter(pk=upload.pk).delete()
        return
    client = bucket.here()
    with suppress(client.exceptions.NoSuchUpload):
        client.abort_multipart_upload(**_where(upload))
    _forget(upload)


def _forget(upload: Upload) -> None:
    """The upload, and what its parts were joined to, unless that has become an asset."""
    if not Asset.objects.filter(storage_key=upload.storage_key).exists():
        storage.delete(upload.storage_key)
    Upload.objects.filter(pk=upload.pk).delete()


def _join(upload: Upload, parts: Sequence[Part]) -> None:
    total = sum(part["Size"] for part in parts)
    if total != upload.size_bytes:
        raise ConflictError(
            f"{total} of {upload.size_bytes} bytes have been uploaded so far."
        )
    bucket.here().complete_multipart_upload(
        **_where(upload),
        MultipartUpload={
            "Parts": [{k: p[k] for k in ("PartNumber", "ETag")} for p in parts]
        },
    )


def _receive(upload: Upload) -> Asset:
    """What it is, its hash and its thumbnail are not the client's to say."""
    version = bucket.look(upload.storage_key)
    file = RemoteFile(version)
    # What is no media, or too large for what it is, is refused before all of it is read.
    sniffed = sniff(file)
    check_kind(sniffed, kinds_for(upload.filename))
    if sniffed:
        quotas.resumable_limit().check(version.size_bytes, sniffed.kind)
    with _hashing(version) as sha256:
        arrival = InBucket(version=version, source=file, sniffed=sniffed, sha256=sha256)
        return register(upload.project, arrival, filename=upload.filename)


@dataclass(frozen=True, kw_only=True)
class InBucket:
    """A file that was put where it is to stay: it is looked at from afar."""

    version: Version
    source: RemoteFile
    sniffed: Sniffed | None
    sha256: Future[str]

    @property
    def size_bytes(self) -> int:
        return self.version.size_bytes

    def keep(
        self, project: Project, *, area: Area, name: str, content_type: str
    ) -> StoredFile:
        """There is nothing to move: it is kept once its hash is known."""
        return StoredFile(
            key=self.version.key,
            filename=Path(self.version.key).name,
            size_bytes=self.version.size_bytes,
            sha256=self.sha256.result(),
        )


@contextmanager
def _hashing(version: Version) -> Iterator[Future[str]]:
    """The hash of all of it, read while others look into it; if they refuse, no further."""
    over = Event()
    with ThreadPoolExecutor(1, "read") as aside:
        try:
            yield aside.submit(_hash, version, over)
        finally:
            over.set()


def _hash(version: Version, over: Event) -> str:
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1, "hash") as aside:
        hashed = aside.submit(digest.update, b"")
        for chunk in version.chunks(storage.CHUNK):
            # Hashed while the next one is on its way, and never more than one behind.
            hashed.result()
            if over.is_set():
                raise CancelledError
            hashed = aside.submit(digest.update, chunk)
    return digest.hexdigest()


def _parts(upload: Upload) -> list[Part] | None:
    """None once they were joined, maybe by a call whose end nobody saw."""
    client = bucket.here()
    pages = client.get_paginator("list_parts").paginate(**_where(upload))
    try:
        return [part for page in pages for part in page.get("Parts", [])]
    except client.exceptions.NoSuchUpload:
        return None


def _sign(upload: Upload, number: int) -> str:
    url: str = bucket.signer().generate_presigned_url(
        "upload_part",
        Params={**_where(upload), "PartNumber": number},
        ExpiresIn=settings.S3_URL_EXPIRES_SECONDS,
    )
    return url


def _where(upload: Upload) -> dict[str, str]:
    return {
        "Bucket": settings.S3_BUCKET,
        "Key": upload.storage_key,
        "UploadId": upload.multipart_id,
    }
