"""Long recordings are heard in parts: cut in pauses, and whole again at the seams."""

import pytest

from quizzes.content import Word
from quizzes.engines.seams import join_words
from quizzes.engines.speech_activity import PartPlan, Span, plan_parts

HOUR_S = 3600.0
# OpenAI takes 25 MB; parts are sent as MP3 of 48 kbit/s.
MOST_BYTES = 25_000_000
BYTES_A_SECOND = 48_000 / 8


def talk(*, pauses_s: float) -> list[Span]:
    """An hour of sentences of seven seconds."""
    step = 7.0 + pauses_s
    count = int(HOUR_S / step)
    return [Span(start_s=n * step, end_s=n * step + 7.0) for n in range(count)]


def words_of(spans: list[Span]) -> list[Word]:
    """A word every 0.7 s; no two near each other are the same."""
    moments = [s.start_s + 0.7 * n for s in spans for n in range(10)]
    return [
        Word(text=f"w{number}", start=moment, end=moment + 0.6)
        for number, moment in enumerate(moments)
    ]


def heard_in(plan: PartPlan, words: list[Word]) -> list[Word]:
    """What a recogniser makes of a part: words that its edge cuts become nonsense."""
    heard: list[Word] = []
    for word in words:
        if plan.hear.start_s <= word.start and word.end <= plan.hear.end_s:
            heard.append(word)
        elif plan.hear.start_s < word.end and word.start < plan.hear.end_s:
            start = max(word.start, plan.hear.start_s)
            heard.append(word.model_copy(update={"text": "uh", "start": start}))
    return heard


@pytest.mark.parametrize("pauses_s", [0.6, 0.0], ids=["with pauses", "without"])
def test_no_word_is_lost_or_doubled_at_a_seam(pauses_s: float) -> None:
    spans = talk(pauses_s=pauses_s)
    if not pauses_s:
        spans = [Span(start_s=0.0, end_s=spans[-1].end_s)]
    words = words_of(talk(pauses_s=pauses_s))
    plans = plan_parts(spans, target_s=150.0, longest_s=600.0)

    told = join_words([heard_in(plan, words) for plan in plans], plans)

    assert len(plans) > 20
    assert [word.text for word in told] == [word.text for word in words]


def test_parts_begin_and_end_in_pauses_and_fit_into_the_vendors_limit() -> None:
    spans = talk(pauses_s=0.6)

    plans = plan_parts(spans, target_s=150.0, longest_s=600.0)

    for plan in plans[:-1]:
        assert not any(s.start_s < plan.own.end_s < s.end_s for s in spans)
        assert plan.hear.end_s == plan.own.end_s
    assert max(p.hear.duration_s for p in plans) * BYTES_A_SECOND < MOST_BYTES


def test_silence_makes_no_part() -> None:
    assert plan_parts([], target_s=150.0, longest_s=600.0) == []
