"""Files that come with a form."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from jobs.files.assets import receive
from jobs.files.forms import ReceivedFile
from jobs.files.intake import Intake
from jobs.files.quotas import form_limit
from jobs.inputs import Kind
from jobs.models import Asset, Project
from jobs.registry import AnyPipeline

CHUNK = 2**20
# What a browser's file dialogue shows first, by kind.
_ACCEPT = {
    Kind.IMAGE: "image/*,.heic,.heif",
    Kind.VIDEO: "video/*",
    Kind.AUDIO: "audio/*",
    Kind.MODEL: ".glb,.usdz,.obj,.ply,.stl",
    Kind.CAPTIONS: ".vtt,.srt",
    Kind.ARCHIVE: ".zip",
    Kind.DATA: ".json",
    Kind.DOCUMENT: ".pdf,.txt,.md",
}


def accept_of(kinds: frozenset[Kind]) -> str:
    return ",".join(_ACCEPT[kind] for kind in sorted(kinds))


def receive_form_file(
    project: Project, file: UploadedFile[Any], pipeline: AnyPipeline
) -> Asset:
    if isinstance(file, ReceivedFile):
        incoming = file.incoming
    else:
        incoming = Intake(limit=form_limit()).take(file.chunks(CHUNK))
    return receive(
        project, incoming, filename=file.name or "file", accept=pipeline.inputs.kinds
    )
