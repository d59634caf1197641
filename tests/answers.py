"""What came back from a request."""

import asyncio
from typing import Any


def body_of(answer: Any) -> bytes:  # Django's own classes differ by how they are sent
    """The whole body of a download, however it is streamed."""
    if not answer.streaming:
        return bytes(answer.content)
    if not answer.is_async:
        return b"".join(answer.streaming_content)

    async def collected() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return asyncio.run(collected())
