"""OpenAI as its pages describe it, on this machine, and able to misbehave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.vendors.counter import Counter, open_counter

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
    vendor = OpenAI(url="")

    class Handler(_Handler):
        shared = vendor

    with open_counter(Handler) as address:
        vendor.url = f"{address}/v1"
        yield vendor


class _Handler(Counter):
    shared: OpenAI

    def do_POST(self) -> None:
        body = self.read_body()
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            self._refuse(401, "invalid_api_key")
            return
        trouble = self.shared.troubles.pop(0) if self.shared.troubles else Trouble()
        if trouble.hang_up:
            self.hang_up()
            return
        if trouble.status:
            self._refuse(trouble.status, trouble.code, trouble.headers)
            return
        if trouble.malformed:
            self.send(200, b"<html>not json</html>", "text/html")
            return
        match self.path:
            case "/v1/audio/transcriptions":
                self._transcribe(body)
            case "/v1/audio/speech":
                self.shared.asked.append(json.loads(body))
                self.send(200, self.shared.recording, "audio/wav")
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
        self.shared.asked.append(
            {k: v for k, v in fields.items() if k != "file"}
            | {"bytes": len(fields["file"])}
        )
        timed = fields.get("response_format") == "verbose_json"
        if timed and fields["model"] != "whisper-1":
            self._refuse(400, "unsupported_format")
            return
        told: dict[str, Any] = {"text": self.shared.speech}
        if timed:
            told |= self._timed()
        self.send_json(200, told)

    def _timed(self) -> dict[str, Any]:
        words = self.shared.speech.replace(".", "").split()
        return {
            "language": "english",
            "duration": len(words) * 0.4,
            "segments": [
                {
                    "id": 0,
                    "start": 0.0,
                    "end": len(words) * 0.4,
                    "text": self.shared.speech,
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
        self.shared.asked.append(asked)
        content = json.dumps(self.shared.answer)
        message = {
            "role": "assistant",
            "content": None if trouble.refusal else content,
            "refusal": trouble.refusal or None,
        }
        if trouble.cut:
            message["content"] = content[: len(content) // 2]
        self.send_json(
            200,
            {
                "id": f"chatcmpl-{len(self.shared.asked)}",
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
            },
        )

    def _refuse(
        self, status: int, code: str, headers: dict[str, str] | None = None
    ) -> None:
        told = {"error": {"message": code, "type": code, "param": None, "code": code}}
        self.send_json(status, told, headers)
