"""Composes: chords, bass, melody and drums for a style, bar by bar."""

import random
from dataclasses import dataclass
from enum import StrEnum

from ads.styles import StyleName
from ads.timing import Beat


class Part(StrEnum):
    """Who plays a note."""

    PAD = "pad"
    KEYS = "keys"
    PLUCK = "pluck"
    BASS = "bass"
    LEAD = "lead"
    BELL = "bell"
    KICK = "kick"
    SNARE = "snare"
    CLAP = "clap"
    HAT = "hat"
    SHAKER = "shaker"
    CRASH = "crash"


DRUMS = frozenset({Part.KICK, Part.SNARE, Part.CLAP, Part.HAT, Part.SHAKER, Part.CRASH})


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note: when and how long in beats, how high as MIDI counts, how loud 0 to 1."""

    part: Part
    beat: float
    beats: float
    pitch: int = 60
    velocity: float = 0.8


# Chords as steps above the key's root, for four bars.
_PROGRESSIONS: dict[StyleName, tuple[tuple[tuple[int, ...], ...], ...]] = {
    StyleName.LUXURY: (
        ((0, 4, 7, 11), (-3, 0, 4, 7), (5, 9, 12, 16), (7, 11, 14, 17)),
        ((0, 3, 7, 14), (-4, 0, 3, 7), (3, 7, 10, 14), (-2, 2, 5, 9)),
    ),
    StyleName.ENERGETIC: (
        ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5)),
        ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12)),
    ),
    StyleName.MINIMAL: (
        ((0, 4, 7, 14), (5, 9, 12, 16), (0, 4, 7, 11), (5, 9, 12, 14)),
        ((0, 7, 14, 16), (-3, 4, 7, 12), (5, 9, 12, 19), (7, 12, 14, 19)),
    ),
    StyleName.BOLD: (
        ((0, 3, 7), (0, 3, 7), (-4, 0, 3), (-2, 2, 5)),
        ((0, 3, 7), (5, 8, 12), (0, 3, 7), (-2, 2, 5)),
    ),
}
_ROOTS = {
    StyleName.LUXURY: (50, 52, 53),
    StyleName.ENERGETIC: (52, 54, 57),
    StyleName.MINIMAL: (53, 55, 60),
    StyleName.BOLD: (50, 52, 53),
}


def compose(
    style: StyleName, beat: Beat, *, seed: int, cuts: tuple[float, ...]
) -> list[Note]:
    """The whole bed; `cuts` are the beats at which scenes change."""
    rng = random.Random(f"{style}/{seed}/music")
    root = rng.choice(_ROOTS[style])
    chords = rng.choice(_PROGRESSIONS[style])
    bars = beat.count // 4
    notes: list[Note] = []
    motif = [rng.randrange(4) for _ in range(8)]
    for bar in range(bars):
        chord = tuple(root + step for step in chords[bar % len(chords)])
        last = bar == bars - 1
        notes += _BARS[style](bar, chord, motif, rng, last)
    notes += [_accent(style, cut, root) for cut in cuts if 0 < cut < beat.count]
    notes += _ending(style, beat.count - 4, tuple(root + s for s in chords[0]))
    return notes


def _luxury_bar(
    bar: int, chord: tuple[int, ...], motif: list[int], rng: random.Random, last: bool
) -> list[Note]:
    start = bar * 4.0
    notes = [
        Note(part=Part.PAD, beat=start, beats=4.3, pitch=p + 12, velocity=0.5)
        for p in chord
    ]
    notes.append(
        Note(part=Part.BASS, beat=start, beats=3.8, pitch=chord[0] - 12, velocity=0.6)
    )
    if last:
        return notes
    for step in range(8):
        if bar == 0 and step % 2:
            continue
        pitch = chord[motif[step] % len(chord)] + (24 if step % 3 == 2 else 12)
        soft = 0.32 + 0.2 * (step % 4 == 0) + rng.random() * 0.08
        notes.append(
            Note(
                part=Part.KEYS,
                beat=start + step / 2,
                beats=1.6,
                pitch=pitch,
                velocity=soft,
            )
        )
    if bar % 2 == 1:
        notes.append(
            Note(
                part=Part.BELL,
                beat=start + 2.5,
                beats=2,
                pitch=chord[-1] + 24,
                velocity=0.3,
            )
        )
    if bar >= 2:
        notes += [
            Note(
                part=Part.SHAKER,
                beat=start + s / 2,
                beats=0.2,
                velocity=0.16 + 0.1 * (s % 2),
            )
            for s in range(8)
        ]
    return notes


def _energetic_bar(
    bar: int, chord: tuple[int, ...], motif: list[int], rng: random.Random, last: bool
) -> list[Note]:
    start = bar * 4.0
    notes: list[Note] = []
    if last:
        return notes
    for step in range(4):
        notes.append(Note(part=Part.KICK, beat=start + step, beats=0.5, velocity=0.95))
        notes.append(
            Note(part=Part.HAT, beat=start + step + 0.5, beats=0.2, velocity=0.5)
        )
        notes.append(
            Note(
                part=Part.BASS,
                beat=start + step + 0.5,
                beats=0.4,
                pitch=chord[0] - 12,
                velocity=0.85,
            )
        )
    for step in (1, 3):
        notes.append(Note(part=Part.CLAP, beat=start + step, beats=0.5, velocity=0.7))
    for stab in (0.0, 0.75, 1.5, 2.5, 3.25):
        notes += [
            Note(
                part=Part.PLUCK,
                beat=start + stab,
                beats=0.4,
                pitch=p + 12,
                velocity=0.5,
            )
            for p in chord
        ]
    for step in range(8):
        if bar >= 1 and motif[step] != 3:
            pitch = chord[motif[step] % len(chord)] + 24
            notes.append(
                Note(
                    part=Part.LEAD,
                    beat=start + step / 2,
                    beats=0.35,
                    pitch=pitch,
                    velocity=0.34,
                )
            )
    notes += [
        Note(
            part=Part.HAT,
            beat=start + s / 4,
            beats=0.1,
            velocity=0.18 + rng.random() * 0.1,
        )
        for s in range(16)
    ]
    return notes


def _minimal_bar(
    bar: int, chord: tuple[int, ...], motif: list[int], rng: random.Random, last: bool
) -> list[Note]:
    start = bar * 4.0
    notes = [
        Note(part=Part.PAD, beat=start, beats=4.2, pitch=p + 12, velocity=0.28)
        for p in chord[:3]
    ]
    notes.append(
        Note(part=Part.BASS, beat=start, beats=2.5, pitch=chord[0] - 12, velocity=0.42)
    )
    if last:
        return notes
    places = (0, 0.75, 1.5, 2, 2.75, 3.5)
    for index, step in enumerate(places):
        if motif[index] == 0 and index:
            continue
        pitch = chord[(motif[index] + index) % len(chord)] + 12
        notes.append(
            Note(
                part=Part.PLUCK,
                beat=start + step,
                beats=1.2,
                pitch=pitch,
                velocity=0.4 + 0.12 * (index == 0),
            )
        )
    if bar >= 1:
        notes += [
            Note(part=Part.KICK, beat=start, beats=0.4, velocity=0.4),
            Note(part=Part.KICK, beat=start + 2.5, beats=0.4, velocity=0.28),
            Note(part=Part.SHAKER, beat=start + 1, beats=0.2, velocity=0.26),
            Note(part=Part.SHAKER, beat=start + 3, beats=0.2, velocity=0.26),
        ]
    return notes


def _bold_bar(
    bar: int, chord: tuple[int, ...], motif: list[int], rng: random.Random, last: bool
) -> list[Note]:
    start = bar * 4.0
    notes: list[Note] = []
    if last:
        return notes
    for step in (0, 1.75, 2.5):
        notes.append(Note(part=Part.KICK, beat=start + step, beats=0.6, velocity=1.0))
        notes.append(
            Note(
                part=Part.BASS,
                beat=start + step,
                beats=0.7,
                pitch=chord[0] - 12,
                velocity=0.95,
            )
        )
    for step in (1, 3):
        notes.append(Note(part=Part.SNARE, beat=start + step, beats=0.5, velocity=0.9))
        notes.append(Note(part=Part.CLAP, beat=start + step, beats=0.5, velocity=0.5))
    notes += [
        Note(
            part=Part.HAT, beat=start + s / 2, beats=0.1, velocity=0.32 + 0.15 * (s % 2)
        )
        for s in range(8)
    ]
    if bar % 2 == 1:
        for step in (3.5, 3.75):
            notes.append(
                Note(part=Part.SNARE, beat=start + step, beats=0.2, velocity=0.45)
            )
    for step in (0, 2.5):
        notes += [
            Note(
                part=Part.LEAD,
                beat=start + step,
                beats=0.8,
                pitch=p + 12,
                velocity=0.42,
            )
            for p in (chord[0], chord[2])
        ]
    return notes


def _accent(style: StyleName, cut: float, root: int) -> Note:
    """What marks a cut."""
    if style in (StyleName.ENERGETIC, StyleName.BOLD):
        return Note(part=Part.CRASH, beat=cut, beats=3, velocity=0.5)
    return Note(part=Part.BELL, beat=cut, beats=3, pitch=root + 36, velocity=0.34)


def _ending(style: StyleName, start: float, chord: tuple[int, ...]) -> list[Note]:
    """One held chord, so that the ad ends and is not cut off."""
    part = Part.KEYS if style in (StyleName.LUXURY, StyleName.MINIMAL) else Part.LEAD
    notes = [
        Note(part=part, beat=start, beats=3.6, pitch=p + 12, velocity=0.5)
        for p in chord
    ]
    notes.append(
        Note(part=Part.BASS, beat=start, beats=3.2, pitch=chord[0] - 12, velocity=0.8)
    )
    if style in (StyleName.ENERGETIC, StyleName.BOLD):
        notes.append(Note(part=Part.KICK, beat=start, beats=1, velocity=1.0))
        notes.append(Note(part=Part.CRASH, beat=start, beats=4, velocity=0.6))
    return notes


_BARS = {
    StyleName.LUXURY: _luxury_bar,
    StyleName.ENERGETIC: _energetic_bar,
    StyleName.MINIMAL: _minimal_bar,
    StyleName.BOLD: _bold_bar,
}
