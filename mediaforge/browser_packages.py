"""Static files that come from npm packages, the listed ones only."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.core.files.storage import FileSystemStorage


class PackageStorage(FileSystemStorage):
    """One package's folder; `prefix` is where collectstatic puts its files."""

    def __init__(self, folder: Path, prefix: str) -> None:
        super().__init__(location=folder)
        self.prefix = prefix


class BrowserPackagesFinder(BaseFinder):
    """Finds settings.BROWSER_PACKAGES."""

    def check(self, **_: Any) -> list[CheckMessage]:
        missing = [
            name
            for name, (folder, _patterns) in settings.BROWSER_PACKAGES.items()
            if not (settings.NODE_MODULES / folder).is_dir()
        ]
        if not missing:
            return []
        return [
            CheckWarning(
                f"Browser packages are missing: {', '.join(missing)}.",
                hint="Run `make install`; without them 3D views stay empty.",
                id="mediaforge.W001",
            )
        ]

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        found = [
            str(settings.NODE_MODULES / folder / name)
            for prefix, folder, name in self._files()
            if f"{prefix}/{name}" == path
        ]
        # Django takes anything but an empty list for a find.
        return found if find_all else next(iter(found), [])

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, PackageStorage]]:
        for prefix, folder, name in self._files():
            yield name, PackageStorage(settings.NODE_MODULES / folder, prefix)

    def _files(self) -> Iterator[tuple[str, str, str]]:
        for prefix, (folder, patterns) in settings.BROWSER_PACKAGES.items():
            base: Path = settings.NODE_MODULES / folder
            for pattern in patterns:
                for file in sorted(base.glob(pattern)):
                    yield prefix, folder, file.relative_to(base).as_posix()
