"""Reads JSON and forms of a bounded size, and nothing that could not be stored."""

import json
import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from jobs.errors import TooLargeError


class JsonParser(parsers.JSONParser):
    """JSON whose texts and numbers Postgres can hold."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = read_bounded(stream)
        try:
            data = json.loads(
                raw.decode("utf-8-sig"),
                parse_constant=_refuse_constant,
                parse_float=_finite,
            )
            text = json.dumps(data, ensure_ascii=False)
            # Half a surrogate pair is a text in Python, and in no file or database.
            text.encode()
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        if "\\u0000" in text:
            raise ParseError("The body holds a zero character, which cannot be stored.")
        return data


class FormParser(parsers.FormParser):
    """Plain forms, which are small."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        from django.http import QueryDict

        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        return QueryDict(read_bounded(stream), encoding=encoding)


def read_bounded(stream: Any) -> bytes:
    """The whole of a body that is no file; raises TooLargeError."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    parts: list[bytes] = []
    size = 0
    while part := stream.read(min(2**16, limit + 1)):
        size += len(part)
        if size > limit:
            raise TooLargeError(
                f"A body that is no file may have at most {limit} bytes here."
            )
        parts.append(part)
    return b"".join(parts)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value
