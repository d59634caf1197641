"""QTI 2.1: a test, one file an item, in an IMS content package."""

from pathlib import Path
from xml.etree import ElementTree as Xml

from quizzes.content import Question, QuestionType, Quiz
from quizzes.exports.packages import write_package

_QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_SCHEMA = f"{_QTI} http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CP = "http://www.imsglobal.org/xsd/imscp_v1p1"
_TEMPLATES = "http://www.imsglobal.org/question/qti_v2p1/rptemplates"


def write_qti21(quiz: Quiz, target: Path) -> Path:
    texts: dict[str, str | bytes] = {"imsmanifest.xml": _manifest(quiz)}
    texts["assessment.xml"] = _test(quiz)
    for question in quiz.questions:
        texts[f"items/{question.id}.xml"] = item(question)
    return write_package(target, texts)


def _root(tag: str, **attributes: str) -> Xml.Element:
    root = Xml.Element(tag, {"xmlns": _QTI, "xmlns:xsi": _XSI, **attributes})
    root.set("xsi:schemaLocation", _SCHEMA)
    return root


def _bytes(root: Xml.Element) -> bytes:
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def item(question: Question) -> bytes:
    root = _root(
        "assessmentItem",
        identifier=question.id,
        title=question.id,
        adaptive="false",
        timeDependent="false",
    )
    _declare_response(root, question)
    score = Xml.SubElement(
        root,
        "outcomeDeclaration",
        identifier="SCORE",
        cardinality="single",
        baseType="float",
    )
    Xml.SubElement(Xml.SubElement(score, "defaultValue"), "value").text = "0"
    body = Xml.SubElement(root, "itemBody")
    match question.type:
        case QuestionType.GAP | QuestionType.SHORT_ANSWER:
            _text_entry(body, question)
        case QuestionType.ORDERING:
            _order(body, question)
        case _:
            _choice(body, question)
    written = question.type in (QuestionType.GAP, QuestionType.SHORT_ANSWER)
    template = "map_response" if written else "match_correct"
    Xml.SubElement(root, "responseProcessing", template=f"{_TEMPLATES}/{template}")
    return _bytes(root)


def _declare_response(root: Xml.Element, question: Question) -> None:
    cardinality, base = {
        QuestionType.MULTIPLE_ANSWER: ("multiple", "identifier"),
        QuestionType.ORDERING: ("ordered", "identifier"),
        QuestionType.GAP: ("single", "string"),
        QuestionType.SHORT_ANSWER: ("single", "string"),
    }.get(question.type, ("single", "identifier"))
    declared = Xml.SubElement(
        root,
        "responseDeclaration",
        identifier="RESPONSE",
        cardinality=cardinality,
        baseType=base,
    )
    correct = Xml.SubElement(declared, "correctResponse")
    if base == "identifier":
        for choice in question.keys:
            Xml.SubElement(correct, "value").text = choice.id
        return
    Xml.SubElement(correct, "value").text = question.accepted[0]
    mapping = Xml.SubElement(declared, "mapping", defaultValue="0")
    for text in question.accepted:
        Xml.SubElement(
            mapping, "mapEntry", mapKey=text, mappedValue="1", caseSensitive="false"
        )


def _choice(body: Xml.Element, question: Question) -> None:
    several = question.type is QuestionType.MULTIPLE_ANSWER
    fixed = question.type is QuestionType.TRUE_FALSE
    interaction = Xml.SubElement(
        body,
        "choiceInteraction",
        responseIdentifier="RESPONSE",
        shuffle="false" if fixed else "true",
        maxChoices="0" if several else "1",
    )
    _prompt_and_choices(interaction, question)


def _order(body: Xml.Element, question: Question) -> None:
    interaction = Xml.SubElement(
        body, "orderInteraction", responseIdentifier="RESPONSE", shuffle="true"
    )
    _prompt_and_choices(interaction, question)


def _prompt_and_choices(interaction: Xml.Element, question: Question) -> None:
    Xml.SubElement(interaction, "prompt").text = question.prompt
    for choice in question.choices:
        Xml.SubElement(
            interaction, "simpleChoice", identifier=choice.id
        ).text = choice.text


def _text_entry(body: Xml.Element, question: Question) -> None:
    """The gap stands where it is in the sentence; without one, behind the question."""
    paragraph = Xml.SubElement(body, "p")
    before, gap, after = question.prompt.partition("_____")
    paragraph.text = before if gap else f"{before} "
    longest = max(len(text) for text in question.accepted)
    entry = Xml.SubElement(
        paragraph,
        "textEntryInteraction",
        responseIdentifier="RESPONSE",
        expectedLength=str(longest + 4),
    )
    entry.tail = after


def _test(quiz: Quiz) -> bytes:
    root = _root("assessmentTest", identifier=f"test-{quiz.id}", title=quiz.title)
    part = Xml.SubElement(
        root,
        "testPart",
        identifier="part1",
        navigationMode="nonlinear",
        submissionMode="individual",
    )
    section = Xml.SubElement(
        part,
        "assessmentSection",
        identifier="section1",
        title=quiz.title,
        visible="true",
    )
    for question in quiz.questions:
        Xml.SubElement(
            section,
            "assessmentItemRef",
            identifier=question.id,
            href=f"items/{question.id}.xml",
        )
    return _bytes(root)


def _manifest(quiz: Quiz) -> bytes:
    root = Xml.Element("manifest", identifier=f"manifest-{quiz.id}", xmlns=_CP)
    about = Xml.SubElement(root, "metadata")
    Xml.SubElement(about, "schema").text = "QTIv2.1 Package"
    Xml.SubElement(about, "schemaversion").text = "1.0.0"
    Xml.SubElement(root, "organizations")
    resources = Xml.SubElement(root, "resources")
    test = Xml.SubElement(
        resources,
        "resource",
        identifier=f"test-{quiz.id}",
        type="imsqti_test_xmlv2p1",
        href="assessment.xml",
    )
    Xml.SubElement(test, "file", href="assessment.xml")
    for question in quiz.questions:
        Xml.SubElement(test, "dependency", identifierref=question.id)
    for question in quiz.questions:
        href = f"items/{question.id}.xml"
        resource = Xml.SubElement(
            resources,
            "resource",
            identifier=question.id,
            type="imsqti_item_xmlv2p1",
            href=href,
        )
        Xml.SubElement(resource, "file", href=href)
    return _bytes(root)
