"""API keys: made, recognised and revoked; only their digests are stored."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from jobs.columns import Columns
from jobs.models import Allowance, ApiKey

MARK = "mf_"
_KEY = Columns(ApiKey, "k")
_OWNER = Columns(User, "u")
_ALLOWANCE = Columns(Allowance, "a")
_ALLOWED = User._meta.get_field("allowance")
# Asked with every call of every program.
_FIND = f"""
SELECT {_KEY.sql}, {_OWNER.sql}, {_ALLOWANCE.sql}
FROM jobs_apikey k JOIN auth_user u ON u.id = k.owner_id
LEFT JOIN jobs_allowance a ON a.owner_id = u.id
WHERE k.digest = %(digest)s AND k.revoked_at IS NULL AND u.is_active
    AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""  # noqa: S608  our own columns
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
    row = _live_key(digest(secret), now)
    if row and (row.last_used_at is None or row.last_used_at < now - LAST_USE_STEP):
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def _live_key(digest: str, now: datetime) -> ApiKey | None:
    """With its owner, and what the owner is allowed."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"digest": digest, "now": now})
        found = cursor.fetchone()
    if found is None:
        return None
    row = _KEY.instance(found[: _KEY.count])
    row.owner = _OWNER.instance(found[_KEY.count : -_ALLOWANCE.count])
    allowance = found[-_ALLOWANCE.count :]
    # As Django remembers that there is none.
    _ALLOWED.set_cached_value(
        row.owner, _ALLOWANCE.instance(allowance) if any(allowance) else None
    )
    return row


def revoke_key(row: ApiKey) -> None:
    ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())


def digest(secret: str) -> str:
    """Keys are long and random, so that one plain hash protects them."""
    return hashlib.sha256(secret.encode()).hexdigest()
