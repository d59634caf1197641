import pytest

from jobs.errors import UnreadableMediaError
from jobs.toolbox.captions import (
    RULES,
    TimedWord,
    cues_from_words,
    parse,
    to_srt,
    to_vtt,
)


def spoken(text: str, *, each_s: float = 0.3) -> list[TimedWord]:
    return [
        TimedWord(text=word, start_s=i * each_s, end_s=(i + 1) * each_s)
        for i, word in enumerate(text.split())
    ]


def test_cues_keep_every_word_and_the_rules() -> None:
    words = spoken("one two three four five six seven eight nine ten " * 6)

    cues = cues_from_words(words)

    assert " ".join(cue.text for cue in cues).split() == [word.text for word in words]
    assert all(len(line) <= RULES.line_length for cue in cues for line in cue.lines)
    assert all(len(cue.lines) <= RULES.lines for cue in cues)
    assert all(cue.duration_s <= RULES.longest_s for cue in cues)


def test_a_cue_starts_with_its_first_word() -> None:
    words = [TimedWord(text="Hello.", start_s=2.5, end_s=2.9)]

    (cue,) = cues_from_words(words)

    assert cue.start_s == 2.5
    assert cue.duration_s == pytest.approx(RULES.shortest_s)


def test_a_number_stays_with_its_abbreviation() -> None:
    cues = cues_from_words(spoken("This is Aurora No. 12 for you", each_s=0.4))

    assert any("No. 12" in cue.text for cue in cues)


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_what_is_written_is_read_again(write: object) -> None:
    cues = cues_from_words(spoken("Salt & pepper > sugar on the table. " * 5))

    assert [c.lines for c in parse(write(cues))] == [c.lines for c in cues]  # type: ignore[operator]


def test_text_without_times_is_no_captions() -> None:
    with pytest.raises(UnreadableMediaError):
        parse("Dear diary, nothing happened today.")
