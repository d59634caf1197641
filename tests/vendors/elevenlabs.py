"""ElevenLabs' text to speech over real HTTP, able to misbehave."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.vendors.counter import Counter, open_counter

_LETTER_S = 0.06


@dataclass
class ElevenLabsEmulator:
    """Answers `with-timestamps`; `failures` are (status, detail) sent first."""

    url: str = ""
    with_alignment: bool = True
    broken_audio: bool = False
    # Take the request and its money, and say nothing.
    hangs_up: bool = False
    failures: list[tuple[int, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def reply(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if self.failures:
            status, detail = self.failures.pop(0)
            return status, {"detail": detail}, {}
        text = body["text"]
        starts = [round(place * _LETTER_S, 3) for place in range(len(text))]
        alignment = {
            "characters": list(text),
            "character_start_times_seconds": starts,
            "character_end_times_seconds": [s + _LETTER_S for s in starts],
        }
        sound = "not base64!" if self.broken_audio else _hum(len(text) * _LETTER_S)
        told = {
            "audio_base64": sound,
            "alignment": alignment if self.with_alignment else None,
            "normalized_alignment": None,
        }
        return 200, told, {"request-id": "el-1", "character-cost": str(len(text))}


def _hum(seconds: float) -> str:
    time = np.arange(round(seconds * 44_100)) / 44_100
    samples = (np.sin(2 * np.pi * 180 * time) * 9000).astype("<i2")
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(samples.tobytes())
    return base64.b64encode(written.getvalue()).decode()


@contextmanager
def elevenlabs_emulator() -> Iterator[ElevenLabsEmulator]:
    emulator = ElevenLabsEmulator()

    class Handler(Counter):
        def do_POST(self) -> None:
            body = json.loads(self.read_body())
            emulator.requests.append(body)
            emulator.paths.append(self.path)
            emulator.keys.append(self.headers.get("xi-api-key"))
            if emulator.hangs_up:
                self.hang_up()
            else:
                self.send_json(*emulator.reply(body))

    with open_counter(Handler) as emulator.url:
        yield emulator
