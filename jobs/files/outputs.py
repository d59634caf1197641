"""Files that a stage made become assets."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.files import storage
from jobs.files.assets import keep_thumbnail
from jobs.files.storage import Area
from jobs.inputs import Kind
from jobs.models import Asset, Job, Stage
from jobs.pipeline import OutputFile
from jobs.toolbox.sniffing import sniff

# The role of a picture that shows what the stage made.
THUMBNAIL = "thumbnail"
_AREAS = {
    Kind.AUDIO: Area.MUSIC,
    Kind.ARCHIVE: Area.EXPORTS,
    Kind.DOCUMENT: Area.EXPORTS,
}
_TYPES = {
    ".usdz": "model/vnd.usdz+zip",
    ".glb": "model/gltf-binary",
    ".ply": "model/ply",
    ".stl": "model/stl",
    ".ora": "image/openraster",
    ".psd": "image/vnd.adobe.photoshop",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".apkg": "application/octet-stream",
    ".h5p": "application/zip",
    ".webp": "image/webp",
}


@dataclass(frozen=True, kw_only=True)
class _Shape:
    width: int | None = None
    height: int | None = None
    duration: float | None = None


def keep(
    output: OutputFile, job: Job, stage: Stage, *, beside: Sequence[OutputFile] = ()
) -> Asset:
    """Store one output; its row is returned unsaved, to be written with the stage's end.

    `beside` are the outputs that were made with it: one may be its picture.
    """
    kind, content_type = _what_it_is(output)
    stored = storage.store(
        output.path,
        project=job.project,
        area=_AREAS.get(kind, Area.PROCESSED),
        name=output.name,
    )
    shape = _shape(output.path, kind) if output.published else _Shape()
    return Asset(
        project_id=job.project_id,
        job=job,
        step=stage.name,
        part=stage.part,
        role=output.role,
        published=output.published,
        kind=kind,
        filename=stored.filename,
        original_filename=output.name,
        content_type=content_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=shape.width,
        height=shape.height,
        duration=shape.duration,
        storage_key=stored.key,
        thumbnail_key=_thumbnail(output, job, kind, shape, beside),
    )


def _thumbnail(
    output: OutputFile,
    job: Job,
    kind: Kind,
    shape: "_Shape",
    beside: Sequence[OutputFile],
) -> str:
    if not output.published:
        return ""
    stem = Path(output.name).stem
    if kind == Kind.MODEL:
        picture = _picture_of(stem, beside)
        if picture is None:
            return ""
        return keep_thumbnail(
            picture.path, job.project, Kind.IMAGE, stem=stem, duration_s=None
        )
    return keep_thumbnail(
        output.path, job.project, kind, stem=stem, duration_s=shape.duration
    )


def _picture_of(stem: str, beside: Sequence[OutputFile]) -> OutputFile | None:
    """The thumbnail that a stage drew of a model of this name."""
    drawn = [output for output in beside if output.role == THUMBNAIL]
    if len(drawn) == 1:
        return drawn[0]
    return next((p for p in drawn if Path(p.name).stem.startswith(stem)), None)


def copy_for(asset: Asset, job: Job, stage: Stage, scratch: Path) -> Asset:
    """The same file for another job: a link on disk, a copy in a bucket."""
    source = storage.local_copy(asset.storage_key, scratch)
    stored = storage.store(
        source,
        project=job.project,
        area=Area(asset.storage_key.split("/")[0]),
        name=asset.original_filename,
    )
    copy = Asset.objects.get(pk=asset.pk)
    copy.pk = Asset._meta.pk.get_default()
    copy._state.adding = True
    copy.project_id = job.project_id
    copy.job = job
    copy.part = stage.part
    copy.filename = stored.filename
    copy.storage_key = stored.key
    copy.thumbnail_key = _copied_thumbnail(asset, job, scratch)
    return copy


def _copied_thumbnail(asset: Asset, job: Job, scratch: Path) -> str:
    if not asset.thumbnail_key:
        return ""
    source = storage.local_copy(asset.thumbnail_key, scratch)
    name = Path(asset.thumbnail_key).name
    stored = storage.store(source, project=job.project, area=Area.THUMBNAILS, name=name)
    return stored.key


def _what_it_is(output: OutputFile) -> tuple[Kind, str]:
    suffix = Path(output.name).suffix.lower()
    named = (
        output.content_type
        or _TYPES.get(suffix)
        or mimetypes.guess_type(output.name)[0]
    )
    sniffed = sniff(output.path)
    content_type = named or (
        sniffed.content_type if sniffed else "application/octet-stream"
    )
    return _kind(content_type, sniffed.kind if sniffed else None), content_type


def _kind(content_type: str, sniffed: Kind | None) -> Kind:
    family = content_type.split("/", maxsplit=1)[0]
    if family in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.MODEL):
        return Kind(family)
    if content_type in ("text/vtt", "application/x-subrip"):
        return Kind.CAPTIONS
    if content_type == "application/json":
        return Kind.DATA
    return sniffed or Kind.DOCUMENT


def _shape(path: Path, kind: Kind) -> _Shape:
    if kind == Kind.IMAGE:
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(path) as image:
                return _Shape(width=image.width, height=image.height)
        except (UnidentifiedImageError, Image.DecompressionBombError):
            return _Shape()
    if kind in (Kind.VIDEO, Kind.AUDIO):
        from jobs.toolbox.probing import probe

        facts = probe(path)
        return _Shape(
            width=facts.video.width_px if facts.video else None,
            height=facts.video.height_px if facts.video else None,
            duration=facts.duration_s,
        )
    return _Shape()
