import pytest

from ads.engines.music import player
from ads.engines.music.score import DRUMS, compose
from ads.styles import StyleName, style_of
from ads.timing import beat_of


@pytest.mark.parametrize("style", StyleName)
def test_a_score_is_written_as_midi_with_every_note(style: StyleName) -> None:
    beat = beat_of(style_of(style), 15)
    notes = compose(style, beat, seed=1, cuts=(0, 8, 16, 24))

    written = player.midi_file(notes, beat)

    assert written.startswith(b"MThd")
    messages = events(written)
    started = [(status & 15, pitch) for status, pitch in messages if status >> 4 == 9]
    ended = [(status & 15, pitch) for status, pitch in messages if status >> 4 == 8]
    assert len(started) == len(notes)
    assert sorted(started) == sorted(ended)
    drums = sum(note.part in DRUMS for note in notes)
    assert sum(channel == 9 for channel, _ in started) == drums


def events(midi: bytes) -> list[tuple[int, int]]:
    """Status and first value of the messages of a file's only track."""
    track = midi[midi.index(b"MTrk") + 8 :]
    found, at = [], 0
    while at < len(track):
        while track[at] & 0x80:
            at += 1
        at += 1
        status = track[at]
        if status == 0xFF:
            at += 3 + track[at + 2]
            continue
        found.append((status, track[at + 1]))
        at += 2 if status >> 4 == 0xC else 3
    return found
