"""Packs and unpacks ZIP files; what strangers packed is unpacked within limits."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from jobs.errors import UnreadableMediaError

CHUNK = 1024 * 1024
GIBIBYTE = 2**30
# Below this much, even a text file of one letter is no threat.
FREE_OF_RATIO_BYTES = 10 * 1024 * 1024
# What file managers pack along without being asked.
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


class BadArchiveError(UnreadableMediaError):
    """The archive is damaged, or packed so that unpacking it would do harm."""

    code = "bad_archive"


@dataclass(frozen=True, kw_only=True)
class UnpackLimits:
    """What one archive may hold."""

    max_files: int = 2000
    max_bytes: int = 10 * GIBIBYTE
    max_file_bytes: int = 10 * GIBIBYTE
    # How many times its packed size a file may become.
    max_ratio: float = 200.0
    max_depth: int = 16
    max_path_length: int = 240


@dataclass(frozen=True, kw_only=True)
class UnpackedFile:
    """One file of an archive, and where it lay inside."""

    path: Path
    name: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ZipEntry:
    """One file to pack: its bytes are asked for only when it is its turn."""

    name: str
    size_bytes: int
    read: Callable[[], Iterable[bytes]]
    modified: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ZipDownload:
    """A ZIP that is made while it is sent; its size is known before."""

    size_bytes: int
    chunks: Iterable[bytes]


def unpack(
    archive: Path,
    folder: Path,
    *,
    limits: UnpackLimits | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> list[UnpackedFile]:
    """Unpack a ZIP below `folder`; raises BadArchiveError before or while it would do harm."""
    limits = limits or UnpackLimits()
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked(opened.infolist(), limits)
            chosen = [m for m in members if wanted is None or wanted(m.filename)]
            return list(_unpack_all(opened, chosen, folder, limits))
    except NotImplementedError as error:
        # How zipfile says that it knows a feature of the format only by name.
        raise _unknown_packing(str(error)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BadArchiveError(
            f"The ZIP file cannot be read ({error}). It may be cut off or damaged; "
            "pack it again and upload that."
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise BadArchiveError(
            "The archive has a file and a folder of one name."
        ) from error


def stream_zip(entries: Iterable[ZipEntry]) -> ZipDownload:
    """Pack without compressing: media is compressed already, and so the size is known."""
    from zipstream import ZipStream

    packed = ZipStream(sized=True)
    for entry in entries:
        packed.add(entry.read(), entry.name, size=entry.size_bytes)
    return ZipDownload(size_bytes=len(packed), chunks=packed)


def _checked(
    members: list[zipfile.ZipInfo], limits: UnpackLimits
) -> list[zipfile.ZipInfo]:
    if len(members) > limits.max_files:
        raise BadArchiveError(
            f"The archive holds {len(members)} files; {limits.max_files} are taken."
        )
    files = [m for m in members if not m.is_dir() and not _is_litter(m.filename)]
    seen: set[str] = set()
    for member in files:
        _check_member(member, limits)
        # Some disks take “A.png” and “a.png” for one file.
        folded = member.filename.casefold()
        if folded in seen:
            raise BadArchiveError(f"The archive holds {member.filename} twice.")
        seen.add(folded)
    if sum(m.file_size for m in files) > limits.max_bytes:
        raise _too_much(limits)
    return files


def _check_member(member: zipfile.ZipInfo, limits: UnpackLimits) -> None:
    name = member.filename
    path = PurePosixPath(name)
    escapes = path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name
    drive = ":" in path.parts[0] if path.parts else True
    if escapes or drive:
        raise BadArchiveError(f"The archive would write outside its folder: {name!r}.")
    if len(name) > limits.max_path_length or len(path.parts) > limits.max_depth:
        raise BadArchiveError(f"A path in the archive is too long: {name[:80]}….")
    mode = member.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise BadArchiveError(
            f"{name} is a link or a device, and only files are taken."
        )
    if member.flag_bits & 0x1:
        raise BadArchiveError(
            "The archive is locked by a password. Pack it without one."
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unknown_packing("neither stored nor deflated")
    if member.file_size > limits.max_file_bytes:
        raise _too_much(limits)
    _check_ratio(member, member.file_size, limits)


def _check_ratio(member: zipfile.ZipInfo, size: int, limits: UnpackLimits) -> None:
    packed = max(member.compress_size, 1)
    if size > FREE_OF_RATIO_BYTES and size / packed > limits.max_ratio:
        raise BadArchiveError(
            f"{member.filename} unpacks to more than {limits.max_ratio:.0f} times its "
            "size, as archives do that are made to fill disks."
        )


def _unpack_all(
    opened: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    folder: Path,
    limits: UnpackLimits,
) -> Iterator[UnpackedFile]:
    total = 0
    for member in members:
        path = folder / member.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with opened.open(member) as source, path.open("xb") as sink:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                # Headers may lie: what counts is what really comes out.
                if size > limits.max_file_bytes or total + size > limits.max_bytes:
                    raise _too_much(limits)
                _check_ratio(member, size, limits)
                sink.write(chunk)
        total += size
        yield UnpackedFile(path=path, name=member.filename, size_bytes=size)


def _too_much(limits: UnpackLimits) -> BadArchiveError:
    return BadArchiveError(
        f"The archive unpacks to more than {limits.max_bytes} bytes, the most that is taken."
    )


def _unknown_packing(reason: str) -> BadArchiveError:
    return BadArchiveError(
        f"The ZIP file is packed in a way that is not known here ({reason}). "
        "Pack it again in the ordinary way, and upload that."
    )


def _is_litter(name: str) -> bool:
    return any(part in LITTER for part in PurePosixPath(name).parts)
