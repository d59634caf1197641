"""Byte ranges, as HTTP asks for parts of a file (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

# More pieces than any player asks for.
MOST_RANGES = 16
_SPEC = re.compile(r"\s*(\d*)-(\d*)\s*")


class NotSatisfiableError(Exception):
    """No byte of the file lies in the ranges asked for."""


@dataclass(frozen=True, kw_only=True)
class ByteRange:
    """From `start` up to, and not with, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse(header: str, size: int) -> list[ByteRange]:
    """The parts that are asked for; empty when the header is to be ignored.

    Raises NotSatisfiableError when it is understood and lies outside.
    """
    unit, _, specs = header.partition("=")
    if unit.strip().lower() != "bytes":
        return []
    found: list[ByteRange] = []
    pieces = specs.split(",")
    if len(pieces) > MOST_RANGES:
        raise NotSatisfiableError
    for piece in pieces:
        match = _SPEC.fullmatch(piece)
        if match is None or match.groups() == ("", ""):
            return []
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return []
        each = _one(first, last, size)
        if each:
            found.append(each)
    if not found:
        raise NotSatisfiableError
    return found


def _one(first: str, last: str, size: int) -> ByteRange | None:
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start = int(first)
        stop = min(int(last) + 1, size) if last else size
    return ByteRange(start=start, stop=stop) if start < stop else None
