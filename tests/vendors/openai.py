"""OpenAI as its pages describe it, on this machine, and able to misbehave."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One answer that is not the one hoped for."""

    status: int = 0
    code: str = "server_error"
    headers: dict[str, str] = field(default_factory=dict)
    # Hang up in the middle, send what is no JSON, say no, or stop half way.
    hang_up: bool = False
    malformed: bool = False
    refusal: str = ""
    cut: bool = False


@dataclass
class OpenAI:
    """The emulator: what it will say, and what it was asked."""

    url: str
    # What is said in every sound file.
    speech: str = "Chlorophyll absorbs red light."
    # The recording of every text that is spoken.
    recording: bytes = b"RIFF\0\0\0\0WAVE"
    # What every structured answer holds.
    answer: dict[str, Any] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def emulator() -> Iterator[OpenAI]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    vendor = OpenAI(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.vendor = vendor  # type: ignore[attr-defined]  # the handler's way to it
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def vendor(self) -> OpenAI:
        return self.server.vendor  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *args: object) -> None:
        """Tests are silent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            self._refuse(401, "invalid_api_key")
            return
        trouble = self.vendor.troubles.pop(0) if self.vendor.troubles else Trouble()
        if trouble.hang_up:
            self.close_connection = True
            self.connection.close()
            return
        if trouble.status:
            self._refuse(trouble.status, trouble.code, trouble.headers)
            return
        if trouble.malformed:
            self._send(200, b"<html>not json</html>", "text/html")
            return
        match self.path:
            case "/v1/audio/transcriptions":
                self._transcribe(body)
            case "/v1/audio/speech":
                self.vendor.asked.append(json.loads(body))
                self._send(200, self.vendor.recording, "audio/wav")
            case "/v1/chat/completions":
                self._chat(json.loads(body), trouble)
            case _:
                self._refuse(404, "not_found")

    def _transcribe(self, body: bytes) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + body)
        fields: dict[str, Any] = {}
        for part in form.iter_parts():  # type: ignore[attr-defined]  # a multipart one
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            fields[name] = content if name == "file" else content.decode()
        if len(fields["file"]) > 25 * 2**20:
            self._refuse(413, "file_too_large")
            return
        self.vendor.asked.append(
            {k: v for k, v in fields.items() if k != "file"}
            | {"bytes": len(fields["file"])}
        )
        timed = fields.get("response_format") == "verbose_json"
        if timed and fields["model"] != "whisper-1":
            self._refuse(400, "unsupported_format")
            return
        told: dict[str, Any] = {"text": self.vendor.speech}
        if timed:
            told |= self._timed()
        self._json(told)

    def _timed(self) -> dict[str, Any]:
        words = self.vendor.speech.replace(".", "").split()
        return {
            "language": "english",
            "duration": len(words) * 0.4,
            "segments": [
                {
                    "id": 0,
                    "start": 0.0,
                    "end": len(words) * 0.4,
                    "text": self.vendor.speech,
                    "avg_logprob": -0.2,
                    "no_speech_prob": 0.01,
                    "seek": 0,
                    "tokens": [1],
                    "temperature": 0.0,
                    "compression_ratio": 1.2,
                }
            ],
            "words": [
                {"word": word, "start": n * 0.4, "end": n * 0.4 + 0.35}
                for n, word in enumerate(words)
            ],
        }

    def _chat(self, asked: dict[str, Any], trouble: Trouble) -> None:
        self.vendor.asked.append(asked)
        content = json.dumps(self.vendor.answer)
        message = {
            "role": "assistant",
            "content": None if trouble.refusal else content,
            "refusal": trouble.refusal or None,
        }
        if trouble.cut:
            message["content"] = content[: len(content) // 2]
        self._json(
            {
                "id": f"chatcmpl-{len(self.vendor.asked)}",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "length" if trouble.cut else "stop",
                        "message": message,
                    }
                ],
                "usage": {
                    "prompt_tokens": 1000,
                    "completion_tokens": 200,
                    "total_tokens": 1200,
                    "prompt_tokens_details": {"cached_tokens": 100},
                },
            }
        )

    def _json(self, told: dict[str, Any]) -> None:
        self._send(200, json.dumps(told).encode(), "application/json")

    def _refuse(
        self, status: int, code: str, headers: dict[str, str] | None = None
    ) -> None:
        told = {"error": {"message": code, "type": code, "param": None, "code": code}}
        self._send(status, json.dumps(told).encode(), "application/json", headers)

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
