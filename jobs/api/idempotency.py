"""Idempotency-Key: a creating call that is sent again gets the first answer again."""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.auth import caller
from jobs.errors import ConflictError, RequestError
from jobs.files.forms import ReceivedFile
from jobs.models import IdempotencyKey

HEADER = "Idempotency-Key"
# A first call that has not answered after this long never will.
STALE = timedelta(minutes=10)

V = TypeVar("V", bound=Callable[..., Response])


class KeyReusedError(ConflictError):
    """The same key came with another request."""

    code = "idempotency_key_reused"


class StillUnderWayError(ConflictError):
    """The first request with this key has not been answered yet."""

    code = "idempotency_key_in_use"


def idempotent(view: V) -> V:
    """Wrap a view's `post`; without the header nothing changes."""

    @functools.wraps(view)
    def wrapped(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key:
            return view(self, request, *args, **kwargs)
        if len(key) > 200 or "\0" in key:
            raise RequestError(f"{HEADER} may have at most 200 characters.")
        row, answer = _claim(request, key)
        if answer:
            return answer
        with ExitStack() as undo:
            # Where nothing was made, the same key may try again.
            undo.callback(IdempotencyKey.objects.filter(pk=row.pk).delete)
            response = view(self, request, *args, **kwargs)
            undo.pop_all()
        stored = json.loads(json.dumps(response.data, cls=DjangoJSONEncoder))
        IdempotencyKey.objects.filter(pk=row.pk).update(
            status=response.status_code, answer=stored
        )
        return response

    wrapped.__dict__["takes_idempotency_key"] = True
    return wrapped  # type: ignore[return-value]  # the same signature, wrapped


def _claim(request: Request, key: str) -> tuple[IdempotencyKey, Response | None]:
    """The row that is now ours, or the answer that was given before."""
    digest = _digest(request)
    owner = caller(request)
    stale = timezone.now() - STALE
    IdempotencyKey.objects.filter(
        owner=owner, key=key, status=None, created_at__lt=stale
    ).delete()
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(
                owner=owner, key=key, request_digest=digest
            ), None
    except IntegrityError:
        row = IdempotencyKey.objects.filter(owner=owner, key=key).first()
    if row is None or row.status is None:
        raise StillUnderWayError(
            f"The first request with this {HEADER} is still under way. Ask again soon."
        )
    if row.request_digest != digest:
        raise KeyReusedError(
            f"This {HEADER} was used for another request. Use a new one."
        )
    return row, Response(
        row.answer, status=row.status, headers={"Idempotent-Replayed": "true"}
    )


def _digest(request: Request) -> str:
    described = json.dumps(
        [request.method, request.path, _plain(request.data)],
        sort_keys=True,
        cls=DjangoJSONEncoder,
    )
    return hashlib.sha256(described.encode()).hexdigest()


def _plain(data: Any) -> Any:
    """The request's data with files told by their content."""
    if isinstance(data, ReceivedFile):
        return data.incoming.sha256
    if hasattr(data, "lists"):
        return {name: _plain(values) for name, values in data.lists()}
    if isinstance(data, Mapping):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_plain(value) for value in data]
    return data
