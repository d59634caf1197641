"""A bucket on this machine's disk that speaks as much of S3 as uploads need: as fast as the disk lets it."""

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from benchmarks.bare import FOLDER, Receive, Send

ROOT = FOLDER / "bucket"
XML = "http://s3.amazonaws.com/doc/2006-03-01/"
CHUNK = 2**20
Query = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Request:
    path: Path
    query: Query
    # How much from the start is asked for; all, where nothing is said.
    first_bytes: int | None
    receive: Receive

    @property
    def upload(self) -> Path:
        """Where the parts of an upload lie until they are joined."""
        return self.path.with_name(f"{self.path.name}.{self.query['uploadId']}")


async def bucket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Objects are folders of parts, as large buckets keep them: joining them moves no byte."""
    if scope["path"] == "/ready":
        await _answer(send, 200)
        return
    wanted = dict(scope["headers"]).get(b"range", b"").removeprefix(b"bytes=0-")
    request = Request(
        path=ROOT / unquote(scope["path"]).replace("/", "_"),
        query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        first_bytes=int(wanted) + 1 if wanted else None,
        receive=receive,
    )
    await _ANSWERS[scope["method"]](request, send)


async def _put(request: Request, send: Send) -> None:
    folder = request.upload if "uploadId" in request.query else request.path
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{int(request.query.get('partNumber', 1)):05d}"
    with part.open("wb", buffering=0) as sink:
        more = True
        while more:
            message = await request.receive()
            sink.write(message.get("body", b""))
            more = message.get("more_body", False)
        # A bucket says that it has a part only when it has.
        await asyncio.to_thread(os.fsync, sink.fileno())
    await _answer(send, 200, headers={"ETag": f'"{part.name}"'})


async def _post(request: Request, send: Send) -> None:
    while (await request.receive()).get("more_body"):
        pass
    if "uploads" in request.query:
        named = f"<UploadId>{secrets.token_hex(8)}</UploadId>"
        text = f"<InitiateMultipartUploadResult>{named}</InitiateMultipartUploadResult>"
    else:
        request.upload.rename(request.path)
        text = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
    await _answer(send, 200, text.encode())


async def _get(request: Request, send: Send) -> None:
    if "uploadId" in request.query:
        await _answer(send, 200, _list_parts(request.upload))
        return
    if not request.path.exists():
        await _answer(send, 404)
        return
    parts = sorted(request.path.iterdir())
    size = sum(part.stat().st_size for part in parts)
    left = min(size, request.first_bytes or size)
    told = {"ETag": '"whole"', "Content-Range": f"bytes 0-{left - 1}/{size}"}
    await _start(send, 206 if request.first_bytes else 200, left, told)
    for part in parts:
        with part.open("rb", buffering=0) as source:
            while chunk := source.read(min(CHUNK, left)):
                left -= len(chunk)
                body = {"type": "http.response.body", "body": chunk, "more_body": True}
                await send(body)
    await send({"type": "http.response.body", "body": b""})


async def _head(request: Request, send: Send) -> None:
    await _answer(send, 200 if request.path.exists() else 404)


async def _delete(request: Request, send: Send) -> None:
    if request.path.exists():
        for part in request.path.iterdir():
            part.unlink()
        request.path.rmdir()
    await _answer(send, 204)


def _list_parts(folder: Path) -> bytes:
    parts = sorted(folder.iterdir()) if folder.exists() else []
    listed = "".join(
        f"<Part><PartNumber>{int(part.name)}</PartNumber>"
        f'<ETag>"{part.name}"</ETag><Size>{part.stat().st_size}</Size></Part>'
        for part in parts
    )
    return (
        f'<ListPartsResult xmlns="{XML}"><IsTruncated>false</IsTruncated>'
        f"{listed}</ListPartsResult>"
    ).encode()


async def _start(
    send: Send, status: int, size: int, headers: Mapping[str, str] | None = None
) -> None:
    said = {"Content-Length": str(size), **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in said.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _answer(
    send: Send,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> None:
    await _start(send, status, len(body), headers)
    await send({"type": "http.response.body", "body": body})


Answer = Callable[[Request, Send], Coroutine[Any, Any, None]]
_ANSWERS: Mapping[str, Answer] = {
    "PUT": _put,
    "POST": _post,
    "GET": _get,
    "HEAD": _head,
    "DELETE": _delete,
}
