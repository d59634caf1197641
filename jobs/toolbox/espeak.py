"""espeak-ng behind its C interface, in a process of its own.

The library keeps one global state and is not safe between threads, so it is run as
`python -I espeak.py`: JSON lines in, JSON lines out.
"""

import base64
import ctypes
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Constants of speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_EVENT_END, _EVENT_WORD = 0, 1
_CHARS_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEMES_IPA = 0x02


@dataclass(frozen=True, kw_only=True)
class EspeakVoice:
    """How espeak speaks: words a minute, pitch and its movement from 0 to 99."""

    language: str = "en-us"
    words_per_minute: int = 155
    pitch: int = 45
    pitch_range: int = 55


@dataclass(frozen=True, kw_only=True)
class EspeakSound:
    """16-bit samples, and for each word the letter and the second it starts at."""

    pcm: bytes
    rate_hz: int
    word_starts: tuple[tuple[int, float], ...]


class EspeakError(Exception):
    """The library is missing, or its process broke down."""


def available() -> bool:
    """Whether the library is installed."""
    from importlib.util import find_spec

    return find_spec("espeakng_loader") is not None


def say(sentences: Sequence[str], voice: EspeakVoice) -> list[EspeakSound]:
    """Speak each sentence by itself."""
    answers = _ask(
        [
            {
                "say": sentence,
                "voice": voice.language,
                "rate": voice.words_per_minute,
                "pitch": voice.pitch,
                "range": voice.pitch_range,
            }
            for sentence in sentences
        ]
    )
    return [
        EspeakSound(
            pcm=base64.b64decode(answer["pcm"]),
            rate_hz=int(answer["rate_hz"]),
            word_starts=tuple((int(at), float(s)) for at, s in answer["words"]),
        )
        for answer in answers
    ]


def phonemes(clauses: Sequence[str], *, language: str) -> list[str]:
    """Each clause as IPA, words parted by spaces."""
    answers = _ask([{"phonemes": clause, "voice": language} for clause in clauses])
    return [str(answer["ipa"]) for answer in answers]


def _ask(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    answered = subprocess.run(
        [sys.executable, "-I", str(Path(__file__).resolve())],
        input=lines,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    if answered.returncode != 0:
        raise EspeakError(answered.stderr.strip()[-300:] or "it ended without a word")
    return [json.loads(line) for line in answered.stdout.splitlines()]


class _Position(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Position),
    )


_Heard = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Library:
    """The loaded library; made once, inside the process that this file is run as."""

    def __init__(self) -> None:
        import espeakng_loader

        self._lib = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate_hz = int(
            self._lib.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        )
        if self.rate_hz <= 0:
            raise SystemExit("espeak-ng could not open its data")
        self._chunks: list[bytes] = []
        self._words: list[tuple[int, float]] = []
        # Kept as an attribute: the library calls it as long as it lives.
        self._heard = _Heard(self._hear)
        self._lib.espeak_SetSynthCallback(self._heard)
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def choose(self, voice: str) -> None:
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {voice}")

    def say(
        self, text: str, *, rate: int, pitch: int, pitch_range: int
    ) -> dict[str, Any]:
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._lib.espeak_SetParameter(parameter, value, 0)
        self._chunks.clear()
        self._words.clear()
        encoded = text.encode() + b"\0"
        self._lib.espeak_Synth(encoded, len(encoded), 0, 1, 0, _CHARS_UTF8, None, None)
        self._lib.espeak_Synchronize()
        return {
            "pcm": base64.b64encode(b"".join(self._chunks)).decode(),
            "rate_hz": self.rate_hz,
            "words": list(self._words),
        }

    def phonemes(self, text: str) -> dict[str, Any]:
        encoded = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(encoded))
        heard: list[str] = []
        # The library takes a clause at a time and moves the pointer behind it.
        while rest.value:
            part = self._lib.espeak_TextToPhonemes(
                ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA
            )
            heard.append((part or b"").decode())
        return {"ipa": " ".join(piece for piece in heard if piece)}

    def _hear(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_WORD:
                # Positions count letters from 1.
                self._words.append(
                    (event.text_position - 1, event.audio_position / 1000)
                )
            index += 1
        return 0


@cache
def _library() -> _Library:
    return _Library()


def _serve() -> None:
    """Answer every line of standard input with one line."""
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in sys.stdin:
        question = json.loads(line)
        library = _library()
        library.choose(question["voice"])
        if "phonemes" in question:
            answer = library.phonemes(question["phonemes"])
        else:
            answer = library.say(
                question["say"],
                rate=question["rate"],
                pitch=question["pitch"],
                pitch_range=question["range"],
            )
        sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    _serve()
