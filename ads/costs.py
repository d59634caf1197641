"""What each step will probably take in time and money, told before it is bought."""

from decimal import Decimal

from ads.params import AdParams
from ads.styles import style_of
from ads.timing import LETTERS_PER_SECOND
from jobs.pipeline import Estimate, SoFar

# Tokens of one script: instructions, a picture, the answer with its thinking.
_SCRIPT_TOKENS_IN, _SCRIPT_TOKENS_OUT = 4500, 2500
# Share of an ad in which somebody speaks.
_SPOKEN_SHARE = 0.6
# Seconds of work for one second of one aspect's film: filming it, encoding it as WebM
# besides, and finishing it.
_FILM_RATE, _WEBM_RATE, _FINISH_RATE = 1.8, 0.2, 0.1


def script(so_far: SoFar[AdParams], engine: str) -> Estimate:
    if engine != "anthropic":
        return Estimate(seconds=3)
    return Estimate(
        seconds=12, cost_usd=script_usd(_SCRIPT_TOKENS_IN, _SCRIPT_TOKENS_OUT)
    )


def script_usd(tokens_in: int, tokens_out: int) -> Decimal:
    from django.conf import settings

    price_in = Decimal(str(settings.ANTHROPIC_USD_PER_MTOK_IN))
    price_out = Decimal(str(settings.ANTHROPIC_USD_PER_MTOK_OUT))
    return (price_in * tokens_in + price_out * tokens_out) / 1_000_000


def voice(so_far: SoFar[AdParams], engine: str) -> Estimate:
    from django.conf import settings

    pace = style_of(so_far.params.style).delivery.pace
    letters = so_far.params.duration * _SPOKEN_SHARE * LETTERS_PER_SECOND * pace
    per_1k = {
        "elevenlabs": settings.ELEVENLABS_USD_PER_1K,
        "openai": settings.OPENAI_SPEECH_USD_PER_1K,
    }.get(engine)
    if per_1k is None:
        return Estimate(seconds=4 + so_far.params.duration * 0.12)
    cost = Decimal(str(per_1k)) * round(letters) / 1000
    return Estimate(seconds=10, cost_usd=cost)


def video(so_far: SoFar[AdParams], engine: str) -> Estimate:
    from django.conf import settings

    rate = _FILM_RATE + (_WEBM_RATE if so_far.params.webm else 0.0)
    film = so_far.params.duration * len(so_far.params.aspect) * rate
    if engine != "replicate":
        return Estimate(seconds=film)
    # The end card is a still and needs no clip.
    clips = Decimal(str(settings.REPLICATE_VIDEO_USD)) * 3
    return Estimate(seconds=film + 120, cost_usd=clips)


def compositing(so_far: SoFar[AdParams], engine: str) -> Estimate:
    film = so_far.params.duration * len(so_far.params.aspect)
    return Estimate(seconds=5 + film * _FINISH_RATE)
