"""Where bytes lie: one tree of areas and project folders, on disk or in a bucket."""

import hashlib
import mimetypes
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path, PurePosixPath

from django.core.files.storage import FileSystemStorage, default_storage

from jobs.files import bucket
from jobs.models import Project

CHUNK = 4 * 2**20
ANY_TYPE = "application/octet-stream"


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
    if on_disk():
        _copy_on_disk(source, Path(default_storage.path(key)))
    else:
        guessed, _ = mimetypes.guess_type(filename)
        bucket.put(source, key, content_type=guessed or ANY_TYPE)
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
    if on_disk():
        target = Path(default_storage.path(key))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except FileExistsError:
            return False
        source.unlink()
        _sync_folder(target.parent)
        return True
    if bucket.exists(key):
        return False
    bucket.put(source, key, content_type=content_type or ANY_TYPE)
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


def chunks(key: str) -> Iterator[bytes]:
    """A stored file's bytes, a few at a time."""
    if on_disk():
        with Path(default_storage.path(key)).open("rb", buffering=0) as source:
            while chunk := source.read(CHUNK):
                yield chunk
        return
    yield from bucket.chunks(key)


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
    if on_disk():
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
    if not key:
        return
    if on_disk():
        default_storage.delete(key)
    else:
        bucket.delete(key)


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
