"""GIFT, the plain-text format that Moodle and others import."""

import re

from quizzes.content import Question, QuestionType, Quiz

_GAP = re.compile(r"_{3,}")


def gift(quiz: Quiz) -> str:
    """One question after another, with an empty line between, as importers insist."""
    items = [f"// {_one_line(quiz.title)}\n$CATEGORY: {escaped(quiz.title)}"]
    items += [_question(question) for question in quiz.questions]
    return "\n\n".join(items) + "\n"


def escaped(text: str) -> str:
    """What GIFT reads as signs of its own gets a backslash."""
    return re.sub(r"([\\~=#:{}])", r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _question(question: Question) -> str:
    # Moodle takes the id from this comment, and a second import finds it again.
    head = f"// [id:{question.id}]\n::{escaped(question.id)}::"
    body = _body(question)
    prompt = escaped(question.prompt)
    if question.type is QuestionType.GAP and _GAP.search(prompt):
        return head + _GAP.sub(lambda _: body, prompt, count=1)
    return f"{head}{prompt} {body}"


def _body(question: Question) -> str:
    told = f"####{escaped(question.explanation)}" if question.explanation else ""
    match question.type:
        case QuestionType.TRUE_FALSE:
            word = "TRUE" if question.keys[0].text == "True" else "FALSE"
            return f"{{{word}{told}}}"
        case QuestionType.MULTIPLE_CHOICE:
            answers = [
                ("=" if choice.correct else "~") + _answer(choice.text, choice.feedback)
                for choice in question.choices
            ]
        case QuestionType.MULTIPLE_ANSWER:
            share = 100 / len(question.keys)
            wrong = 100 / max(len(question.choices) - len(question.keys), 1)
            answers = [
                f"~%{share if choice.correct else -wrong:.5g}%"
                + _answer(choice.text, choice.feedback)
                for choice in question.choices
            ]
        case QuestionType.ORDERING:
            # GIFT has no ordering: the steps are matched with their numbers.
            answers = [
                f"={escaped(choice.text)} -> {place}"
                for place, choice in enumerate(question.choices, start=1)
            ]
        case _:
            answers = [f"={escaped(text)}" for text in question.accepted]
    return "{\n\t" + "\n\t".join(answers) + (f"\n\t{told}" if told else "") + "\n}"


def _answer(text: str, feedback: str) -> str:
    return escaped(text) + (f"#{escaped(feedback)}" if feedback else "")
