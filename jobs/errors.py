"""The one tree of errors: a code for programs, a sentence for people, and whether trying again can help."""

from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import ClassVar


class MediaForgeError(Exception):
    """Something went wrong that a person or a program can be told about."""

    code: ClassVar[str] = "error"
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RequestError(MediaForgeError):
    """What was asked for cannot be done as it was asked."""

    code = "invalid"
    status = HTTPStatus.BAD_REQUEST

    def __init__(
        self, detail: str, *, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.errors = errors or {}


class NotFoundError(RequestError):
    """There is no such thing, or it is somebody else's."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND


class ConflictError(RequestError):
    """The thing is in another state than this needs."""

    code = "conflict"
    status = HTTPStatus.CONFLICT


class TooLargeError(RequestError):
    """More bytes than this door lets in."""

    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaError(RequestError):
    """The content is of a kind that is not taken here."""

    code = "unsupported_media"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class QuotaError(RequestError):
    """The owner has used up what one owner may use."""

    code = "quota_exceeded"
    status = HTTPStatus.TOO_MANY_REQUESTS


class EngineNotConfiguredError(RequestError):
    """The engine that was named has no key on this server."""

    code = "engine_not_configured"

    def __init__(self, engine: str, *, needs: str) -> None:
        super().__init__(
            f"The engine “{engine}” is not set up on this server. "
            f"Set {needs}, or choose another engine."
        )
        self.engine = engine
        self.needs = needs


class StageError(MediaForgeError):
    """A stage could not do its work; pipelines subclass this, one class a reason."""

    code = "stage_failed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    retryable: ClassVar[bool] = False


class UnreadableMediaError(StageError):
    """The bytes are not the picture, sound or video that they claim to be."""

    code = "unreadable_media"
    status = HTTPStatus.BAD_REQUEST


class EngineFailedError(StageError):
    """A program or a model on this machine broke down; another try may go better."""

    code = "engine_failed"
    retryable = True

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            f"{engine} failed: {reason.strip()[-500:] or 'no reason given'}"
        )
        self.engine = engine


class EngineMissingError(StageError):
    """A program that this stage needs is not installed."""

    code = "engine_missing"

    def __init__(self, program: str, *, how_to_get: str) -> None:
        super().__init__(f"{program} is not installed here. {how_to_get}")
        self.program = program


class BudgetExceededError(StageError):
    """Going on would cost more than the job, its owner or the month may spend."""

    code = "budget_exceeded"


class VendorError(StageError):
    """A vendor's service did not do what was asked."""

    code = "vendor_error"

    def __init__(
        self, vendor: str, detail: str, *, cost_usd: Decimal = Decimal(0)
    ) -> None:
        super().__init__(detail)
        self.vendor = vendor
        # What was charged all the same: tokens of an answer that is of no use.
        self.cost_usd = cost_usd


class VendorRefusedError(VendorError):
    """The vendor will not do this, however often it is asked: bad input, bad key, no credit."""

    code = "vendor_refused"


class VendorUnavailableError(VendorError):
    """The vendor is busy, broken or slow; the same call may succeed later."""

    code = "vendor_unavailable"
    retryable = True

    def __init__(
        self,
        vendor: str,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        cost_usd: Decimal = Decimal(0),
    ) -> None:
        super().__init__(vendor, detail, cost_usd=cost_usd)
        self.retry_after = retry_after


class VendorOutcomeUnknownError(VendorError):
    """A paid call was sent and its answer was lost; it is never sent again blindly."""

    code = "vendor_outcome_unknown"
