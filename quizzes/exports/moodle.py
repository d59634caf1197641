"""Moodle XML, with feedback and id numbers."""

from xml.etree import ElementTree as Xml

from quizzes.content import Difficulty, Question, QuestionType, Quiz, clock

_TYPES = {
    QuestionType.MULTIPLE_CHOICE: "multichoice",
    QuestionType.MULTIPLE_ANSWER: "multichoice",
    QuestionType.TRUE_FALSE: "truefalse",
    QuestionType.GAP: "shortanswer",
    QuestionType.SHORT_ANSWER: "shortanswer",
    QuestionType.ORDERING: "matching",
}


def moodle_xml(quiz: Quiz) -> bytes:
    root = Xml.Element("quiz")
    category = Xml.SubElement(root, "question", type="category")
    _text(Xml.SubElement(category, "category"), f"$course$/top/{quiz.title}")
    for question in quiz.questions:
        root.append(_question(question))
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _text(parent: Xml.Element, text: str) -> None:
    Xml.SubElement(parent, "text").text = text


def _formatted(parent: Xml.Element, tag: str, text: str) -> None:
    _text(Xml.SubElement(parent, tag, format="plain_text"), text)


def _question(question: Question) -> Xml.Element:
    element = Xml.Element("question", type=_TYPES[question.type])
    _text(Xml.SubElement(element, "name"), f"{question.id} ({clock(question.start)})")
    _formatted(element, "questiontext", question.prompt)
    _formatted(element, "generalfeedback", question.explanation)
    Xml.SubElement(element, "defaultgrade").text = "1"
    Xml.SubElement(element, "penalty").text = "0.3333333"
    Xml.SubElement(element, "hidden").text = "0"
    Xml.SubElement(element, "idnumber").text = question.id
    match question.type:
        case QuestionType.MULTIPLE_CHOICE | QuestionType.MULTIPLE_ANSWER:
            _choices(element, question)
        case QuestionType.TRUE_FALSE:
            right = question.keys[0].text == "True"
            _answer(element, "true", 100 if right else 0)
            _answer(element, "false", 0 if right else 100)
        case QuestionType.ORDERING:
            _order(element, question)
        case _:
            Xml.SubElement(element, "usecase").text = "0"
            for text in question.accepted:
                _answer(element, text, 100)
    tags = Xml.SubElement(element, "tags")
    level: Difficulty = question.difficulty
    for word in (level.value, question.bloom.value):
        _text(Xml.SubElement(tags, "tag"), word)
    return element


def _choices(element: Xml.Element, question: Question) -> None:
    single = question.type is QuestionType.MULTIPLE_CHOICE
    Xml.SubElement(element, "single").text = "true" if single else "false"
    Xml.SubElement(element, "shuffleanswers").text = "true"
    Xml.SubElement(element, "answernumbering").text = "abc"
    right = 100 / len(question.keys)
    wrong = 0 if single else -100 / max(len(question.choices) - len(question.keys), 1)
    for choice in question.choices:
        share = right if choice.correct else wrong
        _answer(element, choice.text, share, feedback=choice.feedback)


def _answer(
    element: Xml.Element, text: str, share: float, *, feedback: str = ""
) -> None:
    # Moodle knows grades to five decimals and refuses others.
    fraction = f"{share:.5f}".rstrip("0").rstrip(".")
    answer = Xml.SubElement(element, "answer", fraction=fraction, format="plain_text")
    _text(answer, text)
    if feedback:
        _formatted(answer, "feedback", feedback)


def _order(element: Xml.Element, question: Question) -> None:
    Xml.SubElement(element, "shuffleanswers").text = "true"
    for place, choice in enumerate(question.choices, start=1):
        pair = Xml.SubElement(element, "subquestion", format="plain_text")
        _text(pair, choice.text)
        _text(Xml.SubElement(pair, "answer"), str(place))
