"""The credits left at KIRI: asked for seldom, and never for long."""

from django.conf import settings
from django.core.cache import cache

from jobs.accounts import Standing
from jobs.errors import VendorError
from jobs.vendors.kiri import KiriClient

GOOD_FOR_S = 60
# Staff wait for a page; a vendor that is slower than this is told to be.
PATIENCE_S = 4.0
LOW_BELOW = 5


def credits_left() -> int:
    """What KIRI says, or said a moment ago; raises when it cannot be asked."""
    left = cache.get("kiri-balance")
    if left is None:
        left = KiriClient.from_settings().balance(patience_s=PATIENCE_S)
        cache.set("kiri-balance", left, GOOD_FOR_S)
    return int(left)


def standing() -> Standing | None:
    """For the staff's dashboard."""
    if not settings.KIRI_API_KEY:
        return None
    broken: str | None = cache.get("kiri-balance-error")
    if broken is None:
        try:
            left = credits_left()
        except VendorError as error:
            broken = error.detail
            # So that not every look at the page waits again.
            cache.set("kiri-balance-error", broken, GOOD_FOR_S)
        else:
            return Standing(said=f"{left} credits left", low=left < LOW_BELOW)
    return Standing(said=broken, low=True)
