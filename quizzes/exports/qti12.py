"""QTI 1.2 in an IMS content package, the way Canvas takes it."""

from pathlib import Path
from xml.etree import ElementTree as Xml

from quizzes.content import Question, QuestionType, Quiz
from quizzes.exports.packages import write_package

_QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
_CP = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_GENERAL_FEEDBACK = "general_fb"
_TYPES = {
    QuestionType.MULTIPLE_CHOICE: "multiple_choice_question",
    QuestionType.MULTIPLE_ANSWER: "multiple_answers_question",
    QuestionType.TRUE_FALSE: "true_false_question",
    QuestionType.GAP: "short_answer_question",
    QuestionType.SHORT_ANSWER: "short_answer_question",
    QuestionType.ORDERING: "matching_question",
}


def write_qti12(quiz: Quiz, target: Path) -> Path:
    name = f"assessment-{quiz.id}"
    return write_package(
        target,
        {
            "imsmanifest.xml": _manifest(quiz, name),
            f"{name}/{name}.xml": assessment(quiz, name),
        },
    )


def assessment(quiz: Quiz, name: str) -> bytes:
    root = Xml.Element("questestinterop", xmlns=_QTI)
    test = Xml.SubElement(root, "assessment", ident=name, title=quiz.title)
    section = Xml.SubElement(test, "section", ident="root_section")
    for question in quiz.questions:
        section.append(_item(question))
    return _bytes(root)


def _bytes(root: Xml.Element) -> bytes:
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _item(question: Question) -> Xml.Element:
    item = Xml.Element("item", ident=question.id, title=question.id)
    fields = Xml.SubElement(Xml.SubElement(item, "itemmetadata"), "qtimetadata")
    for label, entry in (
        ("question_type", _TYPES[question.type]),
        ("points_possible", "1"),
    ):
        field = Xml.SubElement(fields, "qtimetadatafield")
        Xml.SubElement(field, "fieldlabel").text = label
        Xml.SubElement(field, "fieldentry").text = entry
    presentation = Xml.SubElement(item, "presentation")
    _material(presentation, question.prompt)
    processing = Xml.SubElement(item, "resprocessing")
    outcomes = Xml.SubElement(processing, "outcomes")
    Xml.SubElement(
        outcomes,
        "decvar",
        maxvalue="100",
        minvalue="0",
        varname="SCORE",
        vartype="Decimal",
    )
    if question.explanation:
        _explained(processing)
    match question.type:
        case QuestionType.GAP | QuestionType.SHORT_ANSWER:
            _written(question, presentation, processing)
        case QuestionType.ORDERING:
            _matched(question, presentation, processing)
        case _:
            _chosen(question, presentation, processing)
    if question.explanation:
        feedback = Xml.SubElement(item, "itemfeedback", ident=_GENERAL_FEEDBACK)
        _material(Xml.SubElement(feedback, "flow_mat"), question.explanation)
    return item


def _material(parent: Xml.Element, text: str) -> None:
    material = Xml.SubElement(parent, "material")
    Xml.SubElement(material, "mattext", texttype="text/plain").text = text


def _chosen(
    question: Question, presentation: Xml.Element, processing: Xml.Element
) -> None:
    several = question.type is QuestionType.MULTIPLE_ANSWER
    response = Xml.SubElement(
        presentation,
        "response_lid",
        ident="response1",
        rcardinality="Multiple" if several else "Single",
    )
    options = Xml.SubElement(response, "render_choice")
    for choice in question.choices:
        label = Xml.SubElement(options, "response_label", ident=choice.id)
        _material(label, choice.text)
    condition, asked = _condition(processing)
    if several:
        both = Xml.SubElement(asked, "and")
        for choice in question.choices:
            parent = both if choice.correct else Xml.SubElement(both, "not")
            Xml.SubElement(parent, "varequal", respident="response1").text = choice.id
    else:
        key = question.keys[0].id
        Xml.SubElement(asked, "varequal", respident="response1").text = key
    _scored(condition, "Set", "100")


def _condition(processing: Xml.Element) -> tuple[Xml.Element, Xml.Element]:
    condition = Xml.SubElement(processing, "respcondition", {"continue": "No"})
    return condition, Xml.SubElement(condition, "conditionvar")


def _explained(processing: Xml.Element) -> None:
    """Whatever is answered, the explanation is shown, and scoring goes on."""
    condition = Xml.SubElement(processing, "respcondition", {"continue": "Yes"})
    Xml.SubElement(Xml.SubElement(condition, "conditionvar"), "other")
    Xml.SubElement(
        condition,
        "displayfeedback",
        feedbacktype="Response",
        linkrefid=_GENERAL_FEEDBACK,
    )


def _scored(condition: Xml.Element, action: str, points: str) -> None:
    Xml.SubElement(condition, "setvar", action=action, varname="SCORE").text = points


def _written(
    question: Question, presentation: Xml.Element, processing: Xml.Element
) -> None:
    response = Xml.SubElement(
        presentation, "response_str", ident="response1", rcardinality="Single"
    )
    blank = Xml.SubElement(response, "render_fib")
    Xml.SubElement(blank, "response_label", ident="answer1", rshuffle="No")
    condition, asked = _condition(processing)
    for text in question.accepted:
        Xml.SubElement(asked, "varequal", respident="response1").text = text
    _scored(condition, "Set", "100")


def _matched(
    question: Question, presentation: Xml.Element, processing: Xml.Element
) -> None:
    """Steps matched with their places: Canvas' way to ask for an order in QTI 1.2."""
    share = f"{100 / len(question.choices):.2f}"
    for place, choice in enumerate(question.choices, start=1):
        ident = f"response_{choice.id}"
        response = Xml.SubElement(presentation, "response_lid", ident=ident)
        _material(response, choice.text)
        options = Xml.SubElement(response, "render_choice")
        for number in range(1, len(question.choices) + 1):
            label = Xml.SubElement(
                options, "response_label", ident=f"{question.id}-place{number}"
            )
            _material(label, str(number))
        condition = Xml.SubElement(processing, "respcondition")
        asked = Xml.SubElement(condition, "conditionvar")
        Xml.SubElement(
            asked, "varequal", respident=ident
        ).text = f"{question.id}-place{place}"
        _scored(condition, "Add", share)


def _manifest(quiz: Quiz, name: str) -> bytes:
    root = Xml.Element("manifest", identifier=f"manifest-{quiz.id}", xmlns=_CP)
    about = Xml.SubElement(root, "metadata")
    Xml.SubElement(about, "schema").text = "IMS Content"
    Xml.SubElement(about, "schemaversion").text = "1.1.3"
    Xml.SubElement(root, "organizations")
    resources = Xml.SubElement(root, "resources")
    resource = Xml.SubElement(
        resources, "resource", identifier=name, type="imsqti_xmlv1p2"
    )
    Xml.SubElement(resource, "file", href=f"{name}/{name}.xml")
    return _bytes(root)
