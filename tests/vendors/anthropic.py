"""Anthropic's Messages API over real HTTP, able to misbehave."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class AnthropicEmulator:
    """Answers `POST /v1/messages`; `failures` are (status, type, headers) sent first."""

    url: str = ""
    answer: Any = None
    stop_reason: str = "end_turn"
    cut_at: int | None = None
    # Take the request and its money, and say nothing.
    hangs_up: bool = False
    failures: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
        if self.failures:
            status, kind, headers = self.failures.pop(0)
            error = {"type": kind, "message": f"emulated {kind}"}
            return status, {"type": "error", "error": error}, headers
        for name in ("temperature", "top_p", "top_k"):
            if name in body:
                error = {"type": "invalid_request_error", "message": f"{name} is gone"}
                return 400, {"type": "error", "error": error}, {}
        text = json.dumps(self.answer)[: self.cut_at]
        content = [
            {"type": "thinking", "thinking": "", "signature": "s"},
            {"type": "text", "text": text},
        ]
        message = {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": self.stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 400,
                "output_tokens": 600,
                "cache_creation_input_tokens": 1000,
                "cache_read_input_tokens": None,
            },
        }
        return 200, message, {"request-id": "req_01"}


@contextmanager
def anthropic_emulator() -> Iterator[AnthropicEmulator]:
    emulator = AnthropicEmulator()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            emulator.requests.append(body)
            emulator.headers.append({k.lower(): v for k, v in self.headers.items()})
            if emulator.hangs_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            told: dict[str, Any]
            headers: dict[str, str]
            if self.path != "/v1/messages":
                status, told, headers = 404, {"type": "error", "error": {}}, {}
            else:
                status, told, headers = emulator.reply(body)
            content = json.dumps(told).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    emulator.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield emulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
