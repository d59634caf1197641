"""Who speaks a line: ElevenLabs, OpenAI, or a voice on this machine."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from ads.engines import voices
from ads.engines.voices import SpokenLine
from ads.params import AdParams
from ads.styles import Style, StyleName, style_of
from jobs.toolbox import audio
from jobs.vendors.elevenlabs import ElevenLabsClient, VoiceSettings
from jobs.vendors.openai import OpenAIClient
from jobs.workbench import Purchase, Workbench

# How steady, how coloured, how fast a hired voice speaks in each style.
_SETTINGS = {
    StyleName.LUXURY: VoiceSettings(stability=0.6, style=0.25, speed=0.92),
    StyleName.ENERGETIC: VoiceSettings(stability=0.32, style=0.65, speed=1.08),
    StyleName.MINIMAL: VoiceSettings(stability=0.7, style=0.1, speed=0.98),
    StyleName.BOLD: VoiceSettings(stability=0.45, style=0.5, speed=1.02),
}


def speak(
    bench: Workbench[AdParams], text: str, *, number: int, room_s: float
) -> SpokenLine:
    """One scene's voiceover by the engine of this stage."""
    style = style_of(bench.params.style)
    if bench.engine == "elevenlabs":
        return _by_elevenlabs(bench, text, style, number)
    if bench.engine == "openai":
        return _by_openai(bench, text, style, number)
    return voices.speak_locally(
        text, style, room_s=room_s, piper_voice=_own_piper_voice()
    )


def _own_piper_voice() -> Path | None:
    from django.conf import settings

    return Path(settings.PIPER_VOICE) if settings.PIPER_VOICE else None


def _by_elevenlabs(
    bench: Workbench[AdParams], text: str, style: Style, number: int
) -> SpokenLine:
    client = ElevenLabsClient.from_settings()
    purchase = Purchase(
        vendor="elevenlabs",
        item=f"voice of scene {number}",
        estimate_usd=client.price_usd(len(text)),
    )
    recording = bench.workdir / f"elevenlabs-{number}.mp3"
    timings = bench.workdir / f"elevenlabs-{number}.json"

    def send(key: str) -> str:
        speech = client.speak(
            text, settings=_SETTINGS[style.name], seed=bench.params.seed
        )
        recording.write_bytes(speech.audio)
        timings.write_text(speech.words_json(), encoding="utf-8")
        bench.spend(purchase, client.price_usd(speech.characters))
        return speech.request_id or key

    _bought(bench, purchase, send, recording)
    words = ElevenLabsClient.words_from_json(timings.read_text(encoding="utf-8"))
    sound = audio.read_any(recording)
    known = words or voices.guessed_words(text, sound)
    return voices.from_vendor(sound, known, style, voice="elevenlabs")


def _bought(
    bench: Workbench[AdParams],
    purchase: Purchase,
    send: Callable[[str], str],
    recording: Path,
) -> None:
    """Buy a recording; one that was lost with its worker is bought again, and booked so."""
    bench.buy(purchase, send)
    if not recording.exists():
        again = replace(purchase, item=f"{purchase.item}, again ({bench.attempt})")
        bench.buy(again, send)


def _by_openai(
    bench: Workbench[AdParams], text: str, style: Style, number: int
) -> SpokenLine:
    from django.conf import settings

    client = OpenAIClient.from_settings()
    price = Decimal(str(settings.OPENAI_SPEECH_USD_PER_1K)) * len(text) / 1000
    purchase = Purchase(
        vendor="openai", item=f"voice of scene {number}", estimate_usd=price
    )
    recording = bench.workdir / f"openai-{number}.audio"

    def send(key: str) -> str:
        recording.write_bytes(
            client.speak(
                text,
                model=settings.OPENAI_SPEECH_MODEL,
                voice=settings.OPENAI_SPEECH_VOICE,
                price_usd=price,
            )
        )
        bench.spend(purchase, price)
        return key

    _bought(bench, purchase, send, recording)
    sound = audio.read_any(recording)
    return voices.from_vendor(
        sound, voices.guessed_words(text, sound), style, voice="openai"
    )
