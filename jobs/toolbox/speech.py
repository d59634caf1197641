"""Text spoken by a local voice, sentence by sentence, with the time of every word.

The best voice at hand speaks: a Piper voice file, the Piper voice that came with the
packages, festival's HTS voice, flite, and espeak-ng last, which is always there and
speaks every language.
"""

import re
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from jobs.errors import EngineFailedError, EngineMissingError
from jobs.toolbox import audio, espeak, piper
from jobs.toolbox.audio import Sound
from jobs.toolbox.captions import TimedWord

_ESPEAK_WORDS_PER_MINUTE = 158


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How a text is to be spoken."""

    pace: float = 1.0
    # 0 to 99 where a voice can be told (espeak); the middle is 50.
    pitch: int = 42
    liveliness: int = 55
    pause_s: float = 0.28


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Speech in one channel, and when each of its words is heard."""

    sound: Sound
    words: tuple[TimedWord, ...]


class Speaker(Protocol):
    """Something that speaks sentences."""

    @property
    def name(self) -> str: ...

    def say(self, sentences: Sequence[str], delivery: Delivery) -> list[Spoken]: ...


def speak(text: str, speaker: Speaker, delivery: Delivery) -> Spoken:
    """A whole text, its sentences parted by pauses."""
    sentences = sentences_of(text)
    if not sentences:
        return Spoken(sound=audio.silence(0.0), words=())
    pieces = [_tight(spoken) for spoken in speaker.say(sentences, delivery)]
    return joined(pieces, pause_s=delivery.pause_s)


def joined(pieces: Sequence[Spoken], *, pause_s: float) -> Spoken:
    """Pieces of speech one after the other, at the house's rate."""
    pause = audio.silence(pause_s).samples
    parts: list[audio.Samples] = []
    words: list[TimedWord] = []
    at_s = 0.0
    for piece in pieces:
        if parts:
            parts.append(pause)
            at_s += len(pause) / audio.RATE_HZ
        sound = audio.resampled(piece.sound, audio.RATE_HZ)
        parts.append(sound.samples)
        words += [_later(word, at_s) for word in piece.words]
        at_s += sound.duration_s
    return Spoken(sound=Sound(samples=np.concatenate(parts)), words=tuple(words))


def local_speaker(text: str, *, piper_voice: Path | None = None) -> Speaker:
    """The best voice on this machine for the language of the text."""
    language = language_of(text)
    if language == "en-us":
        model = piper_voice or piper.packaged_voice()
        if model is not None and model.is_file() and piper.available():
            return PiperSpeaker(model=model)
        if shutil.which("text2wave") and _festival_voice():
            return FestivalSpeaker()
        if shutil.which("flite"):
            return FliteSpeaker()
    if not espeak.available():
        raise EngineMissingError(
            "espeak-ng", how_to_get="Install the package espeakng-loader."
        )
    return EspeakSpeaker(language=language)


@dataclass(frozen=True, kw_only=True)
class PiperSpeaker:
    """A neural voice; its model tells how long each sound lasts."""

    model: Path
    name: str = "piper"

    def say(self, sentences: Sequence[str], delivery: Delivery) -> list[Spoken]:
        try:
            heard = piper.voice(self.model).say(sentences, pace=delivery.pace)
        except espeak.EspeakError as error:
            raise EngineFailedError("piper", str(error)) from error
        return [
            _from_piper(sentence, sound)
            for sentence, sound in zip(sentences, heard, strict=True)
        ]


def _from_piper(sentence: str, heard: piper.PiperSound) -> Spoken:
    words = zip(sentence.split(), heard.word_times, strict=True)
    return Spoken(
        sound=audio.mono(heard.samples, heard.rate_hz),
        words=tuple(
            TimedWord(text=text, start_s=start, end_s=end)
            for text, (start, end) in words
        ),
    )


@dataclass(frozen=True, kw_only=True)
class EspeakSpeaker:
    """espeak-ng, in any language; it tells when it starts each word."""

    language: str = "en-us"
    name: str = "espeak-ng"

    def say(self, sentences: Sequence[str], delivery: Delivery) -> list[Spoken]:
        voice = espeak.EspeakVoice(
            language=self.language,
            words_per_minute=round(_ESPEAK_WORDS_PER_MINUTE * delivery.pace),
            pitch=delivery.pitch,
            pitch_range=delivery.liveliness,
        )
        try:
            heard = espeak.say(sentences, voice)
        except espeak.EspeakError as error:
            raise EngineFailedError("espeak-ng", str(error)) from error
        return [
            _from_espeak(sentence, sound)
            for sentence, sound in zip(sentences, heard, strict=True)
        ]


def _from_espeak(sentence: str, heard: espeak.EspeakSound) -> Spoken:
    samples = np.frombuffer(heard.pcm, dtype="<i2").astype(np.float32) / 32768.0
    sound = audio.mono(samples, heard.rate_hz)
    texts = [(match.start(), match.group()) for match in re.finditer(r"\S+", sentence)]
    # espeak speaks “20%” as two words at one place: the first is the written one's.
    told: list[float | None] = [None] * len(texts)
    for letter, second in heard.word_starts:
        places = [
            i for i, (at, text) in enumerate(texts) if at <= letter < at + len(text)
        ]
        for place in places:
            if told[place] is None:
                told[place] = second
    starts = _filled(told, sound.duration_s)
    ends = [*starts[1:], sound.duration_s]
    return Spoken(
        sound=sound,
        words=tuple(
            TimedWord(text=text, start_s=start, end_s=end)
            for (_, text), start, end in zip(texts, starts, ends, strict=True)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class FliteSpeaker:
    """flite's SLT voice, where the program is installed."""

    name: str = "flite"

    def say(self, sentences: Sequence[str], delivery: Delivery) -> list[Spoken]:
        stretch = f"duration_stretch={1 / delivery.pace:.3f}"
        return [
            _by_program(
                sentence,
                lambda text, wav: [
                    ["flite", "-voice", "slt", "--setf", stretch, "-f", text, "-o", wav]
                ],
            )
            for sentence in sentences
        ]


@dataclass(frozen=True, kw_only=True)
class FestivalSpeaker:
    """festival's HTS voice, where it is installed."""

    name: str = "festival"

    def say(self, sentences: Sequence[str], delivery: Delivery) -> list[Spoken]:
        pace = f"(Parameter.set 'Duration_Stretch {1 / delivery.pace:.3f})"
        scheme = f"(begin ({_festival_voice()}) {pace})"
        return [
            _by_program(
                sentence,
                lambda text, wav: [["text2wave", "-eval", scheme, "-o", wav, text]],
            )
            for sentence in sentences
        ]


def _festival_voice() -> str:
    voices = Path("/usr/share/festival/voices")
    found = sorted(voices.glob("*/*slt*hts*")) if voices.is_dir() else []
    return f"voice_{found[0].name}" if found else ""


def _by_program(
    sentence: str, commands: Callable[[str, str], list[list[str]]]
) -> Spoken:
    """Have a program write a WAV; words get their share of it by their letters."""
    with tempfile.TemporaryDirectory() as folder:
        text, wav = Path(folder) / "text.txt", Path(folder) / "speech.wav"
        text.write_text(sentence, encoding="utf-8")
        for command in commands(str(text), str(wav)):
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=120)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                raise EngineFailedError(command[0], str(error)) from error
        sound = audio.trimmed(audio.read_wav(wav))
    texts = sentence.split()
    shares = np.cumsum([0, *(len(text) + 1.5 for text in texts)])
    times = shares / max(shares[-1], 1) * sound.duration_s
    return Spoken(
        sound=sound,
        words=tuple(
            TimedWord(text=text, start_s=float(times[i]), end_s=float(times[i + 1]))
            for i, text in enumerate(texts)
        ),
    )


def _tight(spoken: Spoken) -> Spoken:
    """Without the silence around it, so that pauses are what the style asks for."""
    loud = np.abs(spoken.sound.samples).max(axis=1) > 10 ** (-46 / 20)
    if not loud.any():
        return spoken
    rate = spoken.sound.rate_hz
    keep = round(0.03 * rate)
    start = max(int(np.argmax(loud)) - keep, 0)
    end = min(len(loud) - int(np.argmax(loud[::-1])) + keep, len(loud))
    length_s = (end - start) / rate
    words = tuple(_within(_later(w, -start / rate), length_s) for w in spoken.words)
    sound = Sound(samples=spoken.sound.samples[start:end], rate_hz=rate)
    return Spoken(sound=audio.faded(sound, in_s=0.005, out_s=0.02), words=words)


def _within(word: TimedWord, length_s: float) -> TimedWord:
    start = min(max(word.start_s, 0.0), length_s)
    return replace(word, start_s=start, end_s=min(max(word.end_s, start), length_s))


def _later(word: TimedWord, by_s: float) -> TimedWord:
    return replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)


def _filled(told: Sequence[float | None], length_s: float) -> list[float]:
    """Times that were not told, put evenly between their neighbours."""
    known = [(i, t) for i, t in enumerate(told) if t is not None]
    if not known:
        return [length_s * i / max(len(told), 1) for i in range(len(told))]
    places, times = [i for i, _ in known], [t for _, t in known]
    filled = np.interp(range(len(told)), [*places, len(told)], [*times, length_s])
    return [float(t) for t in filled]


_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[^a-z])|(?<=[。！？])|\n+")
_ABBREVIATIONS = ("Mr.", "Mrs.", "Ms.", "Dr.", "St.", "No.", "vs.", "e.g.", "i.e.")


def sentences_of(text: str) -> list[str]:
    """The sentences of a text that have something to say."""
    sentences: list[str] = []
    for stretch in _SENTENCE_END.split(text):
        piece = " ".join(stretch.split())
        if sentences and sentences[-1].endswith(_ABBREVIATIONS):
            sentences[-1] += " " + piece
        elif any(sign.isalnum() for sign in piece):
            sentences.append(piece)
    return sentences


_LANGUAGES = (
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("CJK", "cmn"),
    ("CYRILLIC", "ru"),
    ("GREEK", "el"),
    ("DEVANAGARI", "hi"),
    ("BENGALI", "bn"),
    ("TAMIL", "ta"),
    ("THAI", "th"),
)


def language_of(text: str) -> str:
    """The language of espeak's that the script of most letters points to."""
    letters = [unicodedata.name(sign, "") for sign in text if sign.isalpha()]
    counts = {
        language: sum(name.startswith(script) for name in letters)
        for script, language in _LANGUAGES
    }
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] * 2 > len(letters) else "en-us"
