"""Why a lesson could not become a quiz, one class a reason."""

from jobs.errors import RequestError, StageError


class NoPictureError(StageError):
    code = "no_picture"

    def __init__(self) -> None:
        super().__init__(
            "The file has sound but no picture, so it has no scenes. Leave scenes out, "
            "or upload a video."
        )


class NoSoundError(StageError):
    code = "no_sound"

    def __init__(self) -> None:
        super().__init__(
            "The video has no sound to transcribe. Upload a transcript or subtitles "
            "with it (SRT, VTT or TXT)."
        )


class NoSuchTrackError(StageError):
    code = "no_such_track"

    def __init__(self, *, asked: int, present: int) -> None:
        super().__init__(
            f"There is no audio track {asked}; the file has {present}, counted from 0."
        )
        self.asked = asked
        self.present = present


class BadSubtitlesError(StageError):
    code = "bad_subtitles"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"“{filename}” holds no subtitles that can be read. SRT, WebVTT and plain "
            "text are taken."
        )
        self.filename = filename


class NothingToExportError(StageError):
    code = "nothing_to_export"

    def __init__(self) -> None:
        super().__init__(
            "There is nothing to export yet: make a quiz or a transcript of this video "
            "first."
        )


class LibrariesIncompleteError(StageError):
    code = "h5p_libraries_incomplete"

    def __init__(self, *, missing: list[str]) -> None:
        super().__init__(
            "The folder that H5P_LIBRARIES names lacks " + ", ".join(missing) + "."
        )
        self.missing = missing


class BadQuestionError(RequestError):
    """An edit would leave a question that cannot be asked."""

    code = "bad_question"


class NothingToUndoError(RequestError):
    code = "nothing_to_undo"
