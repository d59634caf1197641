"""Where the bytes of a file lie: on this disk, or wherever else they can be read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Literal, Protocol

CHUNK = 2**20


class Source(Protocol):
    """What can be opened for reading, as often as one likes; a path is one."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


@contextmanager
def local(source: Source, folder: Path) -> Iterator[Path]:
    """A path, for those who need one: the file itself, or a copy that soon goes again."""
    if isinstance(source, Path):
        yield source
        return
    with NamedTemporaryFile(dir=folder) as copy, source.open("rb") as original:
        shutil.copyfileobj(original, copy, CHUNK)
        copy.flush()
        yield Path(copy.name)
