"""What every vendor's emulator stands behind: a plain HTTP server that can also hang up."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Counter(BaseHTTPRequestHandler):
    """Reads what is asked and answers; a vendor's own class says what."""

    protocol_version = "HTTP/1.1"

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send_json(
        self, status: int, told: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send(status, json.dumps(told).encode(), headers=headers)

    def send(
        self,
        status: int,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        told = {"Content-Type": content_type, "Content-Length": str(len(content))}
        for name, value in (told | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """Take what was asked, and its money, and say nothing."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Tests need no access log."""


@contextmanager
def open_counter(handler: type[Counter]) -> Iterator[str]:
    """Serve on a free port for as long as it is needed; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
