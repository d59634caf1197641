"""A scene's voiceover, spoken: by ElevenLabs, by OpenAI, or by a voice on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ads.styles import Style, StyleName
from jobs.toolbox import audio, loudness, speech
from jobs.toolbox.audio import Band, Sound
from jobs.toolbox.captions import TimedWord
from jobs.toolbox.speech import Delivery, Spoken

# All voices come to the mix equally loud.
VOICE_LUFS = -17.0
# A line that runs over its room is spoken faster, up to this.
_FASTEST = 1.3

_ROOMS = {
    StyleName.LUXURY: 0.1,
    StyleName.ENERGETIC: 0.05,
    StyleName.MINIMAL: 0.06,
    StyleName.BOLD: 0.08,
}


@dataclass(frozen=True, kw_only=True)
class SpokenLine:
    """A finished voiceover: its sound starts with its first word."""

    sound: Sound
    words: tuple[TimedWord, ...]
    voice: str

    @property
    def duration_s(self) -> float:
        return self.words[-1].end_s if self.words else 0.0


def speak_locally(
    text: str, style: Style, *, room_s: float, piper_voice: Path | None
) -> SpokenLine:
    """Spoken by the best local voice, at a pace that fits the room."""
    speaker = speech.local_speaker(text, piper_voice=piper_voice)
    spoken = speech.speak(text, speaker, style.delivery)
    length = spoken.sound.duration_s
    if length > room_s > 0:
        faster = min(style.delivery.pace * length / room_s * 1.03, _FASTEST)
        spoken = speech.speak(text, speaker, _at_pace(style.delivery, faster))
    return SpokenLine(
        sound=finished(spoken.sound, style, synthetic=speaker.name == "espeak-ng"),
        words=spoken.words,
        voice=speaker.name,
    )


def from_vendor(
    sound: Sound, words: Sequence[TimedWord], style: Style, *, voice: str
) -> SpokenLine:
    """A vendor's recording, trimmed at its start and levelled like any other."""
    start = _first_sound_s(sound)
    cut = Sound(
        samples=sound.samples[round(start * sound.rate_hz) :], rate_hz=sound.rate_hz
    )
    moved = tuple(
        TimedWord(
            text=word.text,
            start_s=max(word.start_s - start, 0.0),
            end_s=max(word.end_s - start, 0.0),
        )
        for word in words
    )
    levelled = finished(audio.resampled(cut, audio.RATE_HZ), style, synthetic=False)
    return SpokenLine(sound=levelled, words=moved, voice=voice)


def finished(sound: Sound, style: Style, *, synthetic: bool) -> Sound:
    """Made pleasant: rumble and harshness out, held level, in a small room."""
    bands: tuple[Band, ...] = (
        Band(kind="low_cut", frequency_hz=85),
        Band(kind="peak", frequency_hz=280, gain_db=-1.5, q=0.9),
        Band(kind="peak", frequency_hz=3200, gain_db=2.0, q=0.8),
        Band(kind="high_shelf", frequency_hz=9000, gain_db=2.0),
    )
    if synthetic:
        # espeak buzzes; its edges are taken off and some chest is given to it.
        bands = (
            Band(kind="low_cut", frequency_hz=100),
            Band(kind="low_shelf", frequency_hz=230, gain_db=3.0),
            Band(kind="peak", frequency_hz=2700, gain_db=-3.5, q=1.2),
            Band(kind="high_cut", frequency_hz=7200),
        )
    shaped = audio.equalised(sound, bands)
    level = loudness.integrated_lufs(_long_enough(shaped))
    shaped = audio.gained(shaped, VOICE_LUFS - level) if level > -70 else shaped
    held = audio.levelled(shaped, threshold_db=-18, ratio=2.5)
    wet = _ROOMS[style.name] + (0.06 if synthetic else 0.0)
    placed = audio.in_room(held, wet=wet, decay_s=0.28)
    level = loudness.integrated_lufs(_long_enough(placed))
    return audio.gained(placed, VOICE_LUFS - level) if level > -70 else placed


def guessed_words(text: str, sound: Sound) -> list[TimedWord]:
    """Times of words in a recording that came without: from its pauses and the letters."""
    sentences = speech.sentences_of(text)
    spans = _speech_spans(sound, len(sentences))
    words: list[TimedWord] = []
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        texts = sentence.split()
        shares = np.cumsum([0.0, *(len(word) + 1.5 for word in texts)])
        times = start + shares / shares[-1] * (end - start)
        words += [
            TimedWord(text=word, start_s=float(times[i]), end_s=float(times[i + 1]))
            for i, word in enumerate(texts)
        ]
    return words


def _speech_spans(sound: Sound, count: int) -> list[tuple[float, float]]:
    """When each of `count` sentences is spoken: parted at the longest pauses."""
    hop = sound.rate_hz // 100
    level = np.abs(sound.samples[: len(sound.samples) // hop * hop]).max(axis=1)
    loud = np.flatnonzero(level.reshape(-1, hop).max(axis=1) > 0.012)
    if not len(loud) or count == 0:
        return [(0.0, sound.duration_s)] * count
    gaps = sorted(range(1, len(loud)), key=lambda i: loud[i - 1] - loud[i])
    cuts = sorted(gaps[: count - 1])
    starts, ends = [0, *cuts], [*(i - 1 for i in cuts), len(loud) - 1]
    if len(starts) < count:
        edges = np.linspace(loud[0], loud[-1] + 1, count + 1) / 100
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    return [
        (float(loud[a]) / 100, float(loud[b] + 1) / 100)
        for a, b in zip(starts, ends, strict=True)
    ]


def _first_sound_s(sound: Sound) -> float:
    loud = np.abs(sound.samples).max(axis=1) > 0.01
    return max(int(np.argmax(loud)) / sound.rate_hz - 0.02, 0.0) if loud.any() else 0.0


def _long_enough(sound: Sound) -> Sound:
    """At least as long as the loudness meter's window."""
    missing = round(0.5 * sound.rate_hz) - len(sound.samples)
    if missing <= 0:
        return sound
    whole = np.pad(sound.samples, ((0, missing), (0, 0)), mode="wrap")
    return Sound(samples=whole, rate_hz=sound.rate_hz)


def _at_pace(delivery: Delivery, pace: float) -> Delivery:
    return Delivery(
        pace=pace,
        pitch=delivery.pitch,
        liveliness=delivery.liveliness,
        pause_s=delivery.pause_s * 0.7,
    )


def as_spoken(line: SpokenLine) -> Spoken:
    return Spoken(sound=line.sound, words=line.words)
