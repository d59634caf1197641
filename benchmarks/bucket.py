"""A bucket on this machine's disk that speaks as much of S3 as uploads need, at little cost.

A real one stands elsewhere and takes none of the server's time: this one lets the
kernel move the bytes where it can.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

XML = "http://s3.amazonaws.com/doc/2006-03-01/"
CHUNK = 2**18


class Bucket(BaseHTTPRequestHandler):
    """Objects are folders of parts, as large buckets keep them: joining them moves no byte."""

    protocol_version = "HTTP/1.1"
    root: Path

    def do_PUT(self) -> None:
        folder = self._upload if "uploadId" in self._query else self._object
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{int(self._query.get('partNumber', 1)):05d}"
        left, buffer = int(self.headers["Content-Length"]), memoryview(bytearray(CHUNK))
        with part.open("wb", buffering=0) as sink:
            while left:
                count = self.rfile.readinto(buffer[: min(left, CHUNK)])  # type: ignore[attr-defined]  # of a buffered reader
                sink.write(buffer[:count])
                left -= count
            # A bucket says that it has a part only when it has.
            os.fsync(sink.fileno())
        self._answer(200, headers={"ETag": f'"{part.name}"'})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploads" in self._query:
            named = f"<UploadId>{secrets.token_hex(8)}</UploadId>"
            text = f"<InitiateMultipartUploadResult>{named}</InitiateMultipartUploadResult>"
        else:
            self._upload.rename(self._object)
            named = f"<ETag>{self._etag}</ETag>"
            text = f"<CompleteMultipartUploadResult>{named}</CompleteMultipartUploadResult>"
        self._answer(200, text.encode())

    def do_GET(self) -> None:
        if self.path == "/ready":
            self._answer(200)
        elif "uploadId" in self._query:
            self._answer(200, _list_parts(self._upload))
        elif self._object.exists():
            self._send_object()
        else:
            self._answer(404)

    def do_HEAD(self) -> None:
        if self._object.exists():
            self._start(200, sum(self._sizes), {"ETag": self._etag})
        else:
            self._answer(404)

    def do_DELETE(self) -> None:
        if self._object.exists():
            for part in self._object.iterdir():
                part.unlink()
            self._object.rmdir()
        self._answer(204)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        """Says nothing."""

    def _send_object(self) -> None:
        if self.headers.get("If-Match", self._etag) != self._etag:
            self._answer(412)
            return
        size = sum(self._sizes)
        start, end = 0, size
        told = {"ETag": self._etag}
        if wanted := self.headers.get("Range", "").removeprefix("bytes="):
            first, last = wanted.split("-")
            start, end = int(first), min(size, int(last) + 1)
            told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self._start(206 if wanted else 200, end - start, told)
        self._send_bytes(start, end)

    def _send_bytes(self, start: int, end: int) -> None:
        for part, size in zip(self._parts, self._sizes, strict=True):
            if start < size and end > 0:
                with part.open("rb") as source:
                    count = min(end, size) - max(start, 0)
                    self.connection.sendfile(source, max(start, 0), count)
            start, end = start - size, end - size

    @property
    def _parts(self) -> list[Path]:
        return sorted(self._object.iterdir())

    @property
    def _sizes(self) -> list[int]:
        return [part.stat().st_size for part in self._parts]

    @property
    def _etag(self) -> str:
        """Another one for each object that is put under this name."""
        there = self._object.stat()
        return f'"{there.st_ino:x}-{there.st_mtime_ns:x}"'

    @property
    def _query(self) -> Mapping[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def _object(self) -> Path:
        return self.root / unquote(urlsplit(self.path).path).replace("/", "_")

    @property
    def _upload(self) -> Path:
        """Where the parts of an upload lie until they are joined."""
        return self._object.with_name(f"{self._object.name}.{self._query['uploadId']}")

    def _answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self._start(status, len(body), headers)
        self.wfile.write(body)

    def _start(
        self, status: int, size: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(size), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()


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


def serve(port: int, folder: Path) -> None:
    Bucket.root = folder / "bucket"
    ThreadingHTTPServer(("127.0.0.1", port), Bucket).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
