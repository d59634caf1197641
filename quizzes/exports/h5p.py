"""H5P Interactive Video: the proxy with the questions on its timeline."""

import html
import json
import random
import re
import uuid
from pathlib import Path
from typing import Any

from quizzes.content import Lesson, Question, QuestionType
from quizzes.exports.h5p_libraries import (
    BLANKS,
    CHOICE,
    TRUE_FALSE,
    VIDEO,
    Bundle,
)
from quizzes.exports.packages import write_package


def write_h5p(
    lesson: Lesson, video: Path, target: Path, *, libraries: str = ""
) -> Path:
    """The package; with a folder of libraries it also installs where they are missing."""
    used = [VIDEO, *{_LIBRARIES[question.type] for question in lesson.quiz.questions}]
    bundle = (
        Bundle.from_folder(Path(libraries), used) if libraries else Bundle.by_name(used)
    )
    told = content(lesson, f"videos/{video.name}", bundle)
    texts: dict[str, str | bytes] = {
        "h5p.json": _told(_package(lesson, bundle)),
        "content/content.json": _told(told),
    }
    files = {f"content/videos/{video.name}": video, **bundle.files()}
    return write_package(target, texts, files)


def _told(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _package(lesson: Lesson, bundle: Bundle) -> dict[str, Any]:
    return {
        "title": lesson.title[:255],
        "language": lesson.quiz.language or "und",
        "mainLibrary": VIDEO.name,
        "embedTypes": ["iframe"],
        "license": "U",
        "preloadedDependencies": bundle.dependencies(),
    }


def content(lesson: Lesson, video: str, bundle: Bundle) -> dict[str, Any]:
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
                "interactions": [
                    _interaction(q, bundle) for q in lesson.quiz.questions
                ],
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


def _interaction(question: Question, bundle: Bundle) -> dict[str, Any]:
    library = _LIBRARIES[question.type]
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
            "library": bundle.label(library),
            "params": _params(question),
            # Stable, so that a second import finds the learner's state again.
            "subContentId": str(uuid.uuid5(uuid.NAMESPACE_OID, question.id)),
            "metadata": {
                "contentType": library.name.removeprefix("H5P."),
                "license": "U",
                "title": question.prompt[:100],
            },
        },
    }


_LIBRARIES = {
    QuestionType.MULTIPLE_CHOICE: CHOICE,
    QuestionType.MULTIPLE_ANSWER: CHOICE,
    QuestionType.TRUE_FALSE: TRUE_FALSE,
    QuestionType.ORDERING: BLANKS,
    QuestionType.GAP: BLANKS,
    QuestionType.SHORT_ANSWER: BLANKS,
}


def _params(question: Question) -> dict[str, Any]:
    match question.type:
        case QuestionType.TRUE_FALSE:
            return _true_false(question)
        case QuestionType.MULTIPLE_CHOICE | QuestionType.MULTIPLE_ANSWER:
            return _multiple(question)
        case QuestionType.ORDERING:
            return _numbered(question)
        case _:
            return _blanks(question)


def _true_false(question: Question) -> dict[str, Any]:
    right = question.keys[0].text == "True"
    return {
        "question": _paragraph(question.prompt),
        "correct": "true" if right else "false",
        "behaviour": _BEHAVIOUR
        | {
            "feedbackOnCorrect": question.explanation,
            "feedbackOnWrong": question.explanation,
        },
        "l10n": {"trueText": "True", "falseText": "False"},
    }


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
