"""From what people left in the rows to everything that learning platforms take."""

from pathlib import Path

from django.conf import settings

from jobs.pipeline import OutputFile, StageResult, Workbench
from jobs.toolbox import captions
from quizzes import reading
from quizzes.content import Lesson
from quizzes.errors import NothingToExportError
from quizzes.exports import (
    anki,
    gift,
    h5p,
    moodle,
    pdf,
    qti12,
    qti21,
    scorm,
    tables,
    video,
)
from quizzes.exports.packages import write_package
from quizzes.facts import CollectedFacts, MediaSummary
from quizzes.params import DocumentParams, ExportParams, Format
from quizzes.stages.scenes import chapters_of, chapters_vtt
from quizzes.stages.transcription import cues_of

_QUESTION_FORMATS = frozenset(Format) - {Format.CAPTIONS, Format.CHAPTERS, Format.JSON}


def collect(bench: Workbench[DocumentParams]) -> StageResult:
    """Read the quiz as it is now: reviewed, edited, put in order by people."""
    wanted = bench.params.quiz if isinstance(bench.params, ExportParams) else ""
    lesson = reading.lesson_to_export(
        job_id=bench.job_id, asset_id=bench.inputs[0].asset_id, quiz_id=wanted
    )
    if not (lesson.quiz.questions or lesson.transcript.segments or lesson.scenes):
        raise NothingToExportError
    return StageResult(
        facts=CollectedFacts(lesson=lesson),
        note=f"{len(lesson.quiz.questions)} questions",
    )


def write_documents(bench: Workbench[DocumentParams]) -> StageResult:
    """One file a format."""
    lesson = bench.facts("collect", CollectedFacts).lesson
    formats = set(bench.params.formats)
    if not lesson.quiz.questions:
        formats -= _QUESTION_FORMATS
    files: list[OutputFile] = []
    for number, kind in enumerate(sorted(formats)):
        bench.report(number / len(formats), f"Writing {kind.value}")
        files += _documents(kind, lesson, bench)
    return StageResult(files=files, note=f"{len(files)} files")


def _documents(
    kind: Format, lesson: Lesson, bench: Workbench[DocumentParams]
) -> list[OutputFile]:
    folder, quiz = bench.workdir, lesson.quiz
    match kind:
        case Format.QTI12:
            return [_made(qti12.write_qti12(quiz, folder / "qti12.zip"), "qti12")]
        case Format.QTI21:
            return [_made(qti21.write_qti21(quiz, folder / "qti21.zip"), "qti21")]
        case Format.MOODLE_XML:
            return [
                _written(folder / "moodle.xml", "moodle_xml", moodle.moodle_xml(quiz))
            ]
        case Format.GIFT:
            return [_written(folder / "quiz.gift.txt", "gift", gift.gift(quiz))]
        case Format.CSV:
            return [_written(folder / "quiz.csv", "csv", tables.csv_table(lesson))]
        case Format.JSON:
            text = tables.json_document(lesson)
            return [_written(folder / "lesson.json", "lesson_json", text)]
        case Format.ANKI:
            return [_made(anki.write_anki(lesson, folder / "quiz.apkg"), "anki")]
        case Format.PDF:
            sheet, key = folder / "quiz.pdf", folder / "quiz-with-answers.pdf"
            return [
                _made(pdf.write_pdf(lesson, sheet, answers=False), "pdf"),
                _made(pdf.write_pdf(lesson, key, answers=True), "pdf_answers"),
            ]
        case Format.CAPTIONS:
            return _captions(lesson, folder)
        case Format.CHAPTERS:
            text = chapters_vtt(chapters_of(lesson.scenes))
            written = _written(folder / "chapters.vtt", "chapters", text)
            return [written] if lesson.scenes else []
        case Format.H5P | Format.SCORM:
            return _playable(kind, lesson, bench)


def _playable(
    kind: Format, lesson: Lesson, bench: Workbench[DocumentParams]
) -> list[OutputFile]:
    """Packages with the video in them."""
    proxy = bench.files("proxy", "proxy")[0].path
    folder = bench.workdir
    if kind is Format.SCORM:
        vtt = captions.to_vtt(cues_of(lesson.transcript))
        vtt = vtt if lesson.transcript.segments else ""
        return [
            _made(
                scorm.write_scorm(lesson, proxy, folder / "scorm.zip", vtt=vtt), "scorm"
            )
        ]
    if not bench.facts("probe", MediaSummary).has_video:
        bench.log("H5P Interactive Video needs a picture; it is left out.", "warning")
        return []
    made = h5p.write_h5p(
        lesson, proxy, folder / "quiz.h5p", libraries=settings.H5P_LIBRARIES
    )
    return [_made(made, "h5p")]


def _captions(lesson: Lesson, folder: Path) -> list[OutputFile]:
    if not lesson.transcript.segments:
        return []
    cues = cues_of(lesson.transcript)
    return [
        _written(folder / "captions.srt", "captions_srt", captions.to_srt(cues)),
        _written(folder / "captions.vtt", "captions_vtt", captions.to_vtt(cues)),
    ]


def _made(path: Path, role: str) -> OutputFile:
    return OutputFile(path=path, role=role)


def _written(path: Path, role: str, content: str | bytes) -> OutputFile:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_bytes(content)
    return _made(path, role)


def render_video(bench: Workbench[DocumentParams]) -> StageResult:
    """The lesson with its questions, a countdown and the answers in the picture."""
    lesson = bench.facts("collect", CollectedFacts).lesson
    has_video = bench.facts("probe", MediaSummary).has_video
    if not (bench.params.quiz_video and has_video and lesson.quiz.questions):
        return StageResult(note="Not asked for, or nothing to show")
    bench.report(0.0, "Rendering the quiz video")
    made = video.write_quiz_video(
        lesson,
        bench.files("proxy", "proxy")[0].path,
        bench.workdir / "quiz-video.mp4",
        countdown_s=bench.params.countdown_seconds,
        on_progress=bench.reporter(0.0, 0.95),
    )
    return StageResult(files=[OutputFile(path=made, role="quiz_video")])


def pack(bench: Workbench[DocumentParams]) -> StageResult:
    """Everything in one ZIP."""
    bench.report(0.1, "Packing")
    found = [*bench.files("documents"), *bench.files("quiz_video")]
    target = write_package(
        bench.workdir / "lesson.zip", {}, {file.filename: file.path for file in found}
    )
    return StageResult(files=[OutputFile(path=target, role="archive")])
