"""Anthropic: structured answers from Claude, with pictures, caching and their cost."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from jobs.errors import (
    EngineNotConfiguredError,
    VendorError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)

VENDOR = "anthropic"
T = TypeVar("T", bound=BaseModel)

_TIMEOUT_S = 180
# Thinking counts as output: too few tokens would end without an answer.
_MAX_TOKENS = 8000
_PICTURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True, kw_only=True)
class Prices:
    """US dollars for a million tokens."""

    input_usd: Decimal
    output_usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What one answer took."""

    fresh: int
    cache_written: int
    cache_read: int
    answered: int

    def cost_usd(self, prices: Prices) -> Decimal:
        # Writing the cache costs a quarter more than reading afresh, reading it a tenth.
        read = self.fresh + Decimal("1.25") * self.cache_written
        read += Decimal("0.1") * self.cache_read
        spent = read * prices.input_usd + self.answered * prices.output_usd
        return Decimal(spent) / 1_000_000


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[T]):
    """A value of the asked-for shape, and what it took."""

    id: str
    value: T
    tokens: Tokens


@dataclass(frozen=True)
class AnthropicClient:
    """A connection with one account; retries are the runtime's business."""

    api_key: str
    base_url: str
    model: str
    prices: Prices

    @classmethod
    def from_settings(cls) -> "AnthropicClient":
        from django.conf import settings

        if not settings.ANTHROPIC_API_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="ANTHROPIC_API_KEY")
        return cls(
            api_key=settings.ANTHROPIC_API_KEY,
            base_url=settings.ANTHROPIC_BASE_URL,
            model=settings.ANTHROPIC_MODEL,
            prices=Prices(
                input_usd=Decimal(str(settings.ANTHROPIC_USD_PER_MTOK_IN)),
                output_usd=Decimal(str(settings.ANTHROPIC_USD_PER_MTOK_OUT)),
            ),
        )

    def answer(
        self, question: str, shape: type[T], *, system: str, picture: Path | None = None
    ) -> Answer[T]:
        """Ask once; `system` is cached between calls, the picture comes first."""
        content: list[dict[str, Any]] = [{"type": "text", "text": question}]
        if picture is not None:
            content.insert(0, _image_block(picture))
        cached = {
            "type": "text",
            "text": system,
            "cache_control": {"type": "ephemeral"},
        }
        with self._opened() as client, _translated():
            message = client.messages.create(
                model=self.model,
                max_tokens=_MAX_TOKENS,
                system=[cached],
                messages=[{"role": "user", "content": content}],
                output_config={"format": _format_of(shape)},
            )
        return self._read(message, shape)

    def _read(self, message: Any, shape: type[T]) -> Answer[T]:
        """The value in a message; one that is of no use was charged for all the same."""
        tokens = _tokens(message.usage)
        cost = tokens.cost_usd(self.prices)
        if message.stop_reason == "refusal":
            raise VendorRefusedError(
                VENDOR,
                "Claude declined to write about this. Change the description.",
                cost_usd=cost,
            )
        # Its thoughts come first, and are not the answer.
        text = "".join(part.text for part in message.content if part.type == "text")
        try:
            value = shape.model_validate_json(text)
        except ValidationError as error:
            raise VendorUnavailableError(
                VENDOR,
                "Claude's answer was cut short or is not of the asked-for shape "
                f"({message.stop_reason}).",
                cost_usd=cost,
            ) from error
        return Answer(id=message.id, value=value, tokens=tokens)

    def _opened(self) -> Any:
        """The SDK's client, whose connections end with the call that opened it."""
        # Typed loosely: messages are built as plain JSON.
        from anthropic import Anthropic

        return Anthropic(
            api_key=self.api_key,
            base_url=self.base_url,
            max_retries=0,
            timeout=_TIMEOUT_S,
        )


def _image_block(picture: Path) -> dict[str, Any]:
    content = picture.read_bytes()
    kinds = [kind for start, kind in _PICTURES.items() if content.startswith(start)]
    if not kinds:
        raise VendorRefusedError(
            VENDOR, "Claude reads PNG, JPEG, GIF and WebP pictures."
        )
    return {
        "type": "image",
        "source": {
            "type": "base64",
            "media_type": kinds[0],
            "data": base64.b64encode(content).decode(),
        },
    }


def _tokens(usage: Any) -> Tokens:
    return Tokens(
        fresh=usage.input_tokens or 0,
        cache_written=usage.cache_creation_input_tokens or 0,
        cache_read=usage.cache_read_input_tokens or 0,
        answered=usage.output_tokens or 0,
    )


def _format_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The shape as a schema of the few words that the vendor's compiler knows."""
    from anthropic import transform_schema

    return {"type": "json_schema", "schema": transform_schema(shape)}


@contextmanager
def _translated() -> Iterator[None]:
    """Foreign errors become ours; a call that may have been charged is not repeated."""
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
            raise VendorUnavailableError(
                VENDOR, "Claude could not be reached. It is asked again a little later."
            ) from error
        raise VendorOutcomeUnknownError(
            VENDOR, "Claude's answer was lost on its way; it may have been charged."
        ) from error
    except anthropic.APIStatusError as error:
        raise _error_of(error) from error
    except anthropic.APIResponseValidationError as error:
        raise VendorOutcomeUnknownError(
            VENDOR, "Claude's answer came broken; it may have been charged."
        ) from error


def _error_of(error: Any) -> VendorError:
    status = int(error.status_code)
    if status in (408, 409, 429) or status >= 500:
        seconds = error.response.headers.get("retry-after", "")
        return VendorUnavailableError(
            VENDOR,
            "Claude is busy. It is asked again a little later.",
            retry_after=timedelta(seconds=int(seconds)) if seconds.isdigit() else None,
        )
    reasons = {
        401: "Anthropic does not accept the key. Check ANTHROPIC_API_KEY.",
        402: "The Anthropic account has no credit left. Top it up and try again.",
        403: "The Anthropic key may not use this model.",
        404: "Anthropic has no such model (any more). Check ANTHROPIC_MODEL.",
        413: "The picture is too large for Claude. Send a smaller one.",
    }
    return VendorRefusedError(
        VENDOR, reasons.get(status, f"Claude refused the request: {error.message}")
    )
