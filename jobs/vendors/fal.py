"""fal's queue over httpx: image to 3D models, and its signed callbacks.

The vendor's SDK sends a submit again by itself, up to ten times; each may be paid
for. Here a submit is sent once, and what became of it is for the runtime to settle.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from jobs.errors import (
    EngineNotConfiguredError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.vendors.trust import certificates

VENDOR = "fal"
CALL_TIMEOUT_S = 60.0
UNAVAILABLE = (408, 409, 429, 499, 500, 502, 503, 504)
# A callback older or newer than this is not believed.
SIGNATURE_GOOD_FOR_S = 300


class State(StrEnum):
    """There is no failed state: a failure is COMPLETED with an error."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


class Task(BaseModel):
    """A request in the queue. Its addresses are fal's own: they drop the sub-path."""

    request_id: str
    status_url: str
    response_url: str
    cancel_url: str


class Log(BaseModel):
    message: str = ""
    level: str = "INFO"


class Progress(BaseModel):
    """How a request is getting on."""

    state: State
    queue_position: int | None = None
    logs: list[Log] = []
    error: str = ""
    error_type: str = ""


class View(StrEnum):
    """A side of an object, as the models of several views call them."""

    FRONT = "front"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One model: the names of its input and its outputs differ from its neighbours'."""

    app: str
    image_key: str
    # The first of these that is in the answer is the model.
    model_keys: tuple[str, ...]
    price_usd: Decimal
    # Takes any number of pictures, in one list.
    many: bool = False
    # Takes further sides, each under a name of its own.
    sides: Mapping[View, str] = field(default_factory=dict)
    needs: frozenset[View] = frozenset({View.FRONT})
    # Side lengths that are taken.
    fewest_px: int = 1
    most_px: int = 2048

    def arguments(
        self, images: Mapping[View, str] | Sequence[str], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The body of a request for a list of pictures, or for pictures by side."""
        if not isinstance(images, Mapping):
            pictures = list(images) if self.many else images[0]
            return {self.image_key: pictures, **options}
        missing = sorted(self.needs - set(images))
        if missing:
            raise VendorRefusedError(
                VENDOR,
                f"{self.app} needs photos of these sides, too: {', '.join(missing)}. "
                "Say so in the files' names, such as mug_left.jpg.",
            )
        keys = {View.FRONT: self.image_key, **self.sides}
        taken = {keys[view]: image for view, image in images.items() if view in keys}
        return {**taken, **options}

    def model_url(self, answer: Mapping[str, Any]) -> str:
        for key in self.model_keys:
            file = answer.get(key)
            if isinstance(file, dict) and file.get("url"):
                return str(file["url"])
        raise VendorRefusedError(
            VENDOR, f"{self.app} answered without a model. Try another photo or model."
        )


_SIDES = {
    View.BACK: "back_image_url",
    View.LEFT: "left_image_url",
    View.RIGHT: "right_image_url",
}
# What fal does not tell the price of is reserved at the dearest known one.
UNKNOWN_USD = Decimal("0.60")
_TRIPO_KEYS = ("pbr_model", "model_mesh", "base_model")

ENDPOINTS = {
    "triposr": Endpoint(
        app="fal-ai/triposr", image_key="image_url", model_keys=("model_mesh",),
        price_usd=Decimal("0.07"),
    ),
    "trellis": Endpoint(
        app="fal-ai/trellis", image_key="image_url", model_keys=("model_mesh",),
        price_usd=Decimal("0.02"),
    ),
    "trellis_multi": Endpoint(
        app="fal-ai/trellis/multi", image_key="image_urls", model_keys=("model_mesh",),
        price_usd=Decimal("0.02"), many=True,
    ),
    "trellis_2": Endpoint(
        app="fal-ai/trellis-2", image_key="image_url", model_keys=("model_glb",),
        price_usd=UNKNOWN_USD,
    ),
    "tripo": Endpoint(
        app="tripo3d/tripo/v2.5/image-to-3d", image_key="image_url",
        model_keys=_TRIPO_KEYS, price_usd=Decimal("0.30"),
    ),
    "tripo_multiview": Endpoint(
        app="tripo3d/tripo/v2.5/multiview-to-3d", image_key="front_image_url",
        model_keys=_TRIPO_KEYS, price_usd=Decimal("0.30"), sides=_SIDES,
    ),
    "hunyuan3d": Endpoint(
        app="fal-ai/hunyuan3d/v2", image_key="input_image_url", model_keys=("model_mesh",),
        price_usd=Decimal("0.48"),
    ),
    "hunyuan3d_turbo": Endpoint(
        app="fal-ai/hunyuan3d/v2/turbo", image_key="input_image_url",
        model_keys=("model_mesh",), price_usd=Decimal("0.48"),
    ),
    "hunyuan3d_multiview": Endpoint(
        app="fal-ai/hunyuan3d/v2/multi-view", image_key="front_image_url",
        model_keys=("model_mesh",), price_usd=Decimal("0.48"),
        sides={View.BACK: "back_image_url", View.LEFT: "left_image_url"},
        needs=frozenset({View.FRONT, View.BACK, View.LEFT}),
    ),
    "hunyuan3d_v3": Endpoint(
        app="fal-ai/hunyuan3d-v3/image-to-3d", image_key="input_image_url",
        model_keys=("model_glb",), price_usd=UNKNOWN_USD, sides=_SIDES,
        fewest_px=128, most_px=1536,
    ),
    "hunyuan3d_pro": Endpoint(
        app="fal-ai/hunyuan-3d/v3.1/pro/image-to-3d", image_key="input_image_url",
        model_keys=("model_glb",), price_usd=UNKNOWN_USD, sides=_SIDES,
        fewest_px=128, most_px=1536,
    ),
    "hunyuan3d_rapid": Endpoint(
        app="fal-ai/hunyuan-3d/v3.1/rapid/image-to-3d", image_key="input_image_url",
        model_keys=("model_glb",), price_usd=UNKNOWN_USD,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class FalClient:
    """A connection with one account."""

    key: str
    queue_url: str

    @classmethod
    def from_settings(cls) -> "FalClient":
        from django.conf import settings

        if not settings.FAL_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="FAL_KEY")
        return cls(key=settings.FAL_KEY, queue_url=settings.FAL_QUEUE_URL)

    def submit(
        self,
        endpoint: Endpoint,
        arguments: Mapping[str, Any],
        *,
        webhook_url: str | None,
    ) -> Task:
        """Put a request in the queue; sent exactly once."""
        url = f"{self.queue_url.rstrip('/')}/{endpoint.app}"
        if webhook_url:
            url += f"?fal_webhook={quote(webhook_url, safe='')}"
        # Photos may be personal: what fal makes of them is not kept for long.
        headers = {
            "X-Fal-Object-Lifecycle-Preference": json.dumps(
                {"expiration_duration_seconds": 86_400}
            )
        }
        try:
            with self._client() as client:
                answer = client.post(url, json=dict(arguments), headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise VendorUnavailableError(VENDOR, "fal cannot be reached.") from error
        except httpx.TransportError as error:
            raise VendorOutcomeUnknownError(
                VENDOR,
                f"fal's answer was lost ({type(error).__name__}); it may be charged.",
            ) from error
        body = _checked(answer)
        try:
            return Task.model_validate(body)
        except ValueError as error:
            raise VendorOutcomeUnknownError(
                VENDOR, "fal took the request and gave no id for it."
            ) from error

    def task_of(self, endpoint: Endpoint, request_id: str) -> Task:
        """The addresses of a request whose answer was lost but whose id is known."""
        owner, alias, *_ = endpoint.app.split("/")
        base = f"{self.queue_url.rstrip('/')}/{owner}/{alias}/requests/{request_id}"
        return Task(
            request_id=request_id,
            status_url=f"{base}/status",
            response_url=base,
            cancel_url=f"{base}/cancel",
        )

    def progress(self, task: Task) -> Progress:
        body = _checked(self._call("GET", f"{task.status_url}?logs=1"))
        try:
            return Progress(
                state=State(body["status"]),
                queue_position=body.get("queue_position"),
                logs=body.get("logs") or [],
                error=str(body.get("error") or ""),
                error_type=str(body.get("error_type") or ""),
            )
        except (KeyError, ValueError) as error:
            raise VendorUnavailableError(
                VENDOR, "fal answered with a status that it does not document."
            ) from error

    def result(self, task: Task) -> dict[str, Any]:
        """The model's answer; a request that failed raises what was wrong."""
        return _checked(self._call("GET", task.response_url))

    def cancel(self, task: Task) -> bool:
        """Ask fal to stop; False when it was too late or is not known there."""
        answer = self._call("PUT", task.cancel_url)
        if answer.status_code in (400, 404):
            return False
        _checked(answer)
        return True

    def _call(self, method: str, url: str) -> httpx.Response:
        self._check_ours(url)
        try:
            with self._client() as client:
                return client.request(method, url)
        except httpx.TransportError as error:
            raise VendorUnavailableError(
                VENDOR, f"fal cannot be reached ({type(error).__name__})."
            ) from error

    def _check_ours(self, url: str) -> None:
        """The key goes to the queue's own host only, whatever an answer says."""
        if httpx.URL(url).host != httpx.URL(self.queue_url).host:
            raise VendorRefusedError(VENDOR, "fal answered with an address elsewhere.")

    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers={"Authorization": f"Key {self.key}"},
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=10.0),
            verify=certificates(),
        )


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        try:
            body = answer.json()
        except ValueError as error:
            raise VendorUnavailableError(VENDOR, "fal's answer is not JSON.") from error
        return body if isinstance(body, dict) else {}
    status, said = answer.status_code, _said(answer)
    kind = answer.headers.get("x-fal-error-type", "")
    may_retry = answer.headers.get("x-fal-retryable", "").lower() in ("true", "1")
    if status in UNAVAILABLE or may_retry:
        wait = answer.headers.get("retry-after", "")
        raise VendorUnavailableError(
            VENDOR,
            f"fal is busy or broken ({status} {kind}): {said}",
            retry_after=timedelta(seconds=int(wait)) if wait.isdigit() else None,
        )
    hints = {
        401: "fal does not know the key in FAL_KEY.",
        403: "fal refuses this account; its balance may be used up.",
    }
    raise VendorRefusedError(
        VENDOR, f"{hints.get(status, f'fal refused ({status}).')} {said}"
    )


def _said(answer: httpx.Response) -> str:
    """What fal says: a sentence, or a list of what is wrong with the input."""
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        return ""
    if isinstance(detail, list):
        faults = [one for one in detail if isinstance(one, dict)]
        return "; ".join(f"{one.get('msg')} ({one.get('type')})" for one in faults)[
            :400
        ]
    return str(detail or "")[:400]


def data_uri(content: bytes, content_type: str) -> str:
    """A picture inside the request itself: it never lies on a public address."""
    return f"data:{content_type};base64,{base64.b64encode(content).decode()}"


def fetch_signing_keys(rest_url: str) -> list[str]:
    """fal's public keys for callbacks; to be kept a day at most."""
    try:
        with httpx.Client(timeout=10.0, verify=certificates()) as client:
            answer = client.get(f"{rest_url.rstrip('/')}/.well-known/jwks.json")
    except httpx.TransportError as error:
        raise VendorUnavailableError(VENDOR, "fal's keys cannot be fetched.") from error
    keys = _checked(answer).get("keys", [])
    return [key["x"] for key in keys if key.get("crv") == "Ed25519" and "x" in key]


@dataclass(frozen=True, kw_only=True)
class Callback:
    """The headers and the raw body of a callback."""

    request_id: str
    user_id: str
    timestamp: str
    signature: str
    body: bytes


def callback_is_fals(
    callback: Callback, keys: Sequence[str], *, now: float | None = None
) -> bool:
    """Whether one of fal's keys signed this, lately."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    moment = time.time() if now is None else now
    if not callback.timestamp.isdigit():
        return False
    if abs(moment - int(callback.timestamp)) > SIGNATURE_GOOD_FOR_S:
        return False
    digest = hashlib.sha256(callback.body).hexdigest()
    parts = (callback.request_id, callback.user_id, callback.timestamp, digest)
    message = "\n".join(parts).encode()
    try:
        signature = bytes.fromhex(callback.signature)
    except ValueError:
        return False
    for key in keys:
        try:
            raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False
