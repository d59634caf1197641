"""H5P Interactive Video: the proxy with the questions on its timeline."""

import html
import json
import random
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quizzes.content import Lesson, Question, QuestionType
from quizzes.errors import LibrariesIncompleteError
from quizzes.exports.packages import write_package


@dataclass(frozen=True, kw_only=True)
class Library:
    name: str
    major: int
    minor: int

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.major}.{self.minor}"

    @property
    def label(self) -> str:
        return f"{self.name} {self.major}.{self.minor}"


VIDEO = Library(name="H5P.InteractiveVideo", major=1, minor=27)
CHOICE = Library(name="H5P.MultiChoice", major=1, minor=16)
TRUE_FALSE = Library(name="H5P.TrueFalse", major=1, minor=8)
BLANKS = Library(name="H5P.Blanks", major=1, minor=14)
# What those need to run, at the versions they were released with.
_NEEDED = (
    CHOICE,
    TRUE_FALSE,
    BLANKS,
    Library(name="H5P.Video", major=1, minor=6),
    Library(name="H5P.Question", major=1, minor=5),
    Library(name="H5P.JoubelUI", major=1, minor=3),
    Library(name="H5P.DragNBar", major=1, minor=5),
    Library(name="H5P.DragNDrop", major=1, minor=1),
    Library(name="H5P.DragNResize", major=1, minor=2),
    Library(name="H5P.Transition", major=1, minor=0),
    Library(name="H5P.FontIcons", major=1, minor=0),
    Library(name="H5P.TextUtilities", major=1, minor=3),
    Library(name="jQuery.ui", major=1, minor=10),
    Library(name="FontAwesome", major=4, minor=5),
    VIDEO,
)


def write_h5p(
    lesson: Lesson, video: Path, target: Path, *, libraries: str = ""
) -> Path:
    """The package; with a folder of libraries it also installs where they are missing."""
    texts: dict[str, str | bytes] = {
        "h5p.json": _told(_package(lesson)),
        "content/content.json": _told(content(lesson, f"videos/{video.name}")),
    }
    files = {f"content/videos/{video.name}": video}
    if libraries:
        files |= _library_files(Path(libraries))
    return write_package(target, texts, files)


def _told(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _package(lesson: Lesson) -> dict[str, Any]:
    return {
        "title": lesson.title[:255],
        "language": lesson.quiz.language or "und",
        "mainLibrary": VIDEO.name,
        "embedTypes": ["iframe"],
        "license": "U",
        "preloadedDependencies": [
            {
                "machineName": library.name,
                "majorVersion": library.major,
                "minorVersion": library.minor,
            }
            for library in _NEEDED
        ],
    }


def _library_files(folder: Path) -> dict[str, Path]:
    missing = [lib.folder for lib in _NEEDED if not (folder / lib.folder).is_dir()]
    if missing:
        raise LibrariesIncompleteError(missing=missing)
    return {
        str(path.relative_to(folder)): path
        for library in _NEEDED
        for path in sorted((folder / library.folder).rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def content(lesson: Lesson, video: str) -> dict[str, Any]:
    mime = "video/webm" if video.endswith(".webm") else "video/mp4"
    return {
        "interactiveVideo": {
            "video": {
                "startScreenOptions": {
                    "title": lesson.title,
                    "hideStartTitle": False,
                },
                "textTracks": {"videoTrack": []},
                "files": [{"path": video, "mime": mime, "copyright": {"license": "U"}}],
            },
            "assets": {
                "interactions": [_interaction(q) for q in lesson.quiz.questions],
                "bookmarks": [
                    {"time": scene.start, "label": scene.title}
                    for scene in lesson.scenes
                    if scene.title
                ],
                "endscreens": [{"time": max(lesson.duration - 1, 0), "label": "End"}],
            },
            "summary": {"task": {}, "displayAt": 3},
        },
        "override": {
            "autoplay": False,
            "loop": False,
            "showBookmarksmenuOnLoad": False,
            "showRewind10": True,
            "preventSkippingMode": "none",
            "deactivateSound": False,
        },
    }


def _interaction(question: Question) -> dict[str, Any]:
    library, params = _action(question)
    return {
        "x": 12,
        "y": 8,
        "width": 40,
        "height": 24,
        # Shown from the moment at which the passage has been said.
        "duration": {"from": question.end, "to": round(question.end + 1, 2)},
        "libraryTitle": library.name.removeprefix("H5P."),
        "pause": True,
        "displayType": "poster",
        "buttonOnMobile": False,
        "label": "",
        "adaptivity": {
            "correct": {"allowOptOut": False, "message": ""},
            "wrong": {
                "allowOptOut": True,
                "message": "",
                "seekTo": question.start,
                "seekLabel": "See it again",
            },
            "requireCompletion": False,
        },
        "action": {
            "library": library.label,
            "params": params,
            # Stable, so that a second import finds the learner's state again.
            "subContentId": str(uuid.uuid5(uuid.NAMESPACE_OID, question.id)),
            "metadata": {
                "contentType": library.name.removeprefix("H5P."),
                "license": "U",
                "title": question.prompt[:100],
            },
        },
    }


def _action(question: Question) -> tuple[Library, dict[str, Any]]:
    match question.type:
        case QuestionType.TRUE_FALSE:
            right = question.keys[0].text == "True"
            return TRUE_FALSE, {
                "question": _paragraph(question.prompt),
                "correct": "true" if right else "false",
                "behaviour": _BEHAVIOUR
                | {
                    "feedbackOnCorrect": question.explanation,
                    "feedbackOnWrong": question.explanation,
                },
                "l10n": {"trueText": "True", "falseText": "False"},
            }
        case QuestionType.MULTIPLE_CHOICE | QuestionType.MULTIPLE_ANSWER:
            return CHOICE, _multiple(question)
        case QuestionType.ORDERING:
            return BLANKS, _numbered(question)
        case _:
            return BLANKS, _blanks(question)


_BEHAVIOUR = {
    "enableRetry": True,
    "enableSolutionsButton": True,
    "confirmCheckDialog": False,
    "confirmRetryDialog": False,
}


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _multiple(question: Question) -> dict[str, Any]:
    single = question.type is QuestionType.MULTIPLE_CHOICE
    return {
        "question": _paragraph(question.prompt),
        "answers": [
            {
                "text": f"<div>{html.escape(choice.text)}</div>",
                "correct": choice.correct,
                "tipsAndFeedback": {
                    "tip": "",
                    "chosenFeedback": html.escape(
                        question.explanation if choice.correct else choice.feedback
                    ),
                    "notChosenFeedback": "",
                },
            }
            for choice in question.choices
        ],
        "overallFeedback": [{"from": 0, "to": 100}],
        "behaviour": _BEHAVIOUR
        | {
            "type": "single" if single else "multi",
            "singlePoint": False,
            "randomAnswers": True,
            "showSolutionsRequiresInput": True,
            "autoCheck": False,
            "passPercentage": 100,
            "showScorePoints": True,
        },
    }


def _blanks(question: Question) -> dict[str, Any]:
    # Between asterisks stands the answer, other spellings behind slashes.
    answers = "/".join(_unstarred(text) for text in question.accepted)
    prompt = html.escape(_unstarred(question.prompt))
    if "___" in prompt:
        text = re.sub(r"_{3,}", f"*{answers}*", prompt, count=1)
        task = "Fill in the gap."
    else:
        text, task = f"*{answers}*", question.prompt
    return _blanks_params(task, [text])


def _numbered(question: Question) -> dict[str, Any]:
    steps = list(enumerate(question.choices, start=1))
    random.Random(question.id).shuffle(steps)
    lines = [
        f"*{place}* {html.escape(_unstarred(choice.text))}" for place, choice in steps
    ]
    return _blanks_params(f"{question.prompt} Write 1, 2, 3 … before them.", lines)


def _blanks_params(task: str, lines: list[str]) -> dict[str, Any]:
    return {
        "text": _paragraph(task),
        "questions": [f"<p>{line}</p>" for line in lines],
        "overallFeedback": [{"from": 0, "to": 100}],
        "behaviour": _BEHAVIOUR
        | {
            "autoCheck": False,
            "caseSensitive": False,
            "showSolutionsRequiresInput": True,
            "separateLines": False,
            "acceptSpellingErrors": True,
        },
    }


def _unstarred(text: str) -> str:
    return text.replace("*", "∗").replace("/", "⁄")
