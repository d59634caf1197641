"""Tiny real media, made on the spot."""

import io
import wave

from PIL import Image


def png(size: tuple[int, int] = (64, 48), colour: str = "teal") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "PNG")
    return target.getvalue()


def wav(seconds: float = 1.0, rate: int = 8000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(range(256)) * int(seconds * rate * 2 / 256))
    return target.getvalue()
