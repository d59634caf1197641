"""OpenAI over its own SDK: transcription, speech, and answers that fit a schema."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from jobs.errors import (
    EngineNotConfiguredError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)

if TYPE_CHECKING:
    from openai import OpenAI

VENDOR = "openai"
# What one transcription request may carry.
MAX_AUDIO_BYTES = 25 * 2**20
# The one model that tells when each word is said; it ends on 2027-02-26.
MODELS_WITH_WORD_TIMES = ("whisper-1",)
# A 429 with one of these codes does not pass by waiting.
_OUT_OF_MONEY = (
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
)
_BUSY_STATUSES = (408, 409, 429)
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 300.0

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class HeardWord:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class HeardSegment:
    """A sentence as Whisper cuts them, with its own doubts about it."""

    text: str
    start_s: float
    end_s: float
    log_probability: float
    no_speech: float


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was said; words and segments only from models that time them."""

    text: str
    language: str
    words: Sequence[HeardWord]
    segments: Sequence[HeardSegment]

    def as_json(self) -> dict[str, Any]:
        """For a checkpoint; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Heard":
        return cls(
            text=told["text"],
            language=told["language"],
            words=[HeardWord(**word) for word in told["words"]],
            segments=[HeardSegment(**segment) for segment in told["segments"]],
        )


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an answer took, as it is billed."""

    input: int
    cached: int
    output: int

    def cost_usd(self, prices: "Prices") -> Decimal:
        fresh = self.input - self.cached
        million = Decimal(1_000_000)
        return (
            fresh * prices.input_usd
            + self.cached * prices.cached_usd
            + self.output * prices.output_usd
        ) / million


@dataclass(frozen=True, kw_only=True)
class Prices:
    """US dollars for a million tokens."""

    input_usd: Decimal
    cached_usd: Decimal
    output_usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[T]):
    """A value that fits the schema that was asked for."""

    id: str
    value: T
    tokens: Tokens


@dataclass(frozen=True)
class OpenAIClient:
    """A connection with one account. Retries are the runtime's business, not its own."""

    api_key: str
    base_url: str
    prices: Prices

    @classmethod
    def from_settings(cls) -> "OpenAIClient":
        from django.conf import settings

        if not settings.OPENAI_API_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="OPENAI_API_KEY")
        input_usd = Decimal(str(settings.OPENAI_INPUT_USD))
        return cls(
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            prices=Prices(
                input_usd=input_usd,
                # What the vendor has read lately costs it, and us, a tenth.
                cached_usd=input_usd / 10,
                output_usd=Decimal(str(settings.OPENAI_OUTPUT_USD)),
            ),
        )

    def transcribe(
        self, sound: Path, *, model: str, language: str = "", price_usd: Decimal
    ) -> Heard:
        """Write down what is said in one file of at most 25 MB."""
        options: dict[str, Any] = {"model": model}
        if language:
            options["language"] = language
        if model in MODELS_WITH_WORD_TIMES:
            options["response_format"] = "verbose_json"
            options["timestamp_granularities"] = ["word", "segment"]
        with sound.open("rb") as file, self._opened() as client, _translated():
            raw = client.audio.transcriptions.with_raw_response.create(
                file=file, **options
            )
        try:
            return _Transcription.model_validate_json(raw.content).heard()
        except ValidationError as error:
            raise _useless(price_usd) from error

    def speak(self, text: str, *, model: str, voice: str, price_usd: Decimal) -> bytes:
        """Speech as a WAV file's bytes; at most 4,096 characters at once."""
        with self._opened() as client, _translated():
            spoken = client.audio.speech.create(
                input=text, model=model, voice=voice, response_format="wav"
            )
            recording = bytes(spoken.read())
        if not recording.startswith(b"RIFF"):
            raise _useless(price_usd)
        return recording

    def answer(
        self, *, model: str, system: str, prompt: str, schema: type[T], key: str = ""
    ) -> Answer[T]:
        """An answer that is checked against the schema; refusals are errors."""
        headers = {"Idempotency-Key": key} if key else {}
        with self._opened() as client, _translated():
            raw = client.chat.completions.with_raw_response.parse(
                model=model,
                messages=[
                    {"role": "system", "content": system},
                    {"role": "user", "content": prompt},
                ],
                response_format=schema,
                extra_headers=headers,
            )
            return self._read(raw)

    def _read(self, raw: Any) -> Answer[Any]:
        """The value in an answer; one of no use was charged for all the same."""
        import openai

        tokens = _tokens(raw.content)
        cost = tokens.cost_usd(self.prices)
        try:
            chat = raw.parse()
        except openai.LengthFinishReasonError as error:
            raise VendorRefusedError(
                VENDOR,
                "OpenAI's answer was too long and was cut off. Ask for less.",
                cost_usd=cost,
            ) from error
        except openai.ContentFilterFinishReasonError as error:
            raise _refused("its content filter stepped in", cost) from error
        except ValidationError as error:
            raise _useless(cost) from error
        message = chat.choices[0].message
        if message.refusal or message.parsed is None:
            raise _refused(message.refusal or "it gave no answer", cost)
        return Answer(id=chat.id, value=message.parsed, tokens=tokens)

    def _opened(self) -> "OpenAI":
        """The SDK's client, whose connections end with the call that opened it."""
        import openai

        timeout = openai.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        return openai.OpenAI(
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=timeout,
            max_retries=0,
        )


class _TimedText(BaseModel):
    start: float
    end: float


class _Word(_TimedText):
    word: str


class _Segment(_TimedText):
    text: str
    avg_logprob: float
    no_speech_prob: float


class _Transcription(BaseModel):
    """What is said, as the vendor sends it."""

    text: str
    language: str | None = None
    words: list[_Word] | None = None
    segments: list[_Segment] | None = None

    def heard(self) -> Heard:
        return Heard(
            text=self.text,
            language=self.language or "",
            words=[
                HeardWord(text=w.word, start_s=w.start, end_s=w.end)
                for w in self.words or ()
            ],
            segments=[
                HeardSegment(
                    text=s.text,
                    start_s=s.start,
                    end_s=s.end,
                    log_probability=s.avg_logprob,
                    no_speech=s.no_speech_prob,
                )
                for s in self.segments or ()
            ],
        )


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Billed(BaseModel):
    """The part of an answer that says what it took, whatever else is in it."""

    usage: _Usage | None = None


def _tokens(content: bytes) -> Tokens:
    try:
        usage = _Billed.model_validate_json(content).usage or _Usage()
    except ValidationError as error:
        raise VendorOutcomeUnknownError(
            VENDOR, "OpenAI's answer came broken; it may have been charged."
        ) from error
    details = usage.prompt_tokens_details or _Details()
    return Tokens(
        input=usage.prompt_tokens,
        cached=details.cached_tokens or 0,
        output=usage.completion_tokens,
    )


def _useless(cost_usd: Decimal) -> VendorUnavailableError:
    return VendorUnavailableError(
        VENDOR, "OpenAI's answer did not fit what was asked for.", cost_usd=cost_usd
    )


def _refused(reason: str, cost_usd: Decimal) -> VendorRefusedError:
    return VendorRefusedError(
        VENDOR, f"OpenAI would not do this: {reason}.", cost_usd=cost_usd
    )


@contextmanager
def _translated() -> Iterator[None]:
    """The SDK's errors as ours: what passes by waiting, what never will, what is lost."""
    import httpx2
    import openai

    try:
        yield
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
            raise VendorUnavailableError(
                VENDOR, "OpenAI could not be reached; it is tried again."
            ) from error
        raise VendorOutcomeUnknownError(
            VENDOR, "OpenAI's answer was lost on the way; it may have been charged."
        ) from error
    except openai.APIStatusError as error:
        raise _of_status(error) from error
    except openai.APIResponseValidationError as error:
        raise VendorOutcomeUnknownError(
            VENDOR, "OpenAI's answer came broken; it may have been charged."
        ) from error


def _of_status(error: Any) -> VendorRefusedError | VendorUnavailableError:
    code = error.code or error.type or ""
    if error.status_code == 429 and code in _OUT_OF_MONEY:
        return VendorRefusedError(
            VENDOR, "The OpenAI account has no credit left. Top it up and retry."
        )
    if error.status_code in _BUSY_STATUSES or error.status_code >= 500:
        return VendorUnavailableError(
            VENDOR,
            f"OpenAI is busy or broken (status {error.status_code}).",
            retry_after=_retry_after(error.response.headers),
        )
    if error.status_code in (401, 403):
        return VendorRefusedError(
            VENDOR, "OpenAI does not accept OPENAI_API_KEY. Check it in the settings."
        )
    return VendorRefusedError(VENDOR, f"OpenAI refused the request: {error.message}")


def _retry_after(headers: Any) -> timedelta | None:
    try:
        return timedelta(seconds=float(headers.get("retry-after", "")))
    except ValueError:
        return None
