"""What becomes of words that Whisper was unsure of, or made up."""

import pytest

from quizzes.content import QuestionType, Segment, Transcript, Word
from quizzes.engines import doubts, slide_words
from quizzes.engines.writing import local
from quizzes.engines.writing.finishing import finish
from tests.quizzes.lessons import PLANTS, transcript_of

SLIDES = slide_words.expected_of(
    ("Chlorophyll absorbs light", "Leaves", "Quicksort chooses a pivot", "Routers")
)


def heard(text: str, **unsure: float) -> list[Word]:
    """Words of a recogniser that is sure of all but those that are named."""
    return [
        Word(
            text=token,
            start=place / 2,
            end=place / 2 + 0.4,
            confidence=unsure.get(token.strip(".,").lower(), 0.95),
        )
        for place, token in enumerate(text.split())
    ]


def said(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (heard("Chorophil reflects it.", chorophil=0.63), "Chlorophyll reflects it."),
        (heard("Leas look green.", leas=0.23), "Leaves look green."),
        (heard("Quicks or takes a pivot", quicks=0.88, **{"or": 0.2}), "Quicksort"),
        (heard("All ratters, forward it", ratters=0.3), "All routers, forward it"),
    ],
)
def test_what_was_hardly_understood_is_read_off_the_slides(
    words: list[Word], meant: str
) -> None:
    told = doubts.weighed(words, SLIDES)

    assert said(told).startswith(meant)
    assert told[0].start == words[0].start
    assert told[-1].end == words[-1].end


@pytest.mark.parametrize(
    "words",
    [
        # Like a slide's word, and surely heard.
        heard("He leads a council of raptors and chlorine absorbed it."),
        # Unsure, and like none.
        heard("The distance is large.", distance=0.2),
        # Another form of a slide's word, and one of the same stem.
        heard("A leaf and a route are absorbing.", leaf=0.3, route=0.3, absorbing=0.3),
    ],
)
def test_what_may_have_been_said_is_left_as_it_is(words: list[Word]) -> None:
    assert said(doubts.weighed(words, SLIDES)) == said(words)


def test_slides_confirm_and_no_dictionary_raises_doubts() -> None:
    words = heard("routers gumblefrots water", routers=0.5, gumblefrots=0.8, water=0.5)

    routers, unheard_of, water = doubts.weighed(words, SLIDES)

    assert routers.confidence > 0.65
    assert unheard_of.confidence < 0.65
    assert water.confidence == 0.5


def test_no_question_asks_about_a_word_that_nobody_knows() -> None:
    spoilt = PLANTS.replace("Chlorophyll", "Chorophil").replace(
        "chlorophyll", "chorophil"
    )
    told = transcript_of(spoilt, confidence=0.8)
    segments = [
        segment.model_copy(update={"words": tuple(doubts.weighed(segment.words, ()))})
        for segment in told.segments
    ]

    questions = asked(told, segments)

    assert any("chorophil" in question for question in asked(told, told.segments))
    assert len(questions) >= 10
    assert not any("chorophil" in question for question in questions)


def asked(told: Transcript, segments: list[Segment] | tuple[Segment, ...]) -> list[str]:
    transcript = told.model_copy(update={"segments": tuple(segments)})
    done = finish(
        local.drafts_of(transcript),
        transcript,
        count=14,
        types=list(QuestionType),
        seed="seed",
    )
    return [question.model_dump_json().lower() for question in done.questions]
