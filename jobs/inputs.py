"""What a job starts from."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an asset is, decided by its content."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    MODEL = "model"
    CAPTIONS = "captions"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    DATA = "data"


@dataclass(frozen=True, kw_only=True)
class InputFacts:
    """What is known of one input before any stage opens it."""

    asset_id: str
    kind: Kind
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    width_px: int | None = None
    height_px: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class InputRule:
    """Which assets a pipeline starts from."""

    kinds: frozenset[Kind]
    at_least: int = 1
    at_most: int = 1
