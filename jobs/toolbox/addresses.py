"""Which addresses of the network a user may make this server talk to."""

import ipaddress
import socket
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from jobs.errors import RequestError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SCHEMES = ("http", "https")
MAX_URL_LENGTH = 2000
# How long a form may hang on a name server before the name is left to the stage.
LOOK_UP_S = 3.0
# The addresses through which IPv6 networks reach IPv4 ones (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All that is given out of the IPv6 internet; what lies outside has a meaning of its own,
# such as IPv4 addresses in older disguises.
_UNICAST = ipaddress.IPv6Network("2000::/3")


class UrlRefusedError(RequestError):
    """The address is malformed, or leads where users may not send this server."""

    code = "url_refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors={"url": [detail]})


class PrivateAddressError(httpcore.ConnectError):
    """A name turned out to lead into a private network when it was connected to."""


def check_url(url: str, *, allow_private: bool = False) -> None:
    """Refuse at once what can be known to be wrong; a name that is unknown now may be found later."""
    parts = parse_url(url)
    if allow_private:
        return
    host = parts.hostname or ""
    for address in _look_up(host, parts.port or 0):
        if not is_public(address):
            raise UrlRefusedError(
                f"{host} lies in a private network, which this server does not open "
                "for users. Use a public address."
            )


def parse_url(url: str) -> SplitResult:
    """The parts of a web address; raises UrlRefusedError."""
    if len(url) > MAX_URL_LENGTH:
        raise UrlRefusedError(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise UrlRefusedError(f"“{url[:200]}” is not a URL.") from None
    if parts.scheme.lower() not in SCHEMES:
        raise UrlRefusedError("Use a URL that begins with http:// or https://.")
    if not parts.hostname or any(c.isspace() or ord(c) < 32 for c in url):
        raise UrlRefusedError(f"“{url[:200]}” is not a URL with a host's name.")
    if parts.username is not None:
        raise UrlRefusedError("Leave user name and password out of the URL.")
    return parts


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, seen through all its disguises."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and ip not in _UNICAST and ip not in _NAT64:
        return False
    return all(each.is_global and not each.is_multicast for each in _layers(ip))


def _layers(ip: IpAddress) -> Iterable[IpAddress]:
    """The address itself, and the IPv4 addresses that it may carry inside."""
    yield ip
    if not isinstance(ip, ipaddress.IPv6Address):
        return
    if ip.ipv4_mapped:
        yield ip.ipv4_mapped
    if ip.sixtofour:
        yield ip.sixtofour
    if ip.teredo:
        yield from ip.teredo
    if ip in _NAT64:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _look_up(host: str, port: int) -> list[str]:
    """The host's addresses, or none when they are not found in time."""
    found: list[str] = []

    def look() -> None:
        try:
            found.extend(resolve(host, port))
        except (OSError, UnicodeError):
            # Unknown now: whoever fetches it later says so.
            return

    # getaddrinfo takes no time limit of its own.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(LOOK_UP_S)
    return list(found)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, checks, and connects to the very address that was checked.

    A name that answers differently a moment later gains nothing by it, and
    redirects come through here like any other connection.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # as httpcore types it
    ) -> httpcore.NetworkStream:
        try:
            addresses = resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not found") from error
        if not self._allow_private and not all(map(is_public, addresses)):
            raise PrivateAddressError(f"{host} lies in a private network")
        return self._connect(addresses, port, timeout, local_address, socket_options)

    def _connect(
        self,
        addresses: list[str],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.NetworkStream:
        *others, last = addresses
        for address in others:
            try:
                return self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._inner.connect_tcp(
            last, port, timeout, local_address, socket_options
        )

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        raise PrivateAddressError("Unix sockets are not opened for users")
