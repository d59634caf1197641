"""Files in forms: taken in while the form is read, refused as soon as they are too large."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from jobs.files.intake import EmptyFileError, Incoming, Intake
from jobs.files.quotas import form_limit

if TYPE_CHECKING:
    Base = UploadedFile[Any]
else:
    # Generic in its stubs only.
    Base = UploadedFile

CHUNK = 2**20


class ReceivedFile(Base):
    """A form's file, on this machine's disk until it is made an asset or the request ends."""

    def __init__(
        self, incoming: Incoming, *, field_name: str, name: str, content_type: str
    ) -> None:
        self.incoming = incoming
        self.field_name = field_name
        super().__init__(
            incoming.path.open("rb"),
            name=name,
            content_type=content_type,
            size=incoming.size_bytes,
        )

    def close(self) -> None:
        super().close()
        self.incoming.discard()

    def temporary_file_path(self) -> str:
        return str(self.incoming.path)


class IntakeHandler(FileUploadHandler):
    """Puts each file of a form through an intake; named in FILE_UPLOAD_HANDLERS."""

    chunk_size = CHUNK
    _intake: Intake | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        # What a form takes is for its view to know: here only sizes are checked.
        self._intake = Intake(limit=form_limit(), accept=None)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._intake
        with ExitStack() as undo:
            # Django tells handlers of no error but its own.
            undo.callback(self._intake.abandon)
            self._intake.write(raw_data)
            undo.pop_all()

    def file_complete(self, file_size: int) -> Base | None:
        assert self._intake
        with self._intake as intake:
            self._intake = None
            try:
                incoming = intake.finish()
            except EmptyFileError:
                # An empty file's field is as good as left out.
                return None
        return ReceivedFile(
            incoming,
            field_name=self.field_name or "",
            name=self.file_name or "file",
            content_type=self.content_type or "",
        )

    def upload_interrupted(self) -> None:
        if self._intake:
            self._intake.abandon()
            self._intake = None
