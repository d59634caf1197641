"""Long lists in pages, by the last row seen: the thousandth page costs what the first does."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
PAGE_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[M]):
    """One page of a list, newest first."""

    rows: Sequence[M]
    # Marks to go on from; empty at either end.
    older: str
    newer: str


def cut(rows: QuerySet[M], query: QueryDict, *, count: int = PAGE_ROWS) -> Slice[M]:
    """The page that the address asks for: `after` one mark (older), or `before` one (newer)."""
    older_than = _read(query.get("after", ""))
    newer_than = _read(query.get("before", ""))
    if newer_than:
        at, pk = newer_than
        ahead = rows.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk))
        found = list(ahead.order_by("created_at", "pk")[: count + 1])
        more = len(found) > count
        kept = found[:count][::-1]
        return Slice(
            rows=kept,
            older=_mark(kept[-1]) if kept else "",
            newer=_mark(kept[0]) if more else "",
        )
    if older_than:
        at, pk = older_than
        # The first half lets the index be entered at the right place.
        rows = rows.filter(created_at__lte=at).exclude(created_at=at, pk__gte=pk)
    found = list(rows.order_by("-created_at", "-pk")[: count + 1])
    kept = found[:count]
    return Slice(
        rows=kept,
        older=_mark(kept[-1]) if len(found) > count else "",
        newer=_mark(kept[0]) if older_than and kept else "",
    )


def _mark(row: Any) -> str:
    text = f"{row.created_at.isoformat()}|{row.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(mark: str) -> tuple[datetime, UUID] | None:
    """A mark that was tampered with begins at the beginning."""
    if not mark:
        return None
    try:
        text = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
        at, _, pk = text.partition("|")
        moment = datetime.fromisoformat(at)
        return (moment, UUID(pk)) if moment.tzinfo else None
    except ValueError:
        return None
