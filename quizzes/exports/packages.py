"""ZIP packages that come out the same for the same content."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

# ZIP cannot say earlier; a fixed moment keeps packages alike from run to run.
_MOMENT = (1980, 1, 1, 0, 0, 0)
# Compressing these again costs time and saves nothing.
_PACKED = (
    ".mp4",
    ".webm",
    ".m4a",
    ".mkv",
    ".mov",
    ".jpg",
    ".png",
    ".zip",
    ".h5p",
    ".apkg",
)


def write_package(
    target: Path,
    texts: Mapping[str, str | bytes],
    files: Mapping[str, Path] | None = None,
) -> Path:
    """Members by name: texts that are here, and files that are on disk."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in texts.items():
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            package.writestr(info, content)
        for name, path in (files or {}).items():
            info = zipfile.ZipInfo(name, _MOMENT)
            packed = path.suffix.lower() in _PACKED
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.file_size = path.stat().st_size
            with path.open("rb") as source, package.open(info, "w") as member:
                while chunk := source.read(1 << 20):
                    member.write(chunk)
    return target
