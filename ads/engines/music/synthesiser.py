"""Plays a score with oscillators, envelopes and filters of our own."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ads.engines.music.oscillators import Partial, summed
from ads.engines.music.score import DRUMS, Note, Part
from ads.timing import Beat
from jobs.toolbox import audio, filters
from jobs.toolbox.audio import RATE_HZ, Sound

Wave = NDArray[np.float32]

# Left to right, -1 to 1; and how much goes into the hall.
_PLACES = {
    Part.PAD: (0.0, 0.35),
    Part.KEYS: (-0.25, 0.3),
    Part.PLUCK: (0.25, 0.22),
    Part.BASS: (0.0, 0.0),
    Part.LEAD: (0.15, 0.2),
    Part.BELL: (0.4, 0.5),
    Part.KICK: (0.0, 0.0),
    Part.SNARE: (0.05, 0.12),
    Part.CLAP: (-0.1, 0.2),
    Part.HAT: (0.3, 0.04),
    Part.SHAKER: (-0.35, 0.08),
    Part.CRASH: (0.1, 0.3),
}
_LEVELS = {
    Part.PAD: 0.16,
    Part.KEYS: 0.3,
    Part.PLUCK: 0.22,
    Part.BASS: 0.42,
    Part.LEAD: 0.16,
    Part.BELL: 0.2,
    Part.KICK: 0.75,
    Part.SNARE: 0.4,
    Part.CLAP: 0.32,
    Part.HAT: 0.2,
    Part.SHAKER: 0.3,
    Part.CRASH: 0.22,
}


def play(notes: Sequence[Note], beat: Beat, *, duration_s: float) -> Sound:
    """The score as stereo sound of exactly this length."""
    frames = round(duration_s * RATE_HZ)
    dry = np.zeros((frames, 2), np.float32)
    sent = np.zeros((frames, 1), np.float32)
    for note in notes:
        wave = _played(
            note.part,
            0 if note.part in DRUMS else note.pitch,
            round(note.beats * beat.seconds, 3),
        )
        start = round(note.beat * beat.seconds * RATE_HZ)
        room = min(len(wave), frames - start)
        if room <= 0:
            continue
        piece = wave[:room] * np.float32(note.velocity * _LEVELS[note.part])
        pan, hall = _PLACES[note.part]
        angle = (pan + 1) * np.pi / 4
        dry[start : start + room, 0] += piece * np.float32(np.cos(angle))
        dry[start : start + room, 1] += piece * np.float32(np.sin(angle))
        sent[start : start + room, 0] += piece * np.float32(hall)
    wet = _hall(sent)[:frames]
    mixed = Sound(samples=dry + wet)
    glued = audio.levelled(mixed, threshold_db=-16, ratio=2.0)
    return audio.faded(glued, in_s=0.02, out_s=min(1.2, duration_s / 6))


def _hall(sent: Wave) -> Wave:
    """A long, soft echo, different in each ear."""
    ears = [filters.echoed(sent[:, 0], _tail(seed)) for seed in (3, 4)]
    return np.stack(ears, axis=1)


@cache
def _tail(seed: int) -> Wave:
    length = round(1.8 * RATE_HZ)
    time = np.arange(length) / RATE_HZ
    noise = np.random.default_rng(seed).standard_normal(length)
    fading = noise * np.exp(-3.6 * time) * np.minimum(time / 0.02, 1)
    dark = filters.through_sections(fading[:, None], filters.one_pole(0.3))[:, 0]
    return np.asarray(dark / np.sqrt((dark**2).sum()), np.float32)


@cache
def _played(part: Part, pitch: int, seconds: float) -> Wave:
    """One note; the same note is made once."""
    if part in DRUMS:
        return _drum(part)
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    makers = {
        Part.PAD: _pad,
        Part.KEYS: _keys,
        Part.PLUCK: _pluck,
        Part.BASS: _bass,
        Part.LEAD: _lead,
        Part.BELL: _bell,
    }
    return makers[part](frequency, seconds).astype(np.float32)


def _clock(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def _held(
    time: NDArray[np.float64], seconds: float, *, rise: float, fall: float
) -> NDArray[np.float64]:
    """Up, on, and down."""
    up = np.minimum(time / rise, 1.0)
    down = np.clip((seconds + fall - time) / fall, 0, 1)
    return up * down**2


def _saw(
    frequency: float, time: NDArray[np.float64], *, brightness: float
) -> NDArray[np.float64]:
    """A sawtooth built of as many partials as stay clean."""
    most = int(min(brightness / frequency * 1000, 16_000 / frequency, 24))
    partials = [
        Partial(
            hertz=frequency * number,
            weight=float(np.exp(-((number * frequency / (brightness * 1000)) ** 2)))
            / number,
        )
        for number in range(1, max(most, 1) + 1)
    ]
    return summed(partials, len(time))


def _pad(frequency: float, seconds: float) -> NDArray[np.float64]:
    time = _clock(seconds + 1.2)
    wave = sum(
        _saw(frequency * (1 + cents / 1200 * np.log(2)), time, brightness=1.1)
        for cents in (-7, 0, 6)
    )
    return np.asarray(wave * _held(time, seconds, rise=0.7, fall=1.2) * 0.33)


def _keys(frequency: float, seconds: float) -> NDArray[np.float64]:
    """A felt piano: partials that die the faster the higher, and a soft hammer."""
    time = _clock(min(seconds + 1.6, 4.0))
    partials = [
        Partial(
            hertz=stretched,
            weight=1 / number**1.35,
            decay=1.1 + 0.75 * number + frequency / 900,
            phase=number,
        )
        for number in range(1, 9)
        if (stretched := frequency * number * np.sqrt(1 + 0.0004 * number**2)) <= 9000
    ]
    wave = summed(partials, len(time))
    early = time[: RATE_HZ // 8]
    knock = np.random.default_rng(1).standard_normal(len(early))
    wave[: len(early)] += 0.03 * knock * np.exp(-early * 180)
    soft = np.minimum(time / 0.004, 1)
    return np.asarray(wave * soft * _held(time, seconds + 0.6, rise=0.002, fall=1.0))


def _pluck(frequency: float, seconds: float) -> NDArray[np.float64]:
    time = _clock(min(seconds + 0.8, 2.5))
    partials = [
        Partial(hertz=frequency * n, weight=1 / n, decay=3.2 + 1.7 * n)
        for n in range(1, 12)
        if frequency * n <= 11_000
    ]
    wave = summed(partials, len(time))
    return np.asarray(wave * np.minimum(time / 0.002, 1))


def _bass(frequency: float, seconds: float) -> NDArray[np.float64]:
    time = _clock(seconds + 0.15)
    low = np.sin(2 * np.pi * frequency * time)
    body = 0.5 * _saw(frequency, time, brightness=0.35)
    return np.asarray(
        np.tanh(1.5 * (low + body)) * 0.7 * _held(time, seconds, rise=0.006, fall=0.12)
    )


def _lead(frequency: float, seconds: float) -> NDArray[np.float64]:
    time = _clock(seconds + 0.25)
    wave = _saw(frequency * 0.997, time, brightness=2.6) + _saw(
        frequency * 1.004, time, brightness=2.6
    )
    return np.asarray(
        wave * 0.5 * _held(time, seconds, rise=0.008, fall=0.22) * np.exp(-time * 1.2)
    )


def _bell(frequency: float, seconds: float) -> NDArray[np.float64]:
    time = _clock(min(seconds + 1.5, 4.0))
    partials = [
        Partial(hertz=frequency * ratio, weight=weight, decay=decay)
        for ratio, weight, decay in ((1, 1, 1.6), (2.76, 0.4, 3.2), (5.4, 0.2, 6.0))
    ]
    wave = summed(partials, len(time))
    return np.asarray(
        wave
        * np.minimum(time / 0.002, 1)
        * _held(time, seconds + 0.5, rise=0.001, fall=1.0)
    )


@cache
def _drum(part: Part) -> Wave:
    noise = np.random.default_rng(11)
    if part is Part.KICK:
        time = _clock(0.42)
        phase = 2 * np.pi * (46 * time + 34 / 28 * (1 - np.exp(-28 * time)))
        wave = np.tanh(2.0 * np.sin(phase)) * np.exp(-time * 7.5)
        wave += 0.15 * noise.standard_normal(len(time)) * np.exp(-time * 300)
    elif part is Part.SNARE:
        time = _clock(0.3)
        wave = 0.6 * np.sin(2 * np.pi * 188 * time) * np.exp(-time * 22)
        wave += (
            _hissed(noise.standard_normal(len(time)), 1500) * np.exp(-time * 17) * 0.7
        )
    elif part is Part.CLAP:
        time = _clock(0.3)
        bursts = sum(
            np.where(time >= at, np.exp(-(time - at) * rate), 0)
            for at, rate in ((0.0, 160), (0.011, 160), (0.022, 160), (0.03, 18))
        )
        wave = _hissed(noise.standard_normal(len(time)), 1100) * bursts * 0.5
    elif part is Part.CRASH:
        time = _clock(2.2)
        wave = _hissed(noise.standard_normal(len(time)), 4200) * np.exp(-time * 2.6)
    else:
        time = _clock(0.12)
        rate = 45 if part is Part.HAT else 38
        wave = _hissed(noise.standard_normal(len(time)), 7000) * np.exp(-time * rate)
        if part is Part.SHAKER:
            wave *= np.minimum(time / 0.018, 1)
    return np.asarray(wave, np.float32)


def _hissed(noise: NDArray[np.float64], above_hz: float) -> NDArray[np.float64]:
    """Noise without its lows."""
    band = audio.Band(kind="low_cut", frequency_hz=above_hz)
    hissing = audio.equalised(audio.mono(noise, RATE_HZ), (band,)).samples[:, 0]
    return hissing.astype(np.float64)
