"""Files that came in become assets: looked at, moved into the tree, written down."""

import codecs
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from jobs.errors import RequestError, UnreadableMediaError
from jobs.files import quotas, storage, thumbnails
from jobs.files.intake import Incoming, check_kind, incoming_folder, kinds_for
from jobs.files.storage import Area, StoredFile
from jobs.inputs import Kind
from jobs.models import Asset, Project
from jobs.toolbox import sources
from jobs.toolbox.sniffing import Sniffed
from jobs.toolbox.sources import Source

# Pictures that Pillow does not open; what uses them looks for itself.
NOT_MEASURED = ("image/openraster",)


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a file's content says of it."""

    kind: Kind
    content_type: str
    extension: str
    width_px: int | None = None
    height_px: int | None = None
    duration_s: float | None = None
    details: dict[str, Any] = field(default_factory=dict)  # JSON


class Arrival(Protocol):
    """A file that is here whole and belongs to nobody yet, wherever its bytes lie."""

    @property
    def source(self) -> Source: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def sniffed(self) -> Sniffed | None: ...

    def keep(
        self, project: Project, *, area: Area, name: str, content_type: str
    ) -> StoredFile:
        """Put it where it is to stay."""


def receive(
    project: Project,
    incoming: Incoming,
    *,
    filename: str,
    accept: frozenset[Kind] | None = None,
    area: Area = Area.UPLOADS,
) -> Asset:
    """Make an asset of what came in; what is refused is not kept.

    `accept` narrows what a door takes.
    """
    with _discarding(incoming):
        return register(project, incoming, filename=filename, accept=accept, area=area)


@contextmanager
def _discarding(incoming: Incoming) -> Iterator[None]:
    try:
        yield
    finally:
        # Once it was moved into the tree there is nothing left here.
        incoming.discard()


def register(
    project: Project,
    arrival: Arrival,
    *,
    filename: str,
    accept: frozenset[Kind] | None = None,
    area: Area = Area.UPLOADS,
) -> Asset:
    """Look at a file, keep it, and write it down."""
    check_kind(arrival.sniffed, accept or kinds_for(filename))
    quotas.check_bytes_quota(project.owner, arrival.size_bytes)
    told = describe(arrival, name=filename)
    name = with_extension(filename, told.extension)
    thumbnail_key = keep_thumbnail(
        arrival.source,
        project,
        told.kind,
        stem=PurePosixPath(name).stem,
        duration_s=told.duration_s,
    )
    stored = arrival.keep(project, area=area, name=name, content_type=told.content_type)
    return Asset.objects.create(
        project=project,
        kind=told.kind,
        filename=stored.filename,
        original_filename=PurePosixPath(filename.replace("\\", "/")).name[:255],
        content_type=told.content_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=told.width_px,
        height=told.height_px,
        duration=told.duration_s,
        details=told.details,
        storage_key=stored.key,
        thumbnail_key=thumbnail_key,
    )


def describe(arrival: Arrival, *, name: str) -> Described:
    """Look into a file; raises UnreadableMediaError."""
    sniffed = arrival.sniffed
    if sniffed is None:
        raise RequestError("This file is of no known kind.")
    if sniffed.kind in (Kind.VIDEO, Kind.AUDIO):
        return _describe_sound_or_video(arrival.source)
    if sniffed.kind == Kind.IMAGE and sniffed.content_type not in NOT_MEASURED:
        return _describe_image(arrival.source, sniffed, name)
    if sniffed.kind in quotas.TEXT_KINDS:
        _check_text(arrival.source)
    return Described(
        kind=sniffed.kind,
        content_type=sniffed.content_type,
        extension=sniffed.extension,
    )


def _describe_image(source: Source, sniffed: Sniffed, name: str) -> Described:
    from jobs.toolbox.images import measure

    with sources.local(source, incoming_folder()) as path:
        facts = measure(path, name=name, min_side_px=1)
    return Described(
        kind=Kind.IMAGE,
        content_type=sniffed.content_type,
        extension=sniffed.extension,
        width_px=facts.width_px,
        height_px=facts.height_px,
        details={"format": facts.format, "alpha": facts.has_alpha},
    )


def _check_text(source: Source) -> None:
    """Transcripts and captions go to readers of many makes: UTF-8 is read by them all."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with source.open("rb") as text:
            while chunk := text.read(storage.CHUNK):
                if "\0" in decoder.decode(chunk):
                    raise UnreadableMediaError("This text holds zero characters.")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnreadableMediaError(
            "This text is not in UTF-8. Save it in that encoding and send it again."
        ) from error


def _describe_sound_or_video(source: Source) -> Described:
    from jobs.toolbox.probing import probe

    facts = probe(source)
    return Described(
        kind=facts.kind,
        content_type=facts.content_type,
        extension=facts.extension,
        width_px=facts.width_px,
        height_px=facts.height_px,
        duration_s=facts.duration_s,
        details={
            "container": facts.container,
            "video": asdict(facts.video) if facts.video else None,
            "audio": [asdict(track) for track in facts.audio],
            "subtitles": list(facts.subtitles),
        },
    )


def with_extension(filename: str, extension: str) -> str:
    """The name with the ending that its content has: names are not believed."""
    path = PurePosixPath(filename.replace("\\", "/"))
    same = {".jpeg": ".jpg", ".tif": ".tiff", ".m4v": ".mp4", ".qt": ".mov"}
    ending = path.suffix.lower()
    if same.get(ending, ending) == extension:
        return path.name
    return f"{path.stem or 'file'}{extension}"


def keep_thumbnail(
    source: Source, project: Project, kind: Kind, *, stem: str, duration_s: float | None
) -> str:
    """The storage key of a small picture of a file; empty where it has none."""
    target = incoming_folder() / f"{secrets.token_hex(12)}.webp"
    try:
        if not thumbnails.draw(source, target, kind, duration_s=duration_s):
            return ""
        stored = storage.adopt(
            target,
            project=project,
            area=Area.THUMBNAILS,
            name=f"{stem}.webp",
            sha256=storage.hash_file(target),
            content_type="image/webp",
        )
        return stored.key
    finally:
        target.unlink(missing_ok=True)
