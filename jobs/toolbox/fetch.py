"""Fetches what users point at, within limits: public web addresses only, streamed to a file."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import unquote, urljoin, urlsplit

import httpcore

from jobs.errors import StageError
from jobs.toolbox.addresses import (
    GuardedBackend,
    PrivateAddressError,
    UrlRefusedError,
    check_url,
    parse_url,
)

__all__ = [
    "Answer",
    "FetchError",
    "FetchLimits",
    "FetchTooLargeError",
    "FetchUnavailableError",
    "FetchedFile",
    "UrlRefusedError",
    "check_url",
    "download",
    "post",
]

USER_AGENT = "MediaForge/1"
GIBIBYTE = 2**30
REDIRECTS = (301, 302, 303, 307, 308)
# Another try may get what these statuses refuse.
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
# Headers that say who is asking: not for the eyes of another host.
PRIVATE_HEADERS = ("authorization", "cookie", "x-api-key")


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    """How much a server that is not ours may make us wait and store."""

    max_bytes: int = 10 * GIBIBYTE
    total_s: float = 1800.0
    connect_s: float = 10.0
    # The longest silence in the middle of an answer.
    read_s: float = 30.0
    max_redirects: int = 5
    allow_private: bool = False


@dataclass(frozen=True, kw_only=True)
class FetchedFile:
    """What came, and what its server said of it."""

    path: Path
    url: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered to a message."""

    status: int
    text: str
    seconds: float


class FetchError(StageError):
    """The address does not give the file, and will not on another try."""

    code = "fetch_failed"


class FetchTooLargeError(FetchError):
    """The file is larger than may be fetched."""

    code = "fetch_too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"The file is larger than {max_bytes} bytes, the most that is fetched. "
            "Use a smaller one."
        )
        self.max_bytes = max_bytes


class FetchUnavailableError(FetchError):
    """The server is busy, broken, slow or away; another try may go better."""

    code = "fetch_unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


def download(
    url: str,
    target: Path,
    *,
    limits: FetchLimits | None = None,
    headers: Mapping[str, str] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> FetchedFile:
    """Fetch a file to `target`; raises FetchError. Half a file is never left behind."""
    limits = limits or FetchLimits()
    deadline = time.monotonic() + limits.total_s
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    sent |= headers or {}
    part = target.with_name(f"{target.name}.part")
    with (
        _pool(allow_private=limits.allow_private) as pool,
        _following(pool, url, sent, limits, deadline) as (final_url, response),
    ):
        try:
            size_bytes, sha256 = _save(response, part, limits, deadline, on_progress)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        told = _headers(response)
    return FetchedFile(
        path=target,
        url=final_url,
        filename=_filename(final_url, told),
        content_type=told.get("content-type", "").partition(";")[0].strip().lower(),
        size_bytes=size_bytes,
        sha256=sha256,
    )


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    timeout_s: float = 10.0,
    allow_private: bool = False,
    keep_chars: int = 2000,
) -> Answer:
    """Send a message once, without following redirects; raises FetchError."""
    parse_url_for_fetch(url)
    started = time.monotonic()
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
    with (
        _pool(allow_private=allow_private) as pool,
        _translated(url),
        pool.stream(
            "POST",
            url,
            headers=[("User-Agent", USER_AGENT), *headers.items()],
            content=body,
            extensions={"timeout": timeouts},
        ) as response,
    ):
        kept = b""
        for chunk in response.iter_stream():
            kept += chunk
            late = time.monotonic() - started > timeout_s
            if late or len(kept) >= keep_chars * 4:
                break
        return Answer(
            status=response.status,
            # A zero byte is text that Postgres does not store.
            text=kept.decode(errors="replace").replace("\0", "")[:keep_chars],
            seconds=time.monotonic() - started,
        )


def parse_url_for_fetch(url: str) -> None:
    try:
        parse_url(url)
    except UrlRefusedError as error:
        raise FetchError(error.detail) from error


@contextmanager
def _pool(*, allow_private: bool) -> Iterator[httpcore.ConnectionPool]:
    backend = GuardedBackend(allow_private=allow_private)
    with httpcore.ConnectionPool(
        network_backend=backend, max_keepalive_connections=0
    ) as pool:
        yield pool


@contextmanager
def _following(
    pool: httpcore.ConnectionPool,
    url: str,
    headers: dict[str, str],
    limits: FetchLimits,
    deadline: float,
) -> Iterator[tuple[str, httpcore.Response]]:
    """The answer at the end of a chain of redirects, each hop checked like the first."""
    for _ in range(limits.max_redirects + 1):
        parse_url_for_fetch(url)
        timeouts = {
            "connect": limits.connect_s,
            "read": limits.read_s,
            "write": limits.read_s,
            "pool": limits.connect_s,
        }
        with (
            _translated(url),
            pool.stream(
                "GET",
                url,
                headers=list(headers.items()),
                extensions={"timeout": timeouts},
            ) as response,
        ):
            if response.status not in REDIRECTS:
                _check_status(url, response)
                yield url, response
                return
            onward = urljoin(url, _headers(response).get("location", ""))
        if time.monotonic() > deadline:
            raise FetchUnavailableError(f"{_host(url)} takes too long to answer.")
        if _origin(onward) != _origin(url):
            headers = {
                k: v for k, v in headers.items() if k.lower() not in PRIVATE_HEADERS
            }
        url = onward
    raise FetchError(f"{_host(url)} sends in circles: too many redirects.")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """The one place where the client library's errors become ours."""
    host = _host(url)
    try:
        yield
    except PrivateAddressError as error:
        raise FetchError(
            f"{host} lies in a private network, which this server does not open for "
            "users. Use a public address."
        ) from error
    except httpcore.TimeoutException as error:
        raise FetchUnavailableError(f"{host} did not answer in time.") from error
    except httpcore.NetworkError as error:
        raise FetchUnavailableError(
            f"{host} cannot be reached: {error or type(error).__name__}."
        ) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise FetchUnavailableError(f"{host} broke off its answer: {error}.") from error
    except UnicodeError as error:
        raise FetchError(f"“{url[:200]}” is not a URL.") from error


def _check_status(url: str, response: httpcore.Response) -> None:
    status = response.status
    if 200 <= status < 300 and status != 206:
        return
    if status in TRY_AGAIN:
        wait = _retry_after(_headers(response).get("retry-after", ""))
        raise FetchUnavailableError(
            f"{_host(url)} answered {status}; it may be better later.", retry_after=wait
        )
    hint = {
        401: "It wants a login; use a link that works without one.",
        403: "It does not allow this; use a link that works without a login.",
        404: "There is no such file.",
        410: "The file is gone.",
    }
    raise FetchError(
        f"{_host(url)} answered {status}. {hint.get(status, 'Check the address.')}"
    )


def _save(
    response: httpcore.Response,
    part: Path,
    limits: FetchLimits,
    deadline: float,
    on_progress: Callable[[float], None] | None,
) -> tuple[int, str]:
    headers = _headers(response)
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise FetchError("The server packs the file although it was asked not to.")
    promised = headers.get("content-length", "")
    total = int(promised) if promised.isdigit() else 0
    if total > limits.max_bytes:
        raise FetchTooLargeError(limits.max_bytes)
    digest = hashlib.sha256()
    size_bytes = 0
    with part.open("wb") as sink:
        for chunk in response.iter_stream():
            size_bytes += len(chunk)
            if size_bytes > limits.max_bytes:
                raise FetchTooLargeError(limits.max_bytes)
            if time.monotonic() > deadline:
                raise FetchUnavailableError(
                    f"The file did not arrive within {limits.total_s:.0f} s."
                )
            sink.write(chunk)
            digest.update(chunk)
            if on_progress and total:
                on_progress(min(size_bytes / total, 1.0))
    return size_bytes, digest.hexdigest()


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {
        k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers
    }


def _filename(url: str, headers: Mapping[str, str]) -> str:
    """The name that the server gives the file, else the end of its address."""
    message = Message()
    message["Content-Disposition"] = re.sub(
        r"[\r\n]+", " ", headers.get("content-disposition", "")
    )
    given = message.get_filename() or unquote(urlsplit(url).path)
    return PurePosixPath(given.replace("\\", "/")).name[:200]


def _retry_after(value: str) -> timedelta | None:
    if value.isdigit():
        return timedelta(seconds=min(int(value), 86_400))
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    seconds = moment.timestamp() - time.time()
    return timedelta(seconds=min(max(seconds, 0), 86_400))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "The address"
    except ValueError:
        return "The address"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
