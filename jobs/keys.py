"""API keys: made, recognised and revoked; only their digests are stored."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from jobs.models import ApiKey

MARK = "mf_"
# Writing the last use at every request would make reads into writes.
LAST_USE_STEP = timedelta(minutes=1)


def create_key(
    owner: User,
    name: str,
    scopes: Sequence[str] = (ApiKey.Scope.READ, ApiKey.Scope.WRITE),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key: its row, and the secret text that is never shown again."""
    secret = MARK + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=secret[:10],
        digest=digest(secret),
        scopes=list(scopes),
        expires_at=expires_at,
    )
    return row, secret


def find_key(secret: str) -> ApiKey | None:
    """The live key behind this text, with its use noted."""
    now = timezone.now()
    row = (
        ApiKey.objects.select_related("owner__allowance")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(digest=digest(secret), revoked_at=None, owner__is_active=True)
        .first()
    )
    if row and (row.last_used_at is None or row.last_used_at < now - LAST_USE_STEP):
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def revoke_key(row: ApiKey) -> None:
    ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())


def digest(secret: str) -> str:
    """Keys are long and random, so that one plain hash protects them."""
    return hashlib.sha256(secret.encode()).hexdigest()
