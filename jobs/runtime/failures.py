"""A stage's errors, as they are told to people."""

import errno
import traceback
from datetime import timedelta
from pathlib import Path

from jobs.errors import StageError, VendorError, VendorUnavailableError
from jobs.flow import Failure


def foreseen(error: StageError) -> Failure:
    retry_after: timedelta | None = None
    if isinstance(error, VendorUnavailableError):
        retry_after = error.retry_after
    return Failure(
        code=error.code,
        detail=error.detail,
        retryable=error.retryable,
        retry_after=retry_after,
        vendor=error.vendor if isinstance(error, VendorError) else "",
    )


def breakdown(error: Exception) -> Failure:
    """An error that no one foresaw: worth another try, and told without its insides."""
    if is_full(error):
        return Failure(
            code="storage_full",
            detail="The server has no room left to store files. "
            "Delete what is not needed any more, or ask its operator for more room.",
            retryable=True,
        )
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return Failure(
        code="internal_error",
        detail=f"This step broke down ({type(error).__name__} at {where}). "
        "The server's log has the details.",
        retryable=True,
    )


def is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
