"""How much an owner may store, and how much a door lets in."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum

from jobs.errors import QuotaError, TooLargeError
from jobs.inputs import Kind
from jobs.models import Allowance, Asset

MEBIBYTE = 2**20
TEXT_KINDS = (Kind.CAPTIONS, Kind.DOCUMENT)
# A day of speech written out is a tenth of this.
MOST_TEXT_BYTES = 10 * MEBIBYTE


@dataclass(frozen=True, kw_only=True)
class SizeLimit:
    """The most bytes of one file, at one door; pictures may have a limit of their own."""

    max_bytes: int
    max_image_bytes: int

    def check(self, size_bytes: int, kind: Kind | None = None) -> None:
        if kind in TEXT_KINDS and size_bytes > MOST_TEXT_BYTES:
            raise TooLargeError(f"A text may have at most {in_words(MOST_TEXT_BYTES)}.")
        limit = self.max_image_bytes if kind == Kind.IMAGE else self.max_bytes
        if size_bytes > limit:
            what = "A picture" if kind == Kind.IMAGE else "A file"
            raise TooLargeError(
                f"{what} may have at most {in_words(limit)} here. Larger ones can be "
                f"sent as a resumable upload, up to {in_words(settings.RESUMABLE_MAX_SIZE)}."
            )


def form_limit() -> SizeLimit:
    """What forms take."""
    images = settings.MAX_UPLOAD_SIZE_MB * MEBIBYTE
    return SizeLimit(
        max_bytes=settings.UPLOAD_MAX_SIZE,
        max_image_bytes=min(images, settings.UPLOAD_MAX_SIZE),
    )


def resumable_limit() -> SizeLimit:
    """What raw bodies and resumable uploads take."""
    most = settings.RESUMABLE_MAX_SIZE
    return SizeLimit(max_bytes=most, max_image_bytes=most)


def bytes_left(owner: User) -> int | None:
    """How much more this owner may store; None without a limit."""
    own = Allowance.of(owner)
    limit = (own and own.stored_bytes) or settings.OWNER_BYTES_LIMIT
    if not limit:
        return None
    stored = Asset.objects.filter(project__owner=owner).aggregate(
        total=Sum("size_bytes")
    )
    return max(0, limit - (stored["total"] or 0))


def check_bytes_quota(owner: User, more: int) -> None:
    left = bytes_left(owner)
    if left is not None and more > left:
        raise QuotaError(
            f"You have {in_words(left)} of storage left, and this needs "
            f"{in_words(more)}. Delete something first."
        )


def in_words(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
