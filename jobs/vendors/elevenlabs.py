"""ElevenLabs: text to speech with the time of every letter."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from jobs.errors import (
    EngineNotConfiguredError,
    VendorError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.toolbox.captions import TimedWord

VENDOR = "elevenlabs"
# Out of credit comes as 402, and from older endpoints as a 401 with this code.
_NO_CREDIT = frozenset({"quota_exceeded", "insufficient_credits"})
_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class VoiceSettings:
    """How a voice speaks; all but the speed from 0 to 1."""

    stability: float = 0.5
    similarity_boost: float = 0.75
    style: float = 0.0
    speed: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A recording with the times of its words; none when the vendor gave none."""

    audio: bytes
    words: tuple[TimedWord, ...]
    # What was billed.
    characters: int
    request_id: str

    def words_json(self) -> str:
        return json.dumps([[w.text, w.start_s, w.end_s] for w in self.words])


@dataclass(frozen=True)
class ElevenLabsClient:
    """A connection with one account; retries are the runtime's business."""

    api_key: str
    base_url: str
    model: str
    voice: str
    usd_per_1k: Decimal

    @classmethod
    def from_settings(cls) -> "ElevenLabsClient":
        from django.conf import settings

        if not settings.ELEVENLABS_API_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="ELEVENLABS_API_KEY")
        return cls(
            api_key=settings.ELEVENLABS_API_KEY,
            base_url=settings.ELEVENLABS_BASE_URL,
            model=settings.ELEVENLABS_MODEL,
            voice=settings.ELEVENLABS_VOICE_ID,
            usd_per_1k=Decimal(str(settings.ELEVENLABS_USD_PER_1K)),
        )

    def price_usd(self, characters: int) -> Decimal:
        return self.usd_per_1k * characters / 1000

    def speak(self, text: str, *, settings: VoiceSettings, seed: int) -> Speech:
        """Speak a text of one scene."""
        from elevenlabs import VoiceSettings as SdkSettings

        with self._opened() as client, _translated():
            answer = client.text_to_speech.with_raw_response.convert_with_timestamps(
                self.voice,
                text=text,
                model_id=self.model,
                output_format="mp3_44100_128",
                seed=seed,
                voice_settings=SdkSettings(
                    stability=settings.stability,
                    similarity_boost=settings.similarity_boost,
                    style=settings.style,
                    speed=settings.speed,
                ),
                request_options={"max_retries": 0, "timeout_in_seconds": _TIMEOUT_S},
            )
        headers = {k.lower(): v for k, v in answer.headers.items()}
        characters = int(headers.get("character-cost") or len(text))
        try:
            audio = base64.b64decode(answer.data.audio_base_64, validate=True)
        except ValueError as error:
            raise VendorUnavailableError(
                VENDOR,
                "ElevenLabs sent a recording that cannot be read.",
                cost_usd=self.price_usd(characters),
            ) from error
        return Speech(
            audio=audio,
            words=_words(answer.data.alignment),
            characters=characters,
            request_id=headers.get("request-id", ""),
        )

    @staticmethod
    def words_from_json(text: str) -> list[TimedWord]:
        return [
            TimedWord(text=word, start_s=start, end_s=end)
            for word, start, end in json.loads(text)
        ]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The SDK's client, whose connections end with the call that opened it."""
        # Typed loosely: the SDK's raw responses carry no useful types.
        import httpx
        from elevenlabs.client import ElevenLabs

        from jobs.vendors.trust import certificates

        with httpx.Client(
            timeout=_TIMEOUT_S, follow_redirects=True, verify=certificates()
        ) as web:
            yield ElevenLabs(
                api_key=self.api_key, base_url=self.base_url, httpx_client=web
            )


def _words(alignment: Any) -> tuple[TimedWord, ...]:
    """Letters grouped on whitespace; nothing when the times are absent or disordered."""
    if alignment is None:
        return ()
    letters: Sequence[str] = alignment.characters
    starts: Sequence[float] = alignment.character_start_times_seconds
    ends: Sequence[float] = alignment.character_end_times_seconds
    if not letters or any(b < a for a, b in pairwise(starts)) or ends[-1] <= 0:
        return ()
    words: list[TimedWord] = []
    start: int | None = None
    for place, letter in enumerate([*letters, " "]):
        if letter.isspace() and start is not None:
            words.append(
                TimedWord(
                    text="".join(letters[start:place]),
                    start_s=starts[start],
                    end_s=ends[place - 1],
                )
            )
            start = None
        elif not letter.isspace() and start is None:
            start = place
    return tuple(words)


@contextmanager
def _translated() -> Iterator[None]:
    import httpx
    from elevenlabs.core import ApiError
    from pydantic import ValidationError

    try:
        yield
    except ApiError as error:
        raise _error_of(error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise VendorUnavailableError(
            VENDOR, "ElevenLabs could not be reached. The line is spoken later."
        ) from error
    except (httpx.TransportError, ValidationError, json.JSONDecodeError) as error:
        raise VendorOutcomeUnknownError(
            VENDOR,
            "ElevenLabs' answer was lost on its way; the line may have been charged.",
        ) from error


def _error_of(error: Any) -> VendorError:
    code, message = _reason(error.body)
    status = error.status_code or 0
    if status == 402 or code in _NO_CREDIT:
        return VendorRefusedError(
            VENDOR,
            "The ElevenLabs account has no credit left. Top it up and try again.",
        )
    if status == 401:
        return VendorRefusedError(
            VENDOR, "ElevenLabs does not accept the key. Check ELEVENLABS_API_KEY."
        )
    if status == 404:
        return VendorRefusedError(
            VENDOR, "ElevenLabs has no such voice. Check ELEVENLABS_VOICE_ID."
        )
    if status == 429 or status >= 500 or status == 0:
        headers = {k.lower(): v for k, v in (error.headers or {}).items()}
        seconds = headers.get("retry-after", "")
        return VendorUnavailableError(
            VENDOR,
            "ElevenLabs is busy. The line is spoken again a little later.",
            retry_after=timedelta(seconds=int(seconds)) if seconds.isdigit() else None,
        )
    return VendorRefusedError(VENDOR, f"ElevenLabs refused the text: {message}")


def _reason(body: Any) -> tuple[str, str]:
    """Code and message; `detail` is an object, a list or a plain string."""
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, list) and detail:
        first = detail[0]
        return "", str(first.get("msg", first) if isinstance(first, dict) else first)
    if isinstance(detail, dict):
        code = detail.get("code") or detail.get("status") or ""
        return str(code), str(detail.get("message", code))
    return "", str(detail or "no reason given")
