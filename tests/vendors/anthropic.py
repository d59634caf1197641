"""Anthropic's Messages API over real HTTP, able to misbehave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.vendors.counter import Counter, open_counter


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

    class Handler(Counter):
        def do_POST(self) -> None:
            body = json.loads(self.read_body())
            emulator.requests.append(body)
            emulator.headers.append({k.lower(): v for k, v in self.headers.items()})
            if emulator.hangs_up:
                self.hang_up()
            elif self.path != "/v1/messages":
                self.send_json(404, {"type": "error", "error": {}})
            else:
                self.send_json(*emulator.reply(body))

    with open_counter(Handler) as emulator.url:
        yield emulator
