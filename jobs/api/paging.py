"""Pages by the last row seen: as fast at the end of a million rows as at their beginning."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from jobs.errors import RequestError

M = TypeVar("M", bound=Model)

DEFAULT = 50
MOST = 200


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place between two rows that are ordered by creation, newest first."""

    created_at: datetime
    id: str
    backwards: bool

    def __str__(self) -> str:
        raw = json.dumps([self.created_at.isoformat(), self.id, self.backwards])
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            moment, row_id, backwards = json.loads(raw)
            return cls(
                created_at=datetime.fromisoformat(moment).astimezone(UTC),
                id=str(UUID(row_id)),
                backwards=bool(backwards),
            )
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise RequestError(
                "This cursor is not one of ours. Follow `next` and `previous` as given.",
                errors={"cursor": ["This is not a cursor."]},
            ) from error


def paginate(
    request: Request,
    rows: QuerySet[M],
    show: Callable[[M], Any],
    *,
    load: Callable[[QuerySet[M]], QuerySet[M]] | None = None,
) -> Response:
    """One page of rows as `{"next", "previous", "results"}`.

    `load` adds what showing a row needs; it is applied to the page alone.
    """
    limit = _limit(request)
    text = request.query_params.get("cursor", "")
    cursor = Cursor.parse(text) if text else None
    page, more = _page(rows, cursor, limit, load)
    backwards = cursor is not None and cursor.backwards
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    url = request.build_absolute_uri()
    return Response(
        {
            "next": _link(url, page[-1:], backwards=False) if has_next else None,
            "previous": _link(url, page[:1], backwards=True) if has_previous else None,
            "results": [show(row) for row in page],
        }
    )


def _page(
    rows: QuerySet[M],
    cursor: Cursor | None,
    limit: int,
    load: Callable[[QuerySet[M]], QuerySet[M]] | None,
) -> tuple[list[M], bool]:
    backwards = cursor is not None and cursor.backwards
    if cursor:
        rows = rows.filter(_beyond(cursor))
    order = ("created_at", "id") if backwards else ("-created_at", "-id")
    rows = rows.order_by(*order)[: limit + 1]
    found = list(load(rows) if load else rows)
    page = found[:limit]
    return (page[::-1] if backwards else page), len(found) > limit


def _beyond(cursor: Cursor) -> Q:
    # The first condition alone bounds the index scan; the second cuts off the
    # few rows of the very same moment.
    same = Q(created_at=cursor.created_at)
    if cursor.backwards:
        return Q(created_at__gte=cursor.created_at) & ~(same & Q(id__lte=cursor.id))
    return Q(created_at__lte=cursor.created_at) & ~(same & Q(id__gte=cursor.id))


def _link(url: str, row: Sequence[Any], *, backwards: bool) -> str | None:
    if not row:
        return remove_query_param(url, "cursor")
    cursor = Cursor(
        created_at=row[0].created_at, id=str(row[0].pk), backwards=backwards
    )
    return replace_query_param(url, "cursor", str(cursor))


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MOST:
        raise RequestError(
            f"limit is a number from 1 to {MOST}.",
            errors={"limit": [f"Choose a number from 1 to {MOST}."]},
        )
    return int(text)
