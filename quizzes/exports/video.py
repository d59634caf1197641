"""The quiz as a video: it stops, asks, counts down, shows the answer, and goes on."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from jobs.toolbox import ffmpeg, frames
from jobs.toolbox.fonts import Typeface, drawn, fitted
from jobs.toolbox.probing import MediaFacts, probe
from quizzes.content import Lesson, Question, QuestionType, in_video_order
from quizzes.exports.anki import answer_text

_ANSWER_S = 5.0
_MOST_HEIGHT_PX = 720
_BOLD = Typeface(family="Inter", weight=700)
_PLAIN = Typeface(family="Inter", weight=500)
_INK, _SOFT, _GREEN, _LINE = (
    (243, 246, 251),
    (168, 182, 204),
    (116, 218, 160),
    (74, 92, 122),
)
_LETTERS = "ABCDEFGHIJ"

Canvas = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """What all pieces share, so that they can be put together without encoding again."""

    width: int
    height: int
    fps: float
    has_sound: bool


def write_quiz_video(
    lesson: Lesson,
    video: Path,
    target: Path,
    *,
    countdown_s: int,
    on_progress: Callable[[float], None],
) -> Path:
    facts = probe(video)
    assert facts.video is not None
    scale = min(1.0, _MOST_HEIGHT_PX / facts.video.height_px)
    frame = _Frame(
        width=round(facts.video.width_px * scale / 2) * 2,
        height=round(facts.video.height_px * scale / 2) * 2,
        fps=min(facts.video.fps or 30.0, 30.0),
        has_sound=bool(facts.audio),
    )
    questions = in_video_order(lesson.quiz.questions)
    pieces = _pieces(
        questions, video, facts, frame, target.parent, countdown_s, on_progress
    )
    names = target.parent / "pieces.txt"
    names.write_text("".join(f"file '{piece.name}'\n" for piece in pieces))
    ffmpeg.run(
        [
            *("-f", "concat", "-safe", "1", "-i", names),
            *("-c", "copy", "-movflags", "+faststart", target),
        ]
    )
    for piece in pieces:
        piece.unlink()
    names.unlink()
    return target


def _pieces(
    questions: Sequence[Question],
    video: Path,
    facts: MediaFacts,
    frame: _Frame,
    folder: Path,
    countdown_s: int,
    on_progress: Callable[[float], None],
) -> list[Path]:
    """The lesson cut at its questions, with a card for each in between."""
    pieces: list[Path] = []
    at_s = 0.0
    stops = [min(q.end + 0.2, facts.duration_s) for q in questions]
    for number, (question, stop_s) in enumerate(zip(questions, stops, strict=True)):
        if stop_s - at_s > 0.2:
            pieces.append(_stretch(video, at_s, stop_s, frame, folder, len(pieces)))
            at_s = stop_s
        backdrop = _backdrop(video, stop_s - 0.1, frame)
        label = f"Question {number + 1} of {len(questions)}"
        pieces.append(
            _card(question, label, backdrop, frame, folder, len(pieces), countdown_s)
        )
        on_progress(min(at_s / facts.duration_s, 0.99))
    if facts.duration_s - at_s > 0.2:
        pieces.append(
            _stretch(video, at_s, facts.duration_s, frame, folder, len(pieces))
        )
    return pieces


def _coding(frame: _Frame) -> list[str]:
    coding = ["-c:v", "libx264", "-preset", "superfast", "-crf", "23"]
    coding += ["-pix_fmt", "yuv420p", "-r", f"{frame.fps:.6g}", "-g", "60"]
    coding += ["-video_track_timescale", "90000"]
    if frame.has_sound:
        coding += ["-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"]
    return coding


def _stretch(
    video: Path, start_s: float, end_s: float, frame: _Frame, folder: Path, number: int
) -> Path:
    piece = folder / f"piece-{number:03}.mp4"
    scale = f"scale={frame.width}:{frame.height},setsar=1"
    tracks: list[str] = [
        "-map",
        "0:V:0",
        *(["-map", "0:a:0"] if frame.has_sound else []),
    ]
    ffmpeg.run(
        [
            *("-ss", f"{start_s:.3f}", "-t", f"{end_s - start_s:.3f}", "-i", video),
            *tracks,
            *("-vf", scale),
            *_coding(frame),
            piece,
        ]
    )
    return piece


def _backdrop(video: Path, moment_s: float, frame: _Frame) -> Image.Image:
    """The lesson's last picture, blurred and darkened: one sees where one is."""
    still = Image.fromarray(frames.at(video, max(moment_s, 0.0)))
    still = still.resize((frame.width, frame.height))
    dark = Image.new("RGB", still.size, (14, 20, 32))
    return Image.blend(
        still.filter(ImageFilter.GaussianBlur(frame.height / 40)), dark, 0.82
    )


def _card(
    question: Question,
    label: str,
    backdrop: Image.Image,
    frame: _Frame,
    folder: Path,
    number: int,
    countdown_s: int,
) -> Path:
    """The question with a countdown, then the same with its answer shown."""
    piece = folder / f"piece-{number:03}.mp4"
    asked = _drawn(question, label, backdrop, reveal=False)
    told = _drawn(question, label, backdrop, reveal=True)
    fps = round(frame.fps)
    total_s = countdown_s + _ANSWER_S
    silent = ["-f", "lavfi", "-t", f"{total_s}", "-i", "anullsrc=r=48000:cl=stereo"]
    size = f"{frame.width}x{frame.height}"
    arguments = [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "5", "-i", "pipe:0"),
        *(silent if frame.has_sound else []),
        *_coding(frame),
        *("-tune", "stillimage", "-t", f"{total_s}", str(piece)),
    ]
    assert fps > 0
    with ffmpeg.writing(arguments) as pipe:
        for tick in range(countdown_s * 5):
            left = 1.0 - tick / (countdown_s * 5)
            pipe.write(_counted(asked, left, countdown_s).tobytes())
        answer = np.asarray(told).tobytes()
        for _ in range(int(_ANSWER_S * 5)):
            pipe.write(answer)
    return piece


def _counted(card: Image.Image, left: float, countdown_s: int) -> Canvas:
    """A ring that empties, with the seconds in it."""
    shown = card.copy()
    pen = ImageDraw.Draw(shown)
    radius = card.height // 15
    x, y = card.width - radius * 2, radius * 2
    box = (x - radius, y - radius, x + radius, y + radius)
    pen.ellipse(box, outline=_LINE, width=max(4, radius // 7))
    pen.arc(box, -90, -90 + 360 * left, fill=_GREEN, width=max(4, radius // 7))
    seconds = str(max(1, int(np.ceil(left * countdown_s))))
    _write_text(shown, [seconds], _BOLD, round(radius * 0.9), (x, y), _INK, centre=True)
    return np.asarray(shown)


def _drawn(
    question: Question, label: str, backdrop: Image.Image, *, reveal: bool
) -> Image.Image:
    card = backdrop.copy()
    width, height = card.size
    left, inner = width // 14, width - width // 7
    _write_text(card, [label], _PLAIN, height // 28, (left, height // 16), _SOFT)
    size, lines = fitted(
        question.prompt,
        _BOLD,
        max_width_px=inner - height // 6,
        max_height_px=height * 0.3,
        largest_px=height // 15,
        smallest_px=height // 30,
        max_lines=4,
    )
    top = height // 8
    _write_text(card, lines, _BOLD, size, (left, top), _INK)
    top += round(size * 1.15 * len(lines)) + height // 20
    for row in _rows(question, reveal=reveal):
        top += _row(card, row, left, top, inner)
    if reveal and question.explanation:
        size, lines = fitted(
            question.explanation,
            _PLAIN,
            max_width_px=inner,
            max_height_px=max(height - top - height // 24, height // 16),
            largest_px=height // 30,
            smallest_px=height // 45,
            max_lines=4,
        )
        _write_text(card, lines, _PLAIN, size, (left, top + height // 60), _SOFT)
    return card


@dataclass(frozen=True, kw_only=True)
class _Row:
    sign: str
    text: str
    right: bool


def _rows(question: Question, *, reveal: bool) -> list[_Row]:
    if not question.choices:
        return (
            [_Row(sign="→", text=answer_text(question), right=True)] if reveal else []
        )
    shown = list(question.choices)
    ordering = question.type is QuestionType.ORDERING
    if ordering and not reveal:
        random.Random(question.id).shuffle(shown)
    signs = (
        [str(n + 1) for n in range(len(shown))]
        if ordering and reveal
        else (["•"] * len(shown) if ordering else list(_LETTERS))
    )
    return [
        _Row(sign=sign, text=choice.text, right=reveal and choice.correct)
        for sign, choice in zip(signs, shown, strict=False)
    ]


def _row(card: Image.Image, row: _Row, left: int, top: int, inner: int) -> int:
    height = card.height
    size, lines = fitted(
        row.text,
        _PLAIN,
        max_width_px=inner - height // 9,
        max_height_px=height * 0.12,
        largest_px=height // 21,
        smallest_px=height // 36,
        max_lines=2,
    )
    tall = round(size * 1.15 * len(lines)) + height // 40
    pen = ImageDraw.Draw(card)
    box = (left, top, left + inner, top + tall)
    colour = _GREEN if row.right else _LINE
    pen.rounded_rectangle(
        box, height // 60, outline=colour, width=4 if row.right else 2
    )
    middle = top + tall // 2
    _write_text(
        card,
        [row.sign],
        _BOLD,
        size,
        (left + height // 26, middle),
        _GREEN if row.right else _SOFT,
        centre=True,
    )
    place = (left + height // 13, top + height // 80)
    _write_text(card, lines, _PLAIN, size, place, _GREEN if row.right else _INK)
    return tall + height // 70


def _write_text(
    card: Image.Image,
    lines: Sequence[str],
    face: Typeface,
    size_px: int,
    place: tuple[int, int],
    colour: tuple[int, int, int],
    *,
    centre: bool = False,
) -> None:
    """Text in any script, by the toolbox's coverage masks."""
    mask = Image.fromarray(drawn(lines, face, size_px, align="left"))
    x, y = place
    if centre:
        x, y = x - mask.width // 2, y - round(mask.height * 0.46)
    else:
        # The mask keeps room at its sides for italics.
        x -= round(size_px * 0.2)
    card.paste(Image.new("RGB", mask.size, colour), (x, y), mask)
