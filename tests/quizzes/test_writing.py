"""Questions by rules, and the gates that judge whoever's questions."""

from dataclasses import replace
from functools import cache

import pytest

from quizzes.content import Question, QuestionType, Segment
from quizzes.engines.writing import local
from quizzes.engines.writing.drafts import Draft
from quizzes.engines.writing.finishing import Finished, finish
from quizzes.engines.writing.gates import Fault, Passed, alike, judge, verdict
from quizzes.engines.writing.source import Quotes, sentences_of
from tests.quizzes.lessons import MARKETS, NETWORKS, PLANTS, transcript_of

GOOD = Draft(
    type=QuestionType.MULTIPLE_CHOICE,
    prompt="What does chlorophyll absorb?",
    right=("red and blue light",),
    wrong=("heat from the soil", "carbon dioxide", "dust in the air", "ice and snow"),
    quote="Chlorophyll is a pigment that absorbs red and blue light",
)


@cache
def written(text: str) -> Finished:
    return write_anew(text)


def write_anew(text: str) -> Finished:
    transcript = transcript_of(text)
    drafts = local.drafts_of(transcript)
    return finish(drafts, transcript, count=14, types=list(QuestionType), seed="seed")


@pytest.mark.parametrize("text", [PLANTS, MARKETS, NETWORKS])
def test_every_question_passes_every_gate(text: str) -> None:
    quotes = Quotes(transcript_of(text))

    questions = written(text).questions

    assert len(questions) >= 10
    assert all(verdict(question, quotes).passed for question in questions)


def test_key_is_the_longest_option_about_as_often_as_by_chance() -> None:
    asked = [
        question
        for text in (PLANTS, MARKETS, NETWORKS)
        for question in written(text).questions
        if question.type is QuestionType.MULTIPLE_CHOICE
    ]

    longest = sum(_key_is_longest(question) for question in asked)

    assert len(asked) >= 12
    assert 0.15 <= longest / len(asked) <= 0.35


def _key_is_longest(question: Question) -> bool:
    key = max(len(choice.text) for choice in question.keys)
    return all(len(c.text) < key for c in question.choices if not c.correct)


def test_questions_follow_the_video_and_differ() -> None:
    questions = written(PLANTS).questions

    ends = [question.end for question in questions]
    assert ends == sorted(ends)
    assert len({question.type for question in questions}) >= 4
    pairs = [(a, b) for n, a in enumerate(questions) for b in questions[:n]]
    assert all(alike(a, b) <= 0.5 for a, b in pairs)


def test_same_lesson_gives_the_same_quiz_and_ids() -> None:
    assert write_anew(PLANTS).questions == written(PLANTS).questions


def test_nothing_is_asked_about_words_that_were_hardly_understood() -> None:
    transcript = transcript_of(PLANTS, confidence=0.3)

    assert local.drafts_of(transcript) == []


def test_sentence_with_one_word_that_was_hardly_understood_is_not_quoted() -> None:
    told = transcript_of("Chlorophyll absorbs light. Rubisco fixes carbon dioxide.")
    first, second = told.segments
    misheard = first.words[0].model_copy(update={"confidence": 0.2})
    unsure = first.model_copy(update={"words": (misheard, *first.words[1:])})

    known = sentences_of(told.model_copy(update={"segments": (unsure, second)}))

    assert [sentence.quotable for sentence in known] == [False, True]


def test_two_sentences_that_were_heard_as_one_are_not_asked_about() -> None:
    spliced = PLANTS.replace(". Rubisco is the", ", rubisco is the")

    asked = write_anew(spliced).questions

    assert "cycle, rubisco is the most" in spliced
    assert len(asked) >= 10
    assert not any("rubisco is the most" in question.quote for question in asked)


def test_names_and_acronyms_have_no_plural_among_the_answers() -> None:
    answers = [q.answer for text in (PLANTS, NETWORKS) for q in written(text).questions]

    assert any(answer.startswith(("ATP", "TCP", "UDP", "NADPH")) for answer in answers)
    assert not any(answer.endswith(("Ps", "PHs")) for answer in answers)


def test_subtitles_without_points_are_asked_about_and_stay_as_they_are() -> None:
    told = transcript_of(PLANTS)
    bare = tuple(_without_points(segment) for segment in told.segments)
    transcript = told.model_copy(update={"segments": bare})

    drafts = local.drafts_of(transcript)
    done = finish(drafts, transcript, count=5, types=list(QuestionType), seed="seed")

    assert len(done.questions) == 5
    assert transcript.segments == bare
    assert all(question.quote in transcript.text for question in done.questions)


def _without_points(segment: Segment) -> Segment:
    words = tuple(
        word.model_copy(update={"text": word.text.strip(".,:").lower()})
        for word in segment.words
    )
    text = " ".join(word.text for word in words)
    return segment.model_copy(update={"words": words, "text": text})


def test_good_draft_passes() -> None:
    assert isinstance(judge(GOOD, Quotes(transcript_of(PLANTS))), Passed)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"quote": "Sugar comes from the moon."}, Fault.NO_QUOTE),
        ({"right": ("nitrogen and iron",)}, Fault.KEY_UNSUPPORTED),
        ({"right": ("red and blue light", "light")}, Fault.WRONG_COUNT),
        ({"wrong": ("dust in the air", "carbon dioxide")}, Fault.TOO_FEW_WRONG),
        ({"wrong": ("blue and red light",) * 4}, Fault.TOO_FEW_WRONG),
        ({"wrong": ("a", "b", "c", "d")}, Fault.TOO_FEW_WRONG),
        ({"wrong": ("all of the above", *GOOD.wrong)}, Fault.GIVES_AWAY),
        ({"prompt": "Which absorbs red and blue light?"}, Fault.GIVES_AWAY),
        ({"prompt": " "}, Fault.EMPTY),
        ({"prompt": "why " * 200}, Fault.TOO_LONG),
    ],
)
def test_bad_draft_is_dropped_with_its_reason(
    change: dict[str, object], fault: Fault
) -> None:
    draft = replace(GOOD, **change)  # type: ignore[arg-type]

    assert judge(draft, Quotes(transcript_of(PLANTS))) is fault


def test_quote_is_found_whatever_its_case_and_points() -> None:
    found = Quotes(transcript_of(PLANTS)).find("photosynthesis takes PLACE, inside")

    assert found is not None
    assert found.quote == "Photosynthesis takes place inside"
    assert 0 < found.start < found.end
