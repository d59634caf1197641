"""Replicate over its own SDK: start a prediction, look at it, stop it, fetch what it made."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.errors import (
    EngineNotConfiguredError,
    VendorError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.vendors.trust import certificates

if TYPE_CHECKING:
    from replicate.client import Client
    from replicate.exceptions import ReplicateError

VENDOR = "replicate"
# After an hour the vendor forgets a prediction's files.
FILES_LAST = timedelta(hours=1)
_BUSY_STATUSES = (408, 429, 500, 502, 503, 504)
_WAIT_IN_TEXT = re.compile(r"(?:resets in|available in) ~?(\d+)\s*s", re.IGNORECASE)
_DOWNLOAD_SECONDS = 120.0
_LARGEST_DOWNLOAD = 500 * 2**20


class PredictionStatus(StrEnum):
    """What the vendor says; words that it may add later count as under way."""

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"

    @classmethod
    def _missing_(cls, value: object) -> "PredictionStatus":  # noqa: ARG003  # enum's own hook
        return cls.PROCESSING


class _Version(BaseModel):
    id: str


class _Model(BaseModel):
    """What is read of a model's record."""

    latest_version: _Version


class _Prediction(BaseModel):
    """The fields that are read of the vendor's record; the rest may change as it likes."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: str
    output: Any = None  # a string, a list or an object, as the model has it
    error: Any = None
    data_removed: bool = False
    metrics: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One run of a model, as it is now."""

    id: str
    status: PredictionStatus
    # Every address in the output, in order; named ones by their names, too.
    urls: tuple[str, ...] = ()
    named_urls: Mapping[str, str] | None = None
    error: str = ""
    predict_seconds: float | None = None
    forgotten: bool = False

    @property
    def ended(self) -> bool:
        under_way = (PredictionStatus.STARTING, PredictionStatus.PROCESSING)
        return self.status not in under_way

    @property
    def succeeded(self) -> bool:
        return self.status == PredictionStatus.SUCCEEDED


@dataclass(frozen=True)
class Replicate:
    """A client that speaks in this house's errors."""

    token: str
    base_url: str = "https://api.replicate.com"

    @classmethod
    def from_settings(cls) -> "Replicate":
        from django.conf import settings

        if not settings.REPLICATE_API_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="REPLICATE_API_KEY")
        return cls(settings.REPLICATE_API_KEY, settings.REPLICATE_BASE_URL)

    def start(
        self,
        model: str,
        inputs: Mapping[str, Any],  # JSON, as the model's own schema has it
        *,
        files: Mapping[str, Path] | None = None,
        webhook_url: str | None = None,
    ) -> str:
        """Begin a prediction and answer its id.

        `model` is “owner/name” for official models, “owner/name:version” for others.
        """
        told = dict(inputs)
        for name, path in (files or {}).items():
            told[name] = self.upload(path)
        hook: dict[str, Any] = {}  # the SDK's own keywords
        # The vendor takes only https; without a callback the stage polls.
        if webhook_url and webhook_url.startswith("https://"):
            hook = {"webhook": webhook_url, "webhook_events_filter": ["completed"]}
        body = {"input": told, **hook}
        if ":" in model:
            route, body["version"] = "/v1/predictions", model.split(":", 1)[1]
        else:
            route = f"/v1/models/{model}/predictions"
        return _read(self._call("POST", route, body=body, paid=True)).id

    def upload(self, path: Path) -> str:
        """Put a file where the vendor's models can read it for a day."""
        with _translated(), self._opened() as client, path.open("rb") as stream:
            try:
                return str(client.files.create(stream).urls["get"])
            except KeyError as error:
                raise VendorUnavailableError(
                    VENDOR, "Replicate took a file and did not say where it lies."
                ) from error

    def latest_version(self, model: str) -> str:
        """The version that a community model runs by now."""
        answer = self._call("GET", f"/v1/models/{model}")
        try:
            return _Model.model_validate_json(answer.content).latest_version.id
        except ValidationError as error:
            raise VendorUnavailableError(
                VENDOR, f"Replicate did not say which version of {model} is the latest."
            ) from error

    def look(self, prediction_id: str) -> Prediction:
        return _told(_read(self._call("GET", f"/v1/predictions/{prediction_id}")))

    def cancel(self, prediction_id: str) -> None:
        self._call("POST", f"/v1/predictions/{prediction_id}/cancel")

    def download(self, url: str, path: Path) -> Path:
        """Fetch a result; its address works for an hour."""
        with (
            _translated(),
            httpx.Client(
                timeout=_DOWNLOAD_SECONDS, follow_redirects=True, verify=certificates()
            ) as web,
            web.stream("GET", url) as answer,
            path.open("wb") as out,
        ):
            answer.raise_for_status()
            size = 0
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > _LARGEST_DOWNLOAD:
                    raise VendorRefusedError(VENDOR, "The result is far too large.")
                out.write(piece)
        return path

    def _call(
        self,
        method: str,
        route: str,
        *,
        body: dict[str, Any] | None = None,  # JSON
        paid: bool = False,
    ) -> httpx.Response:
        with _translated(paid=paid), self._opened() as client:
            # The SDK's own request: its key, its retries and its errors, without
            # its record of a prediction, which knows five statuses of six.
            return client._request(method, route, json=body)  # noqa: SLF001

    @contextmanager
    def _opened(self) -> "Iterator[Client]":
        from replicate.client import Client

        client = Client(
            api_token=self.token,
            base_url=self.base_url,
            timeout=httpx.Timeout(30.0, connect=5.0),
        )
        try:
            yield client
        finally:
            # The SDK keeps its connections for good: a worker would gather them.
            client._client.close()  # noqa: SLF001


def _read(answer: httpx.Response) -> _Prediction:
    # Read from the answer itself: the SDK's own class refuses statuses that it
    # does not know, and the vendor has had one of those since 2025.
    try:
        return _Prediction.model_validate_json(answer.content)
    except ValidationError as error:
        raise VendorUnavailableError(
            VENDOR, "Replicate's answer was not what it documents."
        ) from error


def _told(record: _Prediction) -> Prediction:
    output = record.output
    named: dict[str, str] | None = None
    if isinstance(output, str):
        urls: tuple[str, ...] = (output,)
    elif isinstance(output, list):
        urls = tuple(str(url) for url in output)
    elif isinstance(output, dict):
        named = {str(k): str(v) for k, v in output.items()}
        urls = tuple(named.values())
    else:
        urls = ()
    seconds = (record.metrics or {}).get("predict_time")
    return Prediction(
        id=record.id,
        status=PredictionStatus(record.status),
        urls=urls,
        named_urls=named,
        error=str(record.error or ""),
        predict_seconds=float(seconds) if isinstance(seconds, int | float) else None,
        forgotten=record.data_removed,
    )


@contextmanager
def _translated(*, paid: bool = False) -> Iterator[None]:
    """Foreign errors become ours; a paid call whose answer was lost is never repeated."""
    from replicate.exceptions import ReplicateError

    try:
        yield
    except ReplicateError as error:
        raise _of_service(error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise VendorUnavailableError(
            VENDOR, "Replicate could not be reached. It is tried again."
        ) from error
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        kind = (
            VendorUnavailableError if status in _BUSY_STATUSES else VendorRefusedError
        )
        raise kind(VENDOR, f"A result could not be fetched (HTTP {status}).") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        if paid:
            raise VendorOutcomeUnknownError(
                VENDOR,
                "The connection broke after a prediction was ordered of Replicate. "
                "Look there whether it runs before ordering it again.",
            ) from error
        raise VendorUnavailableError(
            VENDOR, "The connection to Replicate broke. It is tried again."
        ) from error
    except ValueError as error:
        raise VendorUnavailableError(
            VENDOR, "Replicate's answer was not JSON."
        ) from error


def _of_service(error: "ReplicateError") -> VendorError:
    status = error.status or 0
    said = error.detail or error.title or "no reason given"
    if status in _BUSY_STATUSES:
        return VendorUnavailableError(
            VENDOR, f"Replicate is busy: {said}", retry_after=_retry_after(said)
        )
    if status == 401:
        return VendorRefusedError(
            VENDOR, "Replicate does not know the key in REPLICATE_API_KEY."
        )
    if status == 402:
        return VendorRefusedError(
            VENDOR, "The Replicate account has no credit. Add some, then try again."
        )
    return VendorRefusedError(VENDOR, f"Replicate refused: {said}")


def _retry_after(said: str) -> timedelta | None:
    found = _WAIT_IN_TEXT.search(said)
    return timedelta(seconds=int(found[1])) if found else None
