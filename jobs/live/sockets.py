"""WebSockets that follow jobs, as plain ASGI applications."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError

from jobs.access import find_job, find_project
from jobs.errors import NotFoundError
from jobs.live.hub import hub
from jobs.live.streams import moment, watch, watch_project
from jobs.live.topics import Message
from jobs.live.visitors import PROTOCOL, RefusedError, Scope, identify

AsgiMessage = MutableMapping[str, Any]  # as ASGI has it
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]

# A watcher that takes nothing in for this long is let go; it may come back.
SLOWEST_S = 30.0
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013

Find = Callable[[User, Scope], UUID | None]
Stream = Callable[[UUID | None, Scope], AsyncIterator[str]]


async def job_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ws/jobs/{id}/`: one job until its end."""

    def find(user: User, scope: Scope) -> UUID:
        return find_job(user, _kwarg(scope, "job_id")).pk

    await serve(scope, receive, send, find=find, stream=_job_texts)


async def project_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ws/projects/{slug}/`: all jobs of a project."""

    def find(user: User, scope: Scope) -> UUID:
        owner = _query(scope, "owner")
        return find_project(user, _kwarg(scope, "slug"), owner=owner).pk

    await serve(scope, receive, send, find=find, stream=_project_texts)


async def staff_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ws/staff/`: all jobs of everybody."""

    def find(user: User, scope: Scope) -> None:
        if not user.is_staff:
            raise NotFoundError("There is no such socket.")

    await serve(scope, receive, send, find=find, stream=_project_texts)


async def no_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """What answers where nothing is."""
    await receive()
    await _refuse(scope, send, _not_found("There is no such socket."))


async def serve(
    scope: Scope, receive: Receive, send: Send, *, find: Find, stream: Stream
) -> None:
    """Let in who may come, then send what the stream says until either side ends it.

    `find` names what is watched, or raises NotFoundError: a stranger cannot
    tell what is not theirs from what is not there.
    """
    if (await receive())["type"] != "websocket.connect":
        return
    try:
        watched = await hub().in_database(lambda: find(identify(scope), scope))
    except RefusedError as error:
        await _refuse(scope, send, error)
        return
    except NotFoundError as error:
        await _refuse(scope, send, _not_found(error.detail))
        return
    chosen = PROTOCOL if PROTOCOL in scope.get("subprotocols", []) else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    await _talk(receive, send, stream(watched, scope))


async def _talk(receive: Receive, send: Send, texts: AsyncIterator[str]) -> None:
    """Send until the stream ends or the other side leaves; what it says is not heard."""
    telling = asyncio.ensure_future(_tell(send, texts))
    leaving = asyncio.ensure_future(_left(receive))
    await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    gone = leaving.done()
    for task in (telling, leaving):
        task.cancel()
    code = 1000
    for task in (telling, leaving):
        try:
            await task
        except asyncio.CancelledError:
            continue
        except TimeoutError:
            code = GOING_AWAY
        except DatabaseError:
            code = TRY_AGAIN_LATER
    if not gone:
        # The other side may have left at this very moment.
        with suppress(OSError):
            await send({"type": "websocket.close", "code": code})


async def _tell(send: Send, texts: AsyncIterator[str]) -> None:
    try:
        async for text in texts:
            # While this waits for a slow reader nothing piles up: the stream
            # looks at the newest state when it is asked for more.
            await asyncio.wait_for(
                send({"type": "websocket.send", "text": text}), SLOWEST_S
            )
    except OSError:
        # Gone without a word: the reading side notices, too.
        return
    finally:
        await texts.aclose()  # type: ignore[attr-defined]  # streams are generators


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        continue


def _not_found(detail: str) -> RefusedError:
    return RefusedError(
        status=HTTPStatus.NOT_FOUND, code=NotFoundError.code, detail=detail
    )


async def _refuse(scope: Scope, send: Send, refusal: RefusedError) -> None:
    """Say no in the handshake, with a reason where the server can carry one."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4000 + refusal.status})
        return
    body = json.dumps({"detail": refusal.detail, "code": refusal.code, "errors": {}})
    await send(
        {
            "type": "websocket.http.response.start",
            "status": int(refusal.status),
            "headers": [(b"content-type", b"application/json")],
        }
    )
    await send({"type": "websocket.http.response.body", "body": body.encode()})


async def _job_texts(watched: UUID | None, scope: Scope) -> AsyncIterator[str]:
    assert watched
    after = _query(scope, "after") or ""
    since = int(after) if after.isdigit() else None
    async for text in _texts(watch(watched, since)):
        yield text


async def _project_texts(watched: UUID | None, scope: Scope) -> AsyncIterator[str]:
    since = moment(_query(scope, "since") or "")
    async for text in _texts(watch_project(watched, since)):
        yield text


async def _texts(messages: AsyncIterator[Message]) -> AsyncIterator[str]:
    try:
        async for message in messages:
            yield message.text
    finally:
        await messages.aclose()  # type: ignore[attr-defined]  # streams are generators


def _kwarg(scope: Scope, name: str) -> str:
    return str(scope["url_route"]["kwargs"][name])


def _query(scope: Scope, name: str) -> str | None:
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name)
    return found[0] if found else None
