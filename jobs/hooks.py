"""Addresses that vendors call back: each names one stage, and nobody can guess it."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing

from jobs.errors import NotFoundError
from jobs.models import Stage

SALT = "vendor-hook"
GOOD_FOR_S = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Hooked:
    stage_id: int
    job_id: str


def hook_url(stage: Stage) -> str | None:
    """Where a vendor reports on this stage; None when this server has no public address."""
    if not settings.PUBLIC_URL:
        return None
    token = signing.dumps([stage.pk, str(stage.job_id)], salt=SALT)
    return f"{settings.PUBLIC_URL}/{settings.API_V1_PREFIX}/hooks/{token}/"


def read_hook(token: str) -> Hooked:
    try:
        stage_id, job_id = signing.loads(token, salt=SALT, max_age=GOOD_FOR_S)
    except signing.BadSignature as error:
        raise NotFoundError("There is no such hook.") from error
    return Hooked(stage_id=stage_id, job_id=job_id)
