"""A bucket on this machine's disk that speaks as much of S3 as uploads need: as fast as the disk lets it."""

import os
import secrets
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from benchmarks.bare import FOLDER, Receive, Send

ROOT = FOLDER / "bucket"
XML = "http://s3.amazonaws.com/doc/2006-03-01/"
CHUNK = 2**20
Query = Mapping[str, str]


async def bucket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Objects are folders of parts, as large buckets keep them: joining them moves no byte."""
    if scope["path"] == "/ready":
        await _answer(send, 200)
        return
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    answer = _ANSWERS[scope["method"]]
    await answer(ROOT / unquote(scope["path"]).replace("/", "_"), query, receive, send)


async def _put(path: Path, query: Query, receive: Receive, send: Send) -> None:
    folder = _upload(path, query) if "uploadId" in query else path
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{int(query.get('partNumber', 1)):05d}"
    with part.open("wb", buffering=0) as sink:
        more = True
        while more:
            message = await receive()
            sink.write(message.get("body", b""))
            more = message.get("more_body", False)
    await _answer(send, 200, headers={"ETag": f'"{part.name}"'})


async def _post(path: Path, query: Query, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    if "uploads" in query:
        named = f"<UploadId>{secrets.token_hex(8)}</UploadId>"
        text = f"<InitiateMultipartUploadResult>{named}</InitiateMultipartUploadResult>"
    else:
        whole = _upload(path, query)
        for part in whole.iterdir():
            with part.open("rb") as written:
                os.fsync(written.fileno())
        whole.rename(path)
        text = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
    await _answer(send, 200, text.encode())


async def _get(path: Path, query: Query, receive: Receive, send: Send) -> None:
    if "uploadId" in query:
        await _answer(send, 200, _list_parts(_upload(path, query)))
        return
    if not path.exists():
        await _answer(send, 404)
        return
    parts = sorted(path.iterdir())
    size = sum(part.stat().st_size for part in parts)
    await _start(send, 200, size, {"ETag": '"whole"'})
    for part in parts:
        with part.open("rb", buffering=0) as source:
            while chunk := source.read(CHUNK):
                await send(
                    {"type": "http.response.body", "body": chunk, "more_body": True}
                )
    await send({"type": "http.response.body", "body": b""})


async def _head(path: Path, query: Query, receive: Receive, send: Send) -> None:
    await _answer(send, 200 if path.exists() else 404)


async def _delete(path: Path, query: Query, receive: Receive, send: Send) -> None:
    if path.exists():
        for part in path.iterdir():
            part.unlink()
        path.rmdir()
    await _answer(send, 204)


def _upload(path: Path, query: Query) -> Path:
    return path.with_name(f"{path.name}.{query['uploadId']}")


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


Answer = Callable[[Path, Query, Receive, Send], Coroutine[Any, Any, None]]
_ANSWERS: Mapping[str, Answer] = {
    "PUT": _put,
    "POST": _post,
    "GET": _get,
    "HEAD": _head,
    "DELETE": _delete,
}
