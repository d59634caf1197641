"""What is set up for scans in a way that cannot work, told when the server starts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

# What KIRI's dashboard takes as the secret of its callbacks.
SHORTEST, LONGEST = 6, 40


def kiri_secret_fits(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Django's own checks are called so, whatever they look at."""
    secret = settings.KIRI_WEBHOOK_SECRET
    if not secret or SHORTEST <= len(secret) <= LONGEST:
        return []
    return [
        CheckWarning(
            f"KIRI_WEBHOOK_SECRET has {len(secret)} characters.",
            hint=f"KIRI's dashboard takes {SHORTEST} to {LONGEST}; with another no "
            "callback will be believed, and scans wait for their next question.",
            id="scans.W001",
        )
    ]
