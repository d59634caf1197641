"""An emulator of Replicate over real HTTP, able to misbehave as the service does."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from tests.vendors.counter import Counter, open_counter


@dataclass
class ReplicateBooks:
    """What the service was asked for, and how it is to behave."""

    # Looks at a prediction before it ends.
    looks_before_end: int = 1
    # Statuses answered to the next calls before any real answer.
    failures: list[int] = field(default_factory=list)
    end_status: str = "succeeded"
    error: str | None = None
    malformed: bool = False
    hang_up_on_create: bool = False
    named_output: bool = False
    # What a model made; a picture unless a test says otherwise.
    result: bytes = b""
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)  # JSON
    looks: dict[str, int] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    keys_seen: set[str] = field(default_factory=set)
    url: str = ""


@contextmanager
def replicate_emulator() -> Iterator[ReplicateBooks]:
    """Run the service on a free port for as long as it is needed."""
    books = ReplicateBooks()

    class Handler(_Handler):
        shared = books

    with open_counter(Handler) as books.url:
        yield books


class _Handler(Counter):
    shared: ReplicateBooks

    def do_GET(self) -> None:
        books = self.shared
        if self.path.startswith("/results/"):
            made = books.result or _picture()
            self.send(200, made, "application/octet-stream")
            return
        if not self._greet():
            return
        if self.path.startswith("/v1/models/"):
            self.send_json(200, {"latest_version": {"id": "a" * 64}})
            return
        prediction_id = self.path.rsplit("/", 1)[-1]
        if prediction_id not in books.predictions:
            self._refuse(404, "Not found")
            return
        books.looks[prediction_id] = books.looks.get(prediction_id, 0) + 1
        if books.malformed:
            self.send(200, b"<html>gateway</html>", "text/html")
            return
        self._send_prediction(prediction_id, 200)

    def do_POST(self) -> None:
        books = self.shared
        body = self.read_body()
        if not self._greet():
            return
        if self.path == "/v1/files":
            self._take_file(body)
        elif self.path.endswith("/cancel"):
            prediction_id = self.path.split("/")[-2]
            books.cancelled.append(prediction_id)
            books.predictions[prediction_id]["status"] = "canceled"
            self._send_prediction(prediction_id, 200)
        elif self.path.endswith("/predictions"):
            self._create(body)
        else:
            self._refuse(404, "Not found")

    def _greet(self) -> bool:
        books = self.shared
        books.keys_seen.add(self.headers.get("Authorization", ""))
        if books.failures:
            status = books.failures.pop(0)
            said = {
                401: "You did not pass a valid authentication token",
                402: "You have insufficient credit to run this model.",
                422: "- input.prompt: required",
                429: "Request was throttled. Your rate limit resets in ~30s.",
            }
            self._refuse(status, said.get(status, "Service unavailable"))
            return False
        return True

    def _create(self, body: bytes) -> None:
        books = self.shared
        prediction_id = f"prediction{len(books.predictions) + 1:04d}"
        told = json.loads(body)
        books.predictions[prediction_id] = {
            "id": prediction_id,
            "path": self.path,
            "input": told["input"],
            "version": told.get("version", "hidden"),
            "status": "starting",
        }
        if books.hang_up_on_create:
            self.hang_up()
            return
        self._send_prediction(prediction_id, 201)

    def _take_file(self, body: bytes) -> None:
        books = self.shared
        name = f"file{len(books.files) + 1}"
        books.files[name] = body
        self.send_json(
            201,
            {
                "id": name,
                "name": "a.jpg",
                "content_type": "image/jpeg",
                "size": len(body),
                "etag": "e",
                "checksums": {"sha256": "0" * 64},
                "metadata": {},
                "created_at": "2026-11-21T10:00:00.000Z",
                "expires_at": "2026-11-22T10:00:00.000Z",
                "urls": {"get": f"{books.url}/v1/files/{name}"},
            },
        )

    def _send_prediction(self, prediction_id: str, status: int) -> None:
        books = self.shared
        record = dict(books.predictions[prediction_id])
        done = books.looks.get(prediction_id, 0) > books.looks_before_end
        if record["status"] == "starting" and done:
            record["status"] = books.end_status
        record |= {"output": None, "error": None, "logs": "", "data_removed": False}
        if record["status"] == "succeeded":
            url = f"{books.url}/results/{prediction_id}.png"
            record["output"] = {"grey_depth": url} if books.named_output else [url]
            record["metrics"] = {"predict_time": 2.5}
        elif record["status"] in ("failed", "aborted"):
            record["error"] = books.error
        self.send_json(status, record)

    def _refuse(self, status: int, detail: str) -> None:
        self.send_json(status, {"title": "Refused", "detail": detail, "status": status})


def _picture() -> bytes:
    """A painting as the models return them: a square with something in it."""
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    pixels = np.dstack([np.tile(ramp, (64, 1))] * 3)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return stored.getvalue()
