"""An Anki deck; a second import updates its cards and keeps what was learned."""

import hashlib
import html
import random
from pathlib import Path
from typing import Any

from quizzes.content import Lesson, Question, QuestionType, clock

_MODEL_ID = 1_607_392_319
_FRONT = "<div class=prompt>{{Prompt}}</div>{{Choices}}"
_BACK = "{{FrontSide}}<hr id=answer><b>{{Answer}}</b><p>{{Explanation}}</p><small>{{Moment}}</small>"
_STYLE = (
    ".card{font-family:sans-serif;font-size:20px;line-height:1.45;text-align:left;"
    "max-width:36em;margin:0 auto;padding:1em}.prompt{margin-bottom:.8em}"
)


def write_anki(lesson: Lesson, target: Path) -> Path:
    import genanki  # a heavy import for an export that few ask for

    model = genanki.Model(
        _MODEL_ID,
        "MediaForge question",
        fields=[
            {"name": name}
            for name in ("Prompt", "Choices", "Answer", "Explanation", "Moment")
        ],
        templates=[{"name": "Question", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )
    deck = genanki.Deck(_number(f"deck{lesson.quiz.id}"), lesson.title)
    for question in lesson.quiz.questions:
        deck.add_note(
            genanki.Note(
                model=model,
                fields=_fields(question),
                guid=genanki.guid_for(lesson.quiz.id, question.id),
                tags=[question.difficulty.value, question.bloom.value],
            )
        )
    genanki.Package(deck).write_to_file(str(target), timestamp=0.0)
    return target


def _fields(question: Question) -> list[str]:
    shown: Any = list(question.choices)
    if question.type is QuestionType.ORDERING:
        random.Random(question.id).shuffle(shown)
    choices = "".join(f"<li>{html.escape(choice.text)}</li>" for choice in shown)
    return [
        html.escape(question.prompt),
        f"<ol type=A>{choices}</ol>" if choices else "",
        html.escape(answer_text(question)),
        html.escape(question.explanation),
        f"{clock(question.start)} – {clock(question.end)}",
    ]


def answer_text(question: Question) -> str:
    """The right answer in words."""
    if question.type is QuestionType.ORDERING:
        return " → ".join(choice.text for choice in question.choices)
    if question.choices:
        return "; ".join(choice.text for choice in question.keys)
    return " / ".join(question.accepted)


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) | (1 << 30)
