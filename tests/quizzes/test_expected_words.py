"""What a recogniser is told to expect: words off the slides, their forms, their sounds."""

import pytest

from quizzes.engines import pocketsphinx, slide_words
from quizzes.engines.pocketsphinx import PocketSphinx
from quizzes.engines.pronouncing import sounds_of
from quizzes.engines.speech_activity import Span
from quizzes.engines.word_forms import forms_of


def test_what_is_spelled_out_keeps_its_capitals_and_what_is_shouted_does_not() -> None:
    told = slide_words.expected_of(["NADPH carries electrons", "LIGHT AND WATER"])

    assert told[:5] == ("NADPH", "carries", "electrons", "light", "water")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("routers", "router"),
        ("leaves", "leaf"),
        ("energies", "energy"),
        ("absorbs", "absorbing"),
        ("store", "stored"),
        ("switches", "switch"),
    ],
)
def test_other_forms_of_a_word_are_expected_too(seen: str, said: str) -> None:
    assert said in forms_of(seen)


def test_words_that_no_dictionary_has_are_pronounced() -> None:
    told = sounds_of(["rubisco", "thylakoid"])

    assert told == {"rubisco": "R UW B IH S K OW", "thylakoid": "TH AY L AH K OY D"}


def test_expected_words_outweigh_what_sounds_like_them() -> None:
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL")
    expected = PocketSphinx(vocabulary=("rubisco", "NADPH"))._expect(decoder)

    language_model = decoder.get_lm()
    assert {"rubisco", "nadph"} <= expected
    assert language_model.prob(["rubisco+expected"]) > language_model.prob(["light"])


def test_short_stretches_are_heard_together_and_long_pauses_part_them() -> None:
    ends = [(0.0, 3.0), (3.4, 6.0), (8.0, 11.0), (11.2, 22.0)]
    spans = [Span(start_s=a, end_s=b) for a, b in ends]

    told = pocketsphinx._phrases(spans)

    assert [(s.start_s, s.end_s) for s in told] == [(0.0, 6.0), *ends[2:]]
