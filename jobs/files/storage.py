"""Where bytes lie: one tree of areas and project folders, on disk or in a bucket."""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

from jobs.errors import NotFoundError
from jobs.models import Project

CHUNK = 4 * 2**20
# The client of buckets joins what it reads from smaller pieces, and holds each twice.
NETWORK_CHUNK = 2**20


class Area(StrEnum):
    """The top folders of the tree."""

    UPLOADS = "uploads"
    PROCESSED = "processed"
    THUMBNAILS = "thumbnails"
    EXPORTS = "exports"
    MUSIC = "music"


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    key: str
    filename: str
    size_bytes: int
    sha256: str


def store(source: Path, *, project: Project, area: Area, name: str) -> StoredFile:
    """Put a copy of a local file into the tree, under a name nobody else has."""
    sha256 = hash_file(source)
    filename = safe_name(name)
    key = new_key(project, area, filename)
    if isinstance(default_storage, FileSystemStorage):
        _copy_on_disk(source, Path(default_storage.path(key)))
    else:
        with source.open("rb") as opened:
            key = default_storage.save(key, File(opened))
    return StoredFile(
        key=key,
        filename=PurePosixPath(key).name,
        size_bytes=source.stat().st_size,
        sha256=sha256,
    )


def adopt(
    source: Path,
    *,
    project: Project,
    area: Area,
    name: str,
    sha256: str,
    content_type: str = "",
) -> StoredFile:
    """Move a local file into the tree; the hash in its name is that of its content."""
    size_bytes = source.stat().st_size
    path = PurePosixPath(safe_name(name))
    for again in count():
        token = sha256[:12] if not again else f"{sha256[:12]}-{again + 1}"
        key = f"{area}/{project.folder}/{path.stem}-{token}{path.suffix}"
        if _move_in(source, key, content_type):
            break
    return StoredFile(
        key=key,
        filename=PurePosixPath(key).name,
        size_bytes=size_bytes,
        sha256=sha256,
    )


def _move_in(source: Path, key: str, content_type: str) -> bool:
    """False when the name is taken."""
    if isinstance(default_storage, FileSystemStorage):
        target = Path(default_storage.path(key))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except FileExistsError:
            return False
        source.unlink()
        _sync_folder(target.parent)
        return True
    if default_storage.exists(key):
        return False
    with source.open("rb") as opened:
        file = File(opened, name=key)
        # What the bucket says of the file to those who fetch it there.
        file.content_type = content_type or "application/octet-stream"  # type: ignore[attr-defined]
        default_storage.save(key, file)
    source.unlink()
    return True


def _sync_folder(folder: Path) -> None:
    """A new name lasts only once its folder is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def on_disk() -> bool:
    return isinstance(default_storage, FileSystemStorage)


def bucket() -> Any:
    """The bucket behind the storage; boto3 carries no types."""
    return default_storage.bucket  # type: ignore[attr-defined]


def _options() -> Mapping[str, Any]:
    options: Mapping[str, Any] = settings.STORAGES["default"]["OPTIONS"]
    return options


@cache
def client(endpoint: str) -> Any:
    """One for all threads: each costs a third of a second, and megabytes."""
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


def bucket_client() -> Any:
    """The one that speaks to the bucket from here; browsers may know it by another name."""
    return client(_options()["endpoint_url"])


def head(key: str, size_bytes: int) -> bytes:
    """The first bytes of an object in the bucket."""
    here, wanted = bucket_client(), f"bytes=0-{size_bytes - 1}"
    try:
        told = here.get_object(Bucket=settings.S3_BUCKET, Key=key, Range=wanted)
    except here.exceptions.NoSuchKey as error:
        raise NotFoundError("This file has been removed.") from error
    with closing(told["Body"]) as body:
        # Servers may send all of it: what else comes is not wanted.
        return bytes(body.read(size_bytes))


def chunks(key: str) -> Iterator[bytes]:
    """A stored file's bytes, a few at a time."""
    if on_disk():
        with Path(default_storage.path(key)).open("rb", buffering=0) as source:
            while chunk := source.read(CHUNK):
                yield chunk
        return
    told = bucket_client().get_object(Bucket=settings.S3_BUCKET, Key=key)
    with closing(told["Body"]) as body:
        yield from body.iter_chunks(NETWORK_CHUNK)


def new_key(project: Project, area: Area, name: str) -> str:
    """A key that is readable, sanitised and unique: a random token guards the name."""
    path = PurePosixPath(safe_name(name))
    unique = f"{path.stem[:120]}-{secrets.token_hex(6)}{path.suffix}"
    return f"{area}/{project.folder}/{unique}"


def safe_name(name: str) -> str:
    """A file name of plain characters, whatever was sent; its ending is kept."""
    # Some buckets take ASCII letters, digits and few signs only.
    base = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", base).lstrip(".-_")
    path = PurePosixPath(plain or "file")
    return f"{path.stem[:120]}{path.suffix[:16]}"


def local_copy(key: str, folder: Path) -> Path:
    """The stored file as a local path: itself on disk, else downloaded into `folder`."""
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.path(key))
    target = folder / PurePosixPath(key).name
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f"{target.suffix}.part")
        try:
            with part.open("wb") as sink:
                sink.writelines(chunks(key))
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
    return target


def delete(key: str) -> None:
    """Remove a stored file; one that is gone already is fine."""
    if key:
        default_storage.delete(key)


def hash_file(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _copy_on_disk(source: Path, target: Path) -> None:
    """Copy so that a crash leaves the whole file or none, by link where it can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(target)
    finally:
        # On a full disk the half of it would only make matters worse.
        part.unlink(missing_ok=True)
