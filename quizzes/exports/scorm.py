"""A SCORM 1.2 package: the lesson with our own player, reporting to the platform."""

import html
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from quizzes.content import Lesson, Quiz
from quizzes.exports.packages import write_package

MASTERY = 60
_CP = "http://www.imsproject.org/xsd/imscp_rootv1p1p2"
_ADL = "http://www.adlnet.org/xsd/adlcp_rootv1p2"
_STATIC = Path(__file__).parent.parent / "static" / "quizzes"
_SCRIPTS = ("player.js", "judge.js", "scorm.js", "player.css")
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="player.css">
</head>
<body>
<main id="quiz" class="quiz" aria-label="{title}"></main>
<script type="module" src="scorm.js"></script>
</body>
</html>
"""


def write_scorm(lesson: Lesson, video: Path, target: Path, *, vtt: str = "") -> Path:
    texts: dict[str, str | bytes] = {
        "imsmanifest.xml": _manifest(lesson.quiz, video.name, with_captions=bool(vtt)),
        "index.html": _PAGE.format(
            language=html.escape(lesson.quiz.language or "en"),
            title=html.escape(lesson.title),
        ),
        "quiz.json": json.dumps(
            _quiz(lesson, video.name, with_captions=bool(vtt)), ensure_ascii=False
        ),
    }
    if vtt:
        texts["captions.vtt"] = vtt
    files = {name: _STATIC / name for name in _SCRIPTS}
    return write_package(target, texts, {**files, video.name: video})


def _quiz(lesson: Lesson, video: str, *, with_captions: bool) -> dict[str, Any]:
    return {
        "title": lesson.title,
        "video": video,
        "captions": "captions.vtt" if with_captions else None,
        "mastery": MASTERY,
        "questions": [q.model_dump(mode="json") for q in lesson.quiz.questions],
    }


def _manifest(quiz: Quiz, video: str, *, with_captions: bool) -> bytes:
    root = Xml.Element(
        "manifest",
        {
            "identifier": f"quiz-{quiz.id}",
            "version": "1.0",
            "xmlns": _CP,
            "xmlns:adlcp": _ADL,
        },
    )
    about = Xml.SubElement(root, "metadata")
    Xml.SubElement(about, "schema").text = "ADL SCORM"
    Xml.SubElement(about, "schemaversion").text = "1.2"
    organizations = Xml.SubElement(root, "organizations", default="lesson")
    organization = Xml.SubElement(organizations, "organization", identifier="lesson")
    Xml.SubElement(organization, "title").text = quiz.title
    entry = Xml.SubElement(
        organization, "item", identifier="item1", identifierref="page", isvisible="true"
    )
    Xml.SubElement(entry, "title").text = quiz.title
    Xml.SubElement(entry, "adlcp:masteryscore").text = str(MASTERY)
    resources = Xml.SubElement(root, "resources")
    page = Xml.SubElement(
        resources,
        "resource",
        {
            "identifier": "page",
            "type": "webcontent",
            "adlcp:scormtype": "sco",
            "href": "index.html",
        },
    )
    names = ["index.html", "quiz.json", video, *_SCRIPTS]
    if with_captions:
        names.append("captions.vtt")
    for name in names:
        Xml.SubElement(page, "file", href=name)
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))
