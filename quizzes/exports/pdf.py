"""A sheet to print, with and without the answers."""

import random
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from jobs.toolbox.fonts import Typeface, font
from quizzes.content import Lesson, Question, QuestionType, clock
from quizzes.exports.anki import answer_text

_INK, _SOFT, _ACCENT = "#18202f", "#5c687c", "#2e7d50"
_LETTERS = "ABCDEFGHIJ"


def write_pdf(lesson: Lesson, target: Path, *, answers: bool) -> Path:
    from reportlab.lib.pagesizes import A4  # reportlab is large and needed here alone
    from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

    styles = _styles()
    document = SimpleDocTemplate(
        str(target),
        pagesize=A4,
        leftMargin=56,
        rightMargin=56,
        topMargin=56,
        bottomMargin=56,
        title=lesson.title,
        author="MediaForge",
        invariant=1,
    )
    story: list[Any] = [Paragraph(escape(lesson.title), styles["title"])]
    count = len(lesson.quiz.questions)
    subtitle = f"{count} questions" + (" with answers" if answers else "")
    story.append(Paragraph(subtitle, styles["soft"]))
    if not answers:
        story.append(Spacer(1, 10))
        story.append(
            Paragraph(
                "Name: ______________________   Date: ____________", styles["soft"]
            )
        )
    story.append(Spacer(1, 18))
    for number, question in enumerate(lesson.quiz.questions, start=1):
        block = _block(question, number, styles, answers=answers)
        story.append(KeepTogether([*block, Spacer(1, 14)]))
    document.build(story, onFirstPage=_footer, onLaterPages=_footer)
    return target


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name, weight in (("Sheet", 400), ("SheetBold", 700)):
        # A static font file: a variable one would print in its lightest weight.
        path = font(Typeface(family="DejaVuSans", weight=weight), 12).path
        pdfmetrics.registerFont(TTFont(name, str(path)))
    base = {"fontName": "Sheet", "fontSize": 10.5, "leading": 15, "textColor": _INK}
    return {
        "title": ParagraphStyle(
            "title", **base | {"fontName": "SheetBold", "fontSize": 19, "leading": 25}
        ),
        "soft": ParagraphStyle("soft", **base | {"textColor": _SOFT, "fontSize": 9}),
        "prompt": ParagraphStyle(
            "prompt", **base | {"fontName": "SheetBold"}, spaceAfter=4
        ),
        "choice": ParagraphStyle("choice", **base, leftIndent=34, firstLineIndent=-16),
        "right": ParagraphStyle(
            "right",
            **base | {"fontName": "SheetBold", "textColor": _ACCENT},
            leftIndent=34,
            firstLineIndent=-16,
        ),
        "note": ParagraphStyle(
            "note",
            **base | {"textColor": _SOFT, "fontSize": 9, "leading": 13},
            leftIndent=18,
            spaceBefore=3,
        ),
    }


def _block(
    question: Question, number: int, styles: dict[str, Any], *, answers: bool
) -> list[Any]:
    from reportlab.platypus import Paragraph

    block = [Paragraph(f"{number}. {escape(question.prompt)}", styles["prompt"])]
    shown = list(question.choices)
    if question.type is QuestionType.ORDERING:
        random.Random(question.id).shuffle(shown)
    for place, choice in enumerate(shown):
        marked = (
            answers and choice.correct and question.type is not QuestionType.ORDERING
        )
        sign = "__" if question.type is QuestionType.ORDERING else f"{_LETTERS[place]})"
        style = styles["right" if marked else "choice"]
        tick = " ✓" if marked else ""
        block.append(Paragraph(f"{sign}  {escape(choice.text)}{tick}", style))
    if not question.choices and not answers:
        block.append(Paragraph("_" * 50, styles["choice"]))
    if answers:
        told = f"Answer: {escape(answer_text(question))}."
        if question.explanation:
            told += f" {escape(question.explanation)}"
        moment = f"{clock(question.start)} – {clock(question.end)}"
        level = f"{question.difficulty.value}, {question.bloom.value}"
        block.append(Paragraph(f"{told} ({moment}; {level})", styles["note"]))
    return block


def _footer(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Sheet", 8)
    canvas.setFillColor(_SOFT)
    canvas.drawRightString(document.pagesize[0] - 56, 34, str(canvas.getPageNumber()))
    canvas.restoreState()
