"""Signs deliveries as the Standard Webhooks specification has it."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from jobs.models import WebhookDelivery, WebhookEndpoint

MARK = "whsec_"
# How long a replaced secret still signs beside the new one.
CHANGE_OVER = timedelta(days=1)


def new_secret() -> str:
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def rotate(endpoint: WebhookEndpoint) -> str:
    """A new secret; the old one signs, too, until receivers have changed over."""
    endpoint.old_secret = endpoint.secret
    endpoint.old_secret_until = timezone.now() + CHANGE_OVER
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return endpoint.secret


def owners_secret(owner_id: int) -> str:
    """Signs what goes to a job's own `webhook_url`, which has no endpoint with a secret."""
    key = hmac.digest(settings.SECRET_KEY.encode(), b"webhooks:%d" % owner_id, "sha256")
    return MARK + base64.b64encode(key).decode()


def headers(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    """Id, time and signatures: a receiver can tell forgeries and replays."""
    moment = str(int(timezone.now().timestamp()))
    signed = b".".join([str(delivery.pk).encode(), moment.encode(), body])
    signatures = [_signature(secret, signed) for secret in _secrets(delivery)]
    return {
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(signatures),
    }


def _secrets(delivery: WebhookDelivery) -> list[str]:
    endpoint = delivery.endpoint
    if endpoint is None:
        return [owners_secret(delivery.owner_id)]
    until = endpoint.old_secret_until
    old = [endpoint.old_secret] if until and until > timezone.now() else []
    return [endpoint.secret, *old]


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(MARK))
    digest = hmac.digest(key, signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"
