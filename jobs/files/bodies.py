"""Request bodies that are read while they come, instead of being spooled first.

Django's ASGI handler writes every body to a temporary file before it looks at
the request. Here the view (and with it who may, and how much) comes first, and
pulls the body in as it needs it; what is refused is not read to its end.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase

AsgiMessage = Mapping[str, Any]  # as ASGI has it
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]

# Smaller bodies are not worth the machinery.
SMALL_BYTES = 256 * 1024
# The view may lag this far behind the network.
MOST_BUFFERED = 4 * 2**20
# A client that is still sending when it is refused is heard out for this much,
# so that it gets to read why.
LINGER_S = 1.0
LINGER_BYTES = 4 * 2**20


class ClientGoneError(OSError):
    """The client broke off in the middle of its body."""


class BodyReader:
    """A body as a file, for the thread of a view; the event loop fills it."""

    def __init__(self, receive: Receive, *, expects: bool) -> None:
        self._receive = receive
        # The client sends nothing before it is told to go on.
        self._expects = expects
        self._loop = asyncio.get_running_loop()
        self._ready = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._ended = False
        self._broken = False
        self._room = asyncio.Event()
        self._room.set()
        self._gone = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    # For the view's thread ------------------------------------------------------------

    def read(self, size: int = -1) -> bytes:
        """What has come, at most `size` bytes, at least one until the end; all without a size."""
        if size == 0:
            return b""
        if size < 0:
            return b"".join(iter(lambda: self.read(MOST_BUFFERED), b""))
        if self._pump is None:
            # Not under the lock: the event loop must never wait for this thread.
            self._begin()
        with self._ready:
            while not (self._chunks or self._ended or self._broken):
                self._ready.wait()
            if not self._chunks and self._broken:
                raise ClientGoneError("The client broke off.")
            taken = self._take(size)
        if taken:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._room.set)
        return taken

    def readline(self, size: int = -1) -> bytes:
        line = b""
        while not line.endswith(b"\n") and (size < 0 or len(line) < size):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return line

    def close(self) -> None:
        """The handler stops the pump; there is nothing else to close."""

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        count = 0
        while self._chunks and count < size:
            chunk = self._chunks.popleft()
            if count + len(chunk) > size:
                keep = size - count
                self._chunks.appendleft(chunk[keep:])
                chunk = chunk[:keep]
            taken.append(chunk)
            count += len(chunk)
        self._buffered -= count
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _begin(self) -> None:
        """Start reading now: a client that waits for “100 Continue” has waited for this."""
        started = threading.Event()

        def start() -> None:
            if not self._broken:
                self._pump = asyncio.create_task(self._fill())
            started.set()

        self._loop.call_soon_threadsafe(start)
        started.wait()

    # For the event loop ---------------------------------------------------------------

    async def _fill(self) -> None:
        while not self._ended:
            await self._room.wait()
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._tell(broken=True)
                self._gone.set()
                return
            self._tell(
                chunk=message.get("body", b""), ended=not message.get("more_body")
            )
        await self._receive()
        self._gone.set()

    def _tell(
        self, *, chunk: bytes = b"", ended: bool = False, broken: bool = False
    ) -> None:
        with self._ready:
            if chunk:
                self._chunks.append(chunk)
                self._buffered += len(chunk)
            self._ended = self._ended or ended
            self._broken = self._broken or broken
            if self._buffered >= MOST_BUFFERED:
                self._room.clear()
            self._ready.notify()

    async def until_gone(self) -> AsgiMessage:
        """The `receive` of whoever only wants to hear of the client's leaving."""
        await self._gone.wait()
        return {"type": "http.disconnect"}

    @property
    def is_read(self) -> bool:
        return self._ended or self._broken

    async def linger(self) -> None:
        """Throw away a little more of the body, then no longer listen."""
        if self._expects and self._pump is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._throw_away(), LINGER_S)

    async def _throw_away(self) -> None:
        await self.stop()
        thrown = 0
        while thrown < LINGER_BYTES:
            message = await self._receive()
            thrown += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    async def stop(self) -> None:
        if self._pump:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        # A view that still waits for more must not wait for ever.
        self._tell(broken=True)


class StreamingHandler(ASGIHandler):
    """Django's handler, but large bodies reach the view while they are still coming."""

    # Files are sent in pieces of this size.
    chunk_size = 2**20

    def __init__(self) -> None:
        super().__init__()
        # Every middleware and nearly every view here is synchronous. As one chain
        # they cost a request one change of threads, not two for each of them.
        self.load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        work = asyncio.ensure_future(sync_to_async(self.get_response)(request))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # The caller is gone, its thread is not: only a response that is closed
            # gives back the connection to Postgres that the thread has taken.
            response = await work
            await sync_to_async(response.close)()
            raise

    async def send_response(self, response: Any, send: Send) -> None:
        if response.streaming:
            # It may take long, and reads no rows: others can use the connection.
            await sync_to_async(close_old_connections)()
        await super().send_response(response, send)

    async def handle(self, scope: Any, receive: Receive, send: Send) -> None:
        try:
            await self._handle(scope, receive, send)
        except asyncio.CancelledError:
            # The server ends in the middle of it. The connection to Postgres is the
            # thread's own: nobody else could close it any more.
            await sync_to_async(close_old_connections)()
            raise

    async def _handle(self, scope: Any, receive: Receive, send: Send) -> None:
        if _is_small(scope):
            await super().handle(scope, receive, send)
            return
        expects = any(name == b"expect" for name, _ in scope["headers"])
        reader = BodyReader(receive, expects=expects)
        answer = _Answer(send, reader)
        try:
            # The parent hands its `receive` on to the two methods that listen.
            await super().handle(scope, reader.until_gone, answer)
        finally:
            await reader.stop()

    async def read_body(self, receive: Receive) -> Any:
        owner = getattr(receive, "__self__", None)
        if isinstance(owner, BodyReader):
            return owner
        return await _read_small(receive)


class _Answer:
    """Sends the response; where the body was not read, says so and closes decently."""

    def __init__(self, send: Send, reader: BodyReader) -> None:
        self._send = send
        self._reader = reader
        self._cut_off = False

    async def __call__(self, message: AsgiMessage) -> None:
        if message["type"] == "http.response.start" and not self._reader.is_read:
            self._cut_off = True
            headers = [*message["headers"], (b"Connection", b"close")]
            message = {**message, "headers": headers}
        last = message["type"] == "http.response.body" and not message.get("more_body")
        if self._cut_off and last:
            # The last word waits: with it, the server closes the connection.
            await self._send({**message, "more_body": True})
            await self._reader.linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)


async def _read_small(receive: Receive) -> BytesIO:
    """All of it, in memory: a spool of Django's would stay open where a server ends."""
    body = BytesIO()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body.write(message.get("body", b""))
        if not message.get("more_body"):
            body.seek(0)
            return body


def _is_small(scope: Any) -> bool:
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return False
    length = headers.get(b"content-length", b"0")
    return not length.isdigit() or int(length) <= SMALL_BYTES


def get_asgi_application() -> StreamingHandler:
    """Like Django's function of this name."""
    django.setup(set_prefix=False)
    return StreamingHandler()
