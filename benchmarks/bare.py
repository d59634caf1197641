"""The bare ASGI applications and views that the doors are measured against."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("BENCHMARK_FOLDER", "."))
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def taking(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Writes a body to the disk as it comes, and syncs it as a careful one does."""
    if scope["path"] != "/ready":
        with (FOLDER / "bare-upload").open("wb", buffering=0) as sink:
            more = True
            while more:
                message = await receive()
                sink.write(message.get("body", b""))
                more = message.get("more_body", False)
            if scope["query_string"] == b"sync":
                os.fsync(sink.fileno())
    await _answer(send, b"ok")


async def giving(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Sends a file in pieces, as Starlette's file response does."""
    if scope["path"] == "/ready":
        await _answer(send, b"ok")
        return
    path = FOLDER / "file.wav"
    size = str(path.stat().st_size).encode()
    headers = [(b"content-length", size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    with path.open("rb", buffering=0) as source:
        while chunk := source.read(64 * 1024):
            body = {"type": "http.response.body", "body": chunk, "more_body": True}
            await send(body)
    await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
