"""The one way in for bytes: written, hashed and looked at while they come."""

import hashlib
import os
import secrets
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage

from jobs.errors import RequestError, UnsupportedMediaError
from jobs.files import storage
from jobs.files.quotas import SizeLimit
from jobs.files.storage import Area, StoredFile
from jobs.inputs import Kind
from jobs.models import Project
from jobs.toolbox.sniffing import HEAD_BYTES, SVG, Sniffed, sniff

# What people may store: what some pipeline can start from.
MEDIA = frozenset(
    {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.MODEL, Kind.CAPTIONS, Kind.ARCHIVE}
)
# Plain text has no signature: it is a transcript where its name says so, too.
TEXT = "text/plain"
TEXT_ENDINGS = (".txt", ".text")
# What to send instead of what is not taken.
_SUCH_AS = {
    Kind.IMAGE: "a picture (JPEG, PNG, WebP, HEIC, AVIF or TIFF)",
    Kind.VIDEO: "a film (MP4, MOV, MKV or WebM)",
    Kind.AUDIO: "a recording (WAV, MP3, FLAC or M4A)",
    Kind.CAPTIONS: "captions (SRT or WebVTT)",
    Kind.DOCUMENT: "a transcript (.txt)",
    Kind.MODEL: "a 3D model (GLB, USDZ, OBJ, PLY or STL)",
    Kind.ARCHIVE: "an archive (ZIP)",
}
# For larger writes new kernels look for as large pages in the cache, which takes them
# longer than the writing: 4 MiB at once were seen to be four times as slow.
WRITTEN_AT_ONCE = 256 * 1024
# Writing back early keeps the last fsync short.
SYNC_EVERY_BYTES = 64 * 2**20


class EmptyFileError(RequestError):
    """A file without a byte in it."""

    code = "empty_file"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A file that has come in whole and belongs to nobody yet."""

    path: Path
    size_bytes: int
    sha256: str
    sniffed: Sniffed | None
    # The last of it is still on its way to the disk.
    syncing: Future[None] | None = None

    @property
    def source(self) -> Path:
        return self.path

    def keep(
        self, project: Project, *, area: Area, name: str, content_type: str
    ) -> StoredFile:
        """Move it into the tree; raises OSError where it could not be written."""
        if self.syncing:
            # It is to outlast a power cut.
            self.syncing.result()
        return storage.adopt(
            self.path,
            project=project,
            area=area,
            name=name,
            sha256=self.sha256,
            content_type=content_type,
        )

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def incoming_folder() -> Path:
    """Where bytes lie until they are whole: beside the tree, so that moving them is free."""
    if isinstance(default_storage, FileSystemStorage):
        folder = Path(default_storage.path("incoming"))
    else:
        folder = settings.VAR_DIR / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kinds_for(filename: str) -> frozenset[Kind]:
    """What the content of a file of this name may be."""
    if filename.lower().endswith(TEXT_ENDINGS):
        return MEDIA | {Kind.DOCUMENT}
    return MEDIA


def check_kind(sniffed: Sniffed | None, accept: frozenset[Kind]) -> None:
    if sniffed is not None and _is_taken(sniffed, accept):
        return
    if sniffed is not None and sniffed.content_type == SVG:
        raise UnsupportedMediaError(
            "This is an SVG drawing, which has no pixels. Export it as PNG and send that."
        )
    found = f"is {sniffed.content_type}" if sniffed else "is of no known kind"
    taken = " or ".join(words for kind, words in _SUCH_AS.items() if kind in accept)
    raise UnsupportedMediaError(
        f"The content of this file {found}, whatever its name says. Send {taken}."
    )


def _is_taken(sniffed: Sniffed, accept: frozenset[Kind]) -> bool:
    # Of documents only plain text: nothing here starts from the others.
    return sniffed.kind in accept and (
        sniffed.kind != Kind.DOCUMENT or sniffed.content_type == TEXT
    )


class Intake:
    """Takes one file in, chunk by chunk, and refuses it as soon as that can be known.

    Used as a context manager: unless `finish` was reached, nothing is left behind.
    """

    def __init__(
        self,
        *,
        limit: SizeLimit,
        accept: frozenset[Kind] | None = MEDIA,
        path: Path | None = None,
    ) -> None:
        self._limit = limit
        self._accept = accept
        self._path = path or incoming_folder() / secrets.token_hex(12)
        self._file = self._path.open("xb", buffering=0)
        self._digest = hashlib.sha256()
        self._head = b""
        self._sniffed: Sniffed | None = None
        self._looked = False
        self._size = 0
        self._finished = False
        self._syncer = Syncer(self._file.fileno())

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        kind = self._sniffed.kind if self._sniffed else None
        self._limit.check(self._size, kind)
        if not self._looked:
            self._head += chunk[:HEAD_BYTES]
            if len(self._head) >= HEAD_BYTES:
                self._look()
        write_all(self._file.fileno(), chunk)
        self._digest.update(chunk)
        self._syncer.wrote(len(chunk))

    def take(self, chunks: Iterable[bytes]) -> Incoming:
        """Everything at once, from something that yields it."""
        with self:
            for chunk in chunks:
                self.write(chunk)
            return self.finish()

    def finish(self) -> Incoming:
        if not self._size:
            raise EmptyFileError("The file is empty.")
        if not self._looked:
            self._look()
        syncing = self._syncer.finish()
        self._file.close()
        self._finished = True
        return Incoming(
            path=self._path,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
            sniffed=self._sniffed,
            syncing=syncing,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._finished:
            self.abandon()

    def abandon(self) -> None:
        self._syncer.stop()
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _look(self) -> None:
        self._looked = True
        self._sniffed = sniff(self._head)
        if self._accept is not None:
            check_kind(self._sniffed, self._accept)
        if self._sniffed:
            self._limit.check(self._size, self._sniffed.kind)


def write_all(handle: int, chunk: bytes) -> None:
    """In pieces, and over again: unbuffered writes may take less than they are given."""
    view = memoryview(chunk)
    while view:
        view = view[os.write(handle, view[:WRITTEN_AT_ONCE]) :]


class Syncer:
    """Sends what was written to the disk while more is coming."""

    def __init__(self, handle: int) -> None:
        # Its own, since the writer may be done with the file before the disk is.
        self._handle = os.dup(handle)
        self._unsynced = 0
        self._executor: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None
        self._open = True

    def wrote(self, count: int) -> None:
        self._unsynced += count
        if self._unsynced < SYNC_EVERY_BYTES:
            return
        if self._running and not self._running.done():
            return
        self._unsynced = 0
        self._running = self._thread().submit(os.fdatasync, self._handle)

    def finish(self) -> Future[None]:
        """Send the rest while others look at the file already."""
        rest = self._thread().submit(self._sync_and_close)
        self._let_go(wait=False)
        return rest

    def stop(self) -> None:
        if self._open:
            self._let_go(wait=True)
            os.close(self._handle)

    def _thread(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="sync")
        return self._executor

    def _let_go(self, *, wait: bool) -> None:
        self._open = False
        if self._executor:
            self._executor.shutdown(wait=wait)

    def _sync_and_close(self) -> None:
        try:
            os.fsync(self._handle)
        finally:
            os.close(self._handle)
