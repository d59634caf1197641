"""What KIRI and fal call back: checked, and then only a hint to look now."""

import json

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import services
from jobs.errors import VendorError
from jobs.vendors import fal, kiri

MOST_BYTES = 1_000_000
KEYS_GOOD_FOR_S = 24 * 3600
# When a signature does not fit, fal may have changed its keys; asked no more often.
ASK_AGAIN_AFTER_S = 300


@csrf_exempt
@require_POST
def hear_kiri(request: HttpRequest) -> JsonResponse:
    """KIRI says that a scan changed; its own answer to getStatus is what counts."""
    body = request.body[:MOST_BYTES]
    signature = request.headers.get("X-Signature", "")
    if not kiri.webhook_is_ours(settings.KIRI_WEBHOOK_SECRET, signature, body):
        return _refused()
    return _wake(kiri.VENDOR, _text(body, "serialize"))


@csrf_exempt
@require_POST
def hear_fal(request: HttpRequest) -> JsonResponse:
    """fal says that a request ended; deliveries may repeat."""
    body = request.body[:MOST_BYTES]
    callback = fal.Callback(
        request_id=request.headers.get("X-Fal-Webhook-Request-Id", ""),
        user_id=request.headers.get("X-Fal-Webhook-User-Id", ""),
        timestamp=request.headers.get("X-Fal-Webhook-Timestamp", ""),
        signature=request.headers.get("X-Fal-Webhook-Signature", ""),
        body=body,
    )
    try:
        ours = fal.callback_is_fals(callback, _fal_keys(fresh=False))
        if not ours and cache.add("fal-keys-asked", 1, ASK_AGAIN_AFTER_S):
            ours = fal.callback_is_fals(callback, _fal_keys(fresh=True))
    except VendorError:
        # fal delivers again, up to ten times.
        return JsonResponse({"detail": "The keys cannot be fetched now."}, status=503)
    if not ours:
        return _refused()
    return _wake(fal.VENDOR, _text(body, "request_id"))


def _fal_keys(*, fresh: bool) -> list[str]:
    known: list[str] | None = None if fresh else cache.get("fal-keys")
    if known is None:
        known = fal.fetch_signing_keys(settings.FAL_REST_URL)
        cache.set("fal-keys", known, KEYS_GOOD_FOR_S)
    return known


def _wake(vendor: str, vendor_id: str) -> JsonResponse:
    # Nobody waiting for it is no fault of the vendor's: it need not send again.
    woken = bool(vendor_id) and services.wake_for_vendor(vendor, vendor_id)
    return JsonResponse({"woken": woken})


def _refused() -> JsonResponse:
    return JsonResponse(
        {"detail": "The signature does not fit.", "code": "bad_signature"}, status=401
    )


def _text(body: bytes, name: str) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, str) else ""
