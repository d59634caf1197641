"""Request bodies, where the server ends before the answer is ready."""

import asyncio
import gc
import threading
import warnings
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from jobs.files.bodies import StreamingHandler

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "query_string": b"",
    "headers": [(b"content-length", b"2")],
}


def test_a_server_that_ends_in_the_middle_of_a_request_leaves_no_file_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = StreamingHandler()
    begun, go_on = threading.Event(), threading.Event()

    def slow_view(request: HttpRequest) -> HttpResponse:
        begun.set()
        go_on.wait(10)
        return HttpResponse()

    monkeypatch.setattr(handler, "get_response", slow_view)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(_end_in_the_middle(handler, begun, go_on))
        gc.collect()

    assert begun.is_set()
    assert [str(each.message) for each in warned] == []


async def _end_in_the_middle(
    handler: StreamingHandler, begun: threading.Event, go_on: threading.Event
) -> None:
    body = [{"type": "http.request", "body": b"{}"}]

    async def receive() -> dict[str, Any]:
        if not body:
            await asyncio.Event().wait()
        return body.pop()

    async def send(message: Any) -> None:
        """Nobody is there any more."""

    request = asyncio.create_task(handler(SCOPE, receive, send))
    await asyncio.to_thread(begun.wait, 10)
    request.cancel()
    go_on.set()
    await asyncio.wait([request])
