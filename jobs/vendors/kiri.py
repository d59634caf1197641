"""KIRI Engine's open API over httpx: scans from a video or from photos."""

import hmac
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from jobs.errors import (
    EngineNotConfiguredError,
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.vendors.trust import certificates

VENDOR = "kiri"
FEWEST_IMAGES, MOST_IMAGES = 20, 300
MAX_VIDEO_SECONDS = 180.0
MAX_VIDEO_SIDES_PX = (1920, 1080)
# Bodies are large and lines slow: half an hour for one upload.
UPLOAD_TIMEOUT_S = 1800.0
CALL_TIMEOUT_S = 30.0
BUSY = (408, 425, 429, 500, 502, 503, 504)
# Some answers carry bare control characters, which JSON forbids.
CONTROL = re.compile(r"[\x00-\x1f]")


class Status(IntEnum):
    """KIRI's numbers are not in order: 0 is under way, 1 failed, 2 done."""

    UPLOADING = -1
    PROCESSING = 0
    FAILED = 1
    SUCCESS = 2
    QUEUING = 3
    EXPIRED = 4


WORDS = {
    Status.UPLOADING: "KIRI is taking the upload in",
    Status.QUEUING: "In line at KIRI",
    Status.PROCESSING: "KIRI is computing the model",
    Status.FAILED: "KIRI failed",
    Status.SUCCESS: "KIRI is done",
    Status.EXPIRED: "The scan has expired at KIRI",
}


class Scan(StrEnum):
    PHOTO = "photo"
    FEATURELESS = "featureless"
    SPLAT = "3dgs"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for; which fields are sent depends on the kind of scan."""

    scan: Scan = Scan.PHOTO
    model_quality: int = 0
    texture_quality: int = 0
    is_mask: int = 0
    texture_smoothing: int = 0
    is_mesh: int = 0
    file_format: str = "usdz"

    def fields(self) -> dict[str, str]:
        if self.scan is Scan.FEATURELESS:
            return {"fileFormat": self.file_format}
        if self.scan is Scan.SPLAT:
            fields = {"isMesh": str(self.is_mesh), "isMask": str(self.is_mask)}
            return fields | ({"fileFormat": self.file_format} if self.is_mesh else {})
        return {
            "modelQuality": str(self.model_quality),
            "textureQuality": str(self.texture_quality),
            "isMask": str(self.is_mask),
            "textureSmoothing": str(self.texture_smoothing),
            "fileFormat": self.file_format,
        }


@dataclass(frozen=True)
class KiriClient:
    """A connection with one account. Uploads are sent once, whatever happens."""

    api_key: str
    base_url: str

    @classmethod
    def from_settings(cls) -> "KiriClient":
        from django.conf import settings

        if not settings.KIRI_API_KEY:
            raise EngineNotConfiguredError(VENDOR, needs="KIRI_API_KEY")
        return cls(api_key=settings.KIRI_API_KEY, base_url=settings.KIRI_BASE_URL)

    def upload_video(self, video: Path, order: Order) -> str:
        """Start a scan; returns KIRI's id of it."""
        with video.open("rb") as file:
            return self._upload(
                f"{order.scan}/video", [("videoFile", (video.name, file))], order
            )

    def upload_images(self, images: Sequence[Path], order: Order) -> str:
        if not FEWEST_IMAGES <= len(images) <= MOST_IMAGES:
            raise VendorRefusedError(
                VENDOR,
                f"KIRI takes {FEWEST_IMAGES} to {MOST_IMAGES} photos, not {len(images)}.",
            )
        with ExitStack() as opened:
            files = [
                ("imagesFiles", (path.name, opened.enter_context(path.open("rb"))))
                for path in images
            ]
            return self._upload(f"{order.scan}/image", files, order)

    def status(self, serialize: str) -> Status:
        data = self._get("model/getStatus", serialize=serialize)
        try:
            return Status(int(data["status"]))
        except (KeyError, TypeError, ValueError) as error:
            raise VendorUnavailableError(
                VENDOR, "KIRI answered with a status that it does not document."
            ) from error

    def model_url(self, serialize: str) -> str:
        """A fresh link to the ZIP, good for about an hour; sent without our key."""
        url = self._get("model/getModelZip", serialize=serialize).get("modelUrl")
        if not isinstance(url, str) or not url:
            raise VendorUnavailableError(VENDOR, "KIRI gave no link to the model.")
        return url

    def balance(self, *, patience_s: float = CALL_TIMEOUT_S) -> int:
        """Credits left."""
        answer = self._get("balance", patience_s=patience_s)
        try:
            return int(answer["balance"])
        except (KeyError, TypeError, ValueError) as error:
            raise VendorUnavailableError(
                VENDOR, "KIRI did not tell the balance."
            ) from error

    def _upload(self, path: str, files: list[tuple[str, Any]], order: Order) -> str:
        timeout = httpx.Timeout(
            CALL_TIMEOUT_S, read=UPLOAD_TIMEOUT_S, write=UPLOAD_TIMEOUT_S
        )
        with _sent_once(), self._client(timeout) as client:
            # httpx reads the files piece by piece while it sends them.
            answer = client.post(path, data=order.fields(), files=files)
        if answer.status_code >= 500:
            raise VendorOutcomeUnknownError(
                VENDOR,
                f"KIRI answered {answer.status_code} to the upload; the scan may have "
                "been charged. Look at your account there; retry to upload again.",
            )
        serialize = _data(answer).get("serialize")
        if not isinstance(serialize, str) or not serialize:
            raise VendorOutcomeUnknownError(
                VENDOR, "KIRI took the upload and gave no id for it. It may be charged."
            )
        return serialize

    def _get(
        self, path: str, *, patience_s: float = CALL_TIMEOUT_S, **query: str
    ) -> dict[str, Any]:
        try:
            with self._client(httpx.Timeout(patience_s)) as client:
                answer = client.get(path, params=query)
        except httpx.TransportError as error:
            raise VendorUnavailableError(
                VENDOR, f"KIRI cannot be reached ({type(error).__name__})."
            ) from error
        return _data(answer)

    def _client(self, timeout: httpx.Timeout) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.base_url.rstrip('/')}/v1/open/",
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=timeout,
            verify=certificates(),
        )


@contextmanager
def _sent_once() -> Iterator[None]:
    """A call that costs a credit: when its answer is lost nobody knows, and says so."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        # Not a byte was sent.
        raise VendorUnavailableError(VENDOR, "KIRI cannot be reached.") from error
    except httpx.TransportError as error:
        raise VendorOutcomeUnknownError(
            VENDOR,
            f"The upload to KIRI broke off ({type(error).__name__}); it may have been "
            "charged. Look at your account there; retry to upload again.",
        ) from error


def _data(answer: httpx.Response) -> dict[str, Any]:
    """What the envelope holds; success is 2xx and `ok`, whatever `code` says."""
    body = _body(answer)
    said = str(body.get("msg") or "")[:200]
    status = answer.status_code
    if status in BUSY:
        wait = answer.headers.get("retry-after", "")
        raise VendorUnavailableError(
            VENDOR,
            f"KIRI is busy or broken ({status}).",
            retry_after=timedelta(seconds=int(wait)) if wait.isdigit() else None,
        )
    if status in (401, 403):
        hint = {
            401: "KIRI does not know the key in KIRI_API_KEY.",
            403: "The KIRI account has no credit left.",
        }
        raise VendorRefusedError(VENDOR, f"{hint[status]} {said}".strip())
    if not answer.is_success:
        raise VendorRefusedError(
            VENDOR, f"KIRI refused ({status}): {said or 'no reason'}."
        )
    if body.get("ok") is not True:
        raise VendorRefusedError(
            VENDOR, f"KIRI refused (code {body.get('code')}): {said or 'no reason'}."
        )
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(CONTROL.sub(" ", answer.text))
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if answer.is_success:
        raise VendorUnavailableError(VENDOR, "KIRI's answer is not JSON.")
    return {}


def webhook_is_ours(secret: str, signature: str, body: bytes) -> bool:
    """Whether a callback knows the secret: sent as it is, or as an HMAC of the body."""
    if not secret or not signature:
        return False
    signed = hmac.new(secret.encode(), body, sha256).hexdigest()
    given = signature.encode(errors="replace")
    plain = hmac.compare_digest(given, secret.encode())
    return plain or hmac.compare_digest(given, signed.encode())
