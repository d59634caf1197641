"""A quiz as a table for spreadsheets, and as JSON for programs."""

import csv
import io
import json

from quizzes.content import Lesson, Question

_COLUMNS = (
    "id", "type", "prompt", "answer", "explanation", "difficulty", "bloom", "start",
    "end", "quote", "confidence",
)  # fmt: skip
# A cell that begins so is a formula to a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_table(lesson: Lesson) -> str:
    questions = lesson.quiz.questions
    most = max((len(question.choices) for question in questions), default=0)
    numbers = range(1, most + 1)
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(
        [*_COLUMNS, *(f"{part}{n}" for n in numbers for part in ("choice", "correct"))]
    )
    for question in questions:
        writer.writerow([safe_cell(cell) for cell in _row(question)])
    return output.getvalue()


def _row(question: Question) -> list[str]:
    told = question.model_dump(mode="json")
    cells = [str(told[column]) for column in _COLUMNS]
    for choice in question.choices:
        cells += [choice.text, "yes" if choice.correct else "no"]
    return cells


def safe_cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def json_document(lesson: Lesson) -> str:
    return json.dumps(lesson.model_dump(mode="json"), indent=1, ensure_ascii=False)
