"""Objects in the bucket as files: what is read of them is fetched, and no more."""

import io
from collections import OrderedDict
from typing import BinaryIO, Literal

from jobs.errors import UnreadableMediaError
from jobs.files.bucket import Version
from jobs.files.quotas import in_words

BLOCK = 2 * 2**20
# Who looks into a film opens it several times, and reads at its two ends by turns.
BLOCKS_KEPT = 4
# A length that is not written down is counted, which takes one whole reading.
MOST_READINGS = 2
SPARE = 64 * 2**20


class RemoteFile:
    """An object that can be opened as often as one likes; the blocks read last are kept.

    A wicked file may send its reader to and fro without end: after so many bytes
    it is given up.
    """

    def __init__(self, version: Version) -> None:
        self._version = version
        self.size_bytes = version.size_bytes
        self._bytes_left = MOST_READINGS * version.size_bytes + SPARE
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def open(self, mode: Literal["rb"] = "rb", /) -> BinaryIO:
        return io.BufferedReader(_Cursor(self), 2 * io.DEFAULT_BUFFER_SIZE)

    def block(self, number: int) -> bytes:
        if number not in self._blocks:
            while len(self._blocks) >= BLOCKS_KEPT:
                self._blocks.popitem(last=False)
            self._blocks[number] = self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> bytes:
        if self._bytes_left <= 0:
            raise UnreadableMediaError(
                f"This file of {in_words(self.size_bytes)} leads its reader to and fro "
                "and to no end. Export it again and upload that."
            )
        self._bytes_left -= BLOCK
        return self._version.read(number * BLOCK, BLOCK)


class _Cursor(io.RawIOBase):
    """One reader's place in a remote file."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # always that here
        if self._at >= self._file.size_bytes:
            return 0
        number, start = divmod(self._at, BLOCK)
        found = memoryview(self._file.block(number))[start : start + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._at,
            io.SEEK_END: self._file.size_bytes,
        }[whence]
        if origin + offset < 0:
            raise OSError("There is nothing before a file's start.")
        self._at = origin + offset
        return self._at
