"""fal's queue over real HTTP: its sub-paths, its missing failed state, its signatures."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.vendors.counter import Counter, open_counter

KEY = "id:secret"
# App: the pictures that it needs, those that it takes, too, and the name of its output.
_SIDES = ("back_image_url", "left_image_url", "right_image_url")
NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "fal-ai/triposr": (("image_url",), (), "model_mesh"),
    "fal-ai/trellis": (("image_url",), (), "model_mesh"),
    "fal-ai/trellis/multi": (("image_urls",), (), "model_mesh"),
    "fal-ai/trellis-2": (("image_url",), (), "model_glb"),
    "tripo3d/tripo/v2.5/image-to-3d": (("image_url",), (), "pbr_model"),
    "tripo3d/tripo/v2.5/multiview-to-3d": (("front_image_url",), _SIDES, "base_model"),
    "fal-ai/hunyuan3d/v2": (("input_image_url",), (), "model_mesh"),
    "fal-ai/hunyuan3d/v2/turbo": (("input_image_url",), (), "model_mesh"),
    "fal-ai/hunyuan3d/v2/multi-view": (
        ("front_image_url", "back_image_url", "left_image_url"), (), "model_mesh",
    ),
    "fal-ai/hunyuan3d-v3/image-to-3d": (("input_image_url",), _SIDES, "model_glb"),
    "fal-ai/hunyuan-3d/v3.1/pro/image-to-3d": (
        ("input_image_url",),
        (*_SIDES, "top_image_url", "bottom_image_url", "left_front_image_url",
         "right_front_image_url"),
        "model_glb",
    ),
    "fal-ai/hunyuan-3d/v3.1/rapid/image-to-3d": (("input_image_url",), (), "model_glb"),
}  # fmt: skip
# Bounds of options, as the schemas give them.
BOUNDS = {"face_count": (40_000, 1_500_000), "texture_size": (512, 4096)}


def _fault(key: str, kind: str) -> dict[str, Any]:
    said = "Field required" if kind == "missing" else "Input is not valid"
    return {"loc": ["body", key], "msg": said, "type": kind}


@dataclass
class _Request:
    app: str
    arguments: dict[str, Any]
    webhook: str
    headers: dict[str, str]
    asked: int = 0
    cancelled: bool = False


@dataclass
class FalEmulator:
    """Each request walks through `script`; `failures` are (status, body, headers) first."""

    url: str = ""
    script: list[str] = field(
        default_factory=lambda: ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    )
    model: bytes = b""
    # Images whose request fails, by their place among the submits.
    failing: set[int] = field(default_factory=set)
    drop_submit_answer: bool = False
    # What those fail with: their result's HTTP status, and what kind of error.
    failing_with: tuple[int, str] = (422, "file_download_error")
    # Added to what a model answers.
    also: dict[str, Any] = field(default_factory=dict)
    keys_away: bool = False
    keys_asked: int = 0
    silent: bool = False
    failures: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    requests: dict[str, _Request] = field(default_factory=dict)
    signer: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def submit(
        self,
        app: str,
        arguments: dict[str, Any],
        webhook: str,
        headers: dict[str, str],
    ) -> tuple[int, Any]:
        place = len(self.requests)
        request_id = f"req-{place}"
        self.requests[request_id] = _Request(app, arguments, webhook, headers)
        names = NAMES.get(app)
        if names is None:
            return 404, {"detail": "Application not found"}
        faults = [_fault(key, "missing") for key in names[0] if key not in arguments]
        faults += [
            _fault(key, "extra_forbidden")
            for key in arguments
            if key.endswith(("image_url", "image_urls"))
            and key not in names[0] + names[1]
        ]
        for key, (low, high) in BOUNDS.items():
            if key in arguments and not low <= int(arguments[key]) <= high:
                faults.append(_fault(key, "out_of_bounds"))
        if faults:
            return 422, {"detail": faults}
        # The sub-path is dropped after submit.
        base = f"{self.url}/{'/'.join(app.split('/')[:2])}/requests/{request_id}"
        gateway = {"gateway_request_id": request_id} if webhook else {}
        return 200, {
            **gateway,
            "request_id": request_id,
            "status": "IN_QUEUE",
            "queue_position": 0,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }

    def status(self, request_id: str) -> tuple[int, Any]:
        request = self.requests[request_id]
        state = self.script[min(request.asked, len(self.script) - 1)]
        request.asked += 1
        if state == "IN_QUEUE":
            return 202, {"status": state, "queue_position": 3 + request.asked}
        log = {
            "message": "sampling",
            "level": "INFO",
            "source": "USER",
            "timestamp": "t",
        }
        if state == "IN_PROGRESS":
            # Nothing said yet is null, not an empty list.
            return 202, {"status": state, "logs": None if self.silent else [log]}
        told: dict[str, Any] = {
            "status": state, "logs": None, "metrics": {"inference_time": 3.7},
        }  # fmt: skip
        if self._fails(request_id):
            told |= {"error": "Invalid image", "error_type": self.failing_with[1]}
        return 200, told

    def result(self, request_id: str) -> tuple[int, Any]:
        if self._fails(request_id):
            status, kind = self.failing_with
            if status != 422:
                return status, {"detail": "Invalid image", "error_type": kind}
            fault = {"loc": ["body"], "msg": "Invalid image", "type": kind}
            return 422, {"detail": [fault]}
        file = {"url": f"{self.url}/files/{request_id}.glb", "content_type": None}
        name = NAMES[self.requests[request_id].app][2]
        return 200, {name: file, "timings": {}, **self.also}

    def cancel(self, request_id: str) -> tuple[int, Any]:
        request = self.requests.get(request_id)
        if request is None:
            return 404, {"detail": "Request not found"}
        if request.asked >= len(self.script):
            return 400, {"status": "ALREADY_COMPLETED"}
        request.cancelled = True
        return 202, {"status": "CANCELLATION_REQUESTED"}

    def _fails(self, request_id: str) -> bool:
        return int(request_id.removeprefix("req-")) in self.failing

    def jwks(self) -> dict[str, Any]:
        raw = self.signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}

    def call_back(self, request_id: str, told: dict[str, Any], url: str) -> list[int]:
        """Tell a server of a request's end; what it answered.

        Up to ten deliveries (without the vendor's pauses), until one is taken.
        """
        about = {"request_id": request_id, "gateway_request_id": request_id}
        body = json.dumps(about | told).encode()
        answers: list[int] = []
        while len(answers) < 10 and 200 not in answers:
            headers = self.signed(body, request_id=request_id)
            answers.append(httpx.post(url, content=body, headers=headers).status_code)
        return answers

    def signed(
        self, body: bytes, *, at: float | None = None, request_id: str = "req-0"
    ) -> dict[str, str]:
        """The headers of a callback with this body."""
        moment = str(int(time.time() if at is None else at))
        digest = hashlib.sha256(body).hexdigest()
        message = f"{request_id}\nuser-1\n{moment}\n{digest}".encode()
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": "user-1",
            "X-Fal-Webhook-Timestamp": moment,
            "X-Fal-Webhook-Signature": self.signer.sign(message).hex(),
        }


@contextmanager
def fal_emulator() -> Iterator[FalEmulator]:  # noqa: C901  # one small handler
    emulator = FalEmulator()

    class Handler(Counter):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/.well-known/jwks.json":
                emulator.keys_asked += 1
                self.send_json(503 if emulator.keys_away else 200, emulator.jwks())
            elif path.startswith("/files/"):
                self.send(200, emulator.model, "model/gltf-binary")
            elif self._allowed():
                request_id = path.removesuffix("/status").rpartition("/")[2]
                ask = emulator.status if path.endswith("/status") else emulator.result
                self.send_json(*ask(request_id))

        def do_POST(self) -> None:
            body = self.read_body()
            if not self._allowed():
                return
            parts = urlsplit(self.path)
            webhook = parse_qs(parts.query).get("fal_webhook", [""])[0]
            told = {name.lower(): value for name, value in self.headers.items()}
            answer = emulator.submit(
                parts.path.strip("/"), json.loads(body), webhook, told
            )
            if emulator.drop_submit_answer:
                self.hang_up()
            else:
                self.send_json(*answer)

        def do_PUT(self) -> None:
            if self._allowed():
                path = urlsplit(self.path).path.removesuffix("/cancel")
                self.send_json(*emulator.cancel(path.rpartition("/")[2]))

        def _allowed(self) -> bool:
            if self.headers.get("Authorization") != f"Key {KEY}":
                self.send_json(401, {"detail": "No user found for Key ID and Secret"})
                return False
            if emulator.failures:
                status, told, headers = emulator.failures.pop(0)
                self.send_json(status, told, headers)
                return False
            return True

    with open_counter(Handler) as emulator.url:
        yield emulator
