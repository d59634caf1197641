"""Resumable uploads: each has a row, and a file that grows until it is whole."""

import base64
import binascii
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from django.contrib.auth.models import User
from django.utils import timezone

from jobs.access import NOBODY, as_uuid
from jobs.errors import (
    ConflictError,
    MediaForgeError,
    NotFoundError,
    RequestError,
    TooLargeError,
)
from jobs.files import quotas
from jobs.files.assets import receive
from jobs.files.intake import (
    Incoming,
    Syncer,
    check_kind,
    incoming_folder,
    kinds_for,
    write_all,
)
from jobs.files.storage import hash_file
from jobs.models import Asset, Project, Upload
from jobs.toolbox.sniffing import HEAD_BYTES, sniff

GOOD_FOR = timedelta(days=1)
CHECKSUMS = ("sha1", "sha256", "md5")


class LockedError(RequestError):
    """Another request is writing to this upload."""

    code = "upload_locked"
    status = HTTPStatus.LOCKED


class ExpiredError(RequestError):
    """The upload was left alone for too long."""

    code = "upload_expired"
    status = HTTPStatus.GONE


class ChecksumError(RequestError):
    """The bytes are not those that were sent."""

    code = "checksum_mismatch"
    # A status of the protocol's own; the enum does not know it.
    status = 460  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """What the client says that a piece's hash is."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str) -> "Checksum":
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in CHECKSUMS:
            raise RequestError(f"Use one of these checksums: {', '.join(CHECKSUMS)}.")
        try:
            digest = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestError("The checksum is not in base64.") from error
        return cls(algorithm=algorithm, digest=digest)


def begin(
    owner: User, project: Project, *, filename: str, filetype: str, size_bytes: int
) -> Upload:
    """Note an upload that is about to come."""
    if size_bytes < 1:
        raise RequestError(
            "An upload needs a length of at least one byte.",
            errors={"Upload-Length": ["Must be at least 1."]},
        )
    quotas.resumable_limit().check(size_bytes)
    quotas.check_bytes_quota(owner, size_bytes)
    upload = Upload.objects.create(
        owner=owner,
        project=project,
        filename=filename[:255] or "file",
        filetype=filetype[:120],
        size_bytes=size_bytes,
        expires_at=timezone.now() + GOOD_FOR,
    )
    spool(upload).touch()
    return upload


def find(owner: User, upload_id: str) -> Upload:
    """One's own upload; a stranger's is not there."""
    rows = Upload.objects.select_related("project", "asset")
    upload = rows.filter(pk=as_uuid(upload_id) or NOBODY, owner=owner).first()
    if upload is None:
        raise NotFoundError(f"There is no upload {upload_id}.")
    if upload.asset_id is None and upload.expires_at < timezone.now():
        raise ExpiredError("This upload has expired. Begin a new one.")
    return upload


def offset(upload: Upload) -> int:
    """How much is there: the file itself knows best."""
    if upload.asset_id:
        return upload.size_bytes
    path = spool(upload)
    return path.stat().st_size if path.exists() else 0


def append(
    upload: Upload, at: int, chunks: Iterable[bytes], checksum: Checksum | None = None
) -> Asset | None:
    """Write a piece; the asset, when it was the last one.

    What has arrived stays when the client breaks off, unless it gave a
    checksum for the whole piece.
    """
    with _writing(upload) as handle:
        there = os.fstat(handle).st_size
        if at != there:
            raise ConflictError(
                f"This upload goes on at {there}, not at {at}.",
                errors={"Upload-Offset": [f"Expected {there}."]},
            )
        piece = _Piece(handle, upload, there, checksum)
        syncing = None
        try:
            piece.write(chunks)
            if piece.end == upload.size_bytes:
                syncing = piece.syncer.finish()
        finally:
            piece.syncer.stop()
            Upload.objects.filter(pk=upload.pk).update(
                offset=os.fstat(handle).st_size, expires_at=timezone.now() + GOOD_FOR
            )
        if syncing is None:
            return None
        return _finish(upload, piece.sha256(), syncing)


def terminate(upload: Upload) -> None:
    """Forget an upload; an asset that came of it stays."""
    spool(upload).unlink(missing_ok=True)
    Upload.objects.filter(pk=upload.pk).delete()


def spool(upload: Upload) -> Path:
    return incoming_folder() / f"upload-{upload.pk.hex}"


@contextmanager
def _writing(upload: Upload) -> Iterator[int]:
    """The upload's file, held by one request at a time."""
    if upload.asset_id:
        raise ConflictError("This upload is complete.")
    handle = os.open(spool(upload), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                "Another request is still writing to this upload. Try again soon."
            ) from error
        yield handle
    finally:
        os.close(handle)


class _Piece:
    """One request's share of an upload."""

    def __init__(
        self, handle: int, upload: Upload, start: int, checksum: Checksum | None
    ) -> None:
        self._handle = handle
        self.syncer = Syncer(handle)
        self._upload = upload
        self._start = start
        self.end = start
        self._checksum = checksum
        self._sum = hashlib.new(checksum.algorithm) if checksum else None
        # Whoever sends all at once has it hashed on the way.
        self._whole = hashlib.sha256() if start == 0 else None

    def write(self, chunks: Iterable[bytes]) -> None:
        complete = False
        try:
            for chunk in chunks:
                self._write(chunk)
            complete = True
        except MediaForgeError:
            os.ftruncate(self._handle, self._start)
            raise
        finally:
            if self._checksum and not complete:
                os.ftruncate(self._handle, self._start)
        if self._checksum and self._sum:
            given, found = self._checksum.digest, self._sum.digest()
            if not secrets.compare_digest(given, found):
                os.ftruncate(self._handle, self._start)
                raise ChecksumError(
                    "The checksum does not match. Send this piece again."
                )

    def _write(self, chunk: bytes) -> None:
        before, self.end = self.end, self.end + len(chunk)
        if self.end > self._upload.size_bytes:
            raise TooLargeError(
                f"This upload was announced with {self._upload.size_bytes} bytes, "
                "and more came."
            )
        write_all(self._handle, chunk)
        self.syncer.wrote(len(chunk))
        for digest in (self._sum, self._whole):
            if digest:
                digest.update(chunk)
        if before < HEAD_BYTES:
            self._look_at_head()

    def _look_at_head(self) -> None:
        """Refuse what is no media as early as its first bytes show it."""
        if self.end < min(HEAD_BYTES, self._upload.size_bytes):
            return
        try:
            sniffed = sniff(os.pread(self._handle, HEAD_BYTES, 0))
            check_kind(sniffed, kinds_for(self._upload.filename))
            if sniffed:
                quotas.resumable_limit().check(self._upload.size_bytes, sniffed.kind)
        except RequestError:
            terminate(self._upload)
            raise

    def sha256(self) -> str:
        if self._whole:
            return self._whole.hexdigest()
        return hash_file(spool(self._upload))


def _finish(upload: Upload, sha256: str, syncing: Future[None]) -> Asset:
    path = spool(upload)
    incoming = Incoming(
        path=path,
        size_bytes=upload.size_bytes,
        sha256=sha256,
        sniffed=sniff(path),
        syncing=syncing,
    )
    try:
        asset = receive(upload.project, incoming, filename=upload.filename)
    except MediaForgeError:
        # It will not become media by being asked for again.
        terminate(upload)
        raise
    Upload.objects.filter(pk=upload.pk).update(asset=asset, offset=upload.size_bytes)
    return asset
