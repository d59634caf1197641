"""H5P's libraries: which a package names, and which it carries along."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quizzes.errors import LibrariesIncompleteError

_FOLDER = re.compile(r"^(?P<name>[\w.-]+?)-(?P<major>\d+)\.(?P<minor>\d+)$")


@dataclass(frozen=True, kw_only=True, order=True)
class Library:
    name: str
    major: int
    minor: int

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.major}.{self.minor}"

    @property
    def label(self) -> str:
        return f"{self.name} {self.major}.{self.minor}"

    def as_dependency(self) -> dict[str, str | int]:
        return {
            "machineName": self.name,
            "majorVersion": self.major,
            "minorVersion": self.minor,
        }


# A package without libraries names what its content uses outright, and nothing else:
# each of these brings what it stands on itself, in whatever release is installed.
# Interactive Video 1.27 lists just these versions of the three in its semantics.
VIDEO = Library(name="H5P.InteractiveVideo", major=1, minor=27)
CHOICE = Library(name="H5P.MultiChoice", major=1, minor=16)
TRUE_FALSE = Library(name="H5P.TrueFalse", major=1, minor=8)
BLANKS = Library(name="H5P.Blanks", major=1, minor=14)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The libraries of one package, and where their files are."""

    used: Mapping[str, Library]
    carried: Mapping[Library, Path]

    @classmethod
    def by_name(cls, wanted: Iterable[Library]) -> "Bundle":
        """The target has them installed."""
        return cls(used={library.name: library for library in wanted}, carried={})

    @classmethod
    def from_folder(cls, folder: Path, wanted: Iterable[Library]) -> "Bundle":
        """The newest release in the folder of each, with all that they stand on."""
        shelf = dict(_shelved(folder))
        missing: list[str] = []
        used: dict[str, Library] = {}
        for library in wanted:
            fitting = [
                held
                for held in shelf
                if (held.name, held.major) == (library.name, library.major)
            ]
            if fitting:
                used[library.name] = max(fitting)
            else:
                missing.append(library.folder)
        carried = _with_dependencies(used.values(), shelf, missing)
        if missing:
            raise LibrariesIncompleteError(missing=sorted(set(missing)))
        return cls(used=used, carried=carried)

    def label(self, library: Library) -> str:
        """How content refers to it."""
        return self.used[library.name].label

    def dependencies(self) -> list[dict[str, str | int]]:
        """For h5p.json: all that is carried, else all that is used."""
        listed = self.carried or self.used.values()
        return [library.as_dependency() for library in sorted(listed)]

    def files(self) -> dict[str, Path]:
        return {
            str(Path(library.folder, path.relative_to(folder))): path
            for library, folder in sorted(self.carried.items())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }


def _shelved(folder: Path) -> Iterator[tuple[Library, Path]]:
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        match = _FOLDER.match(path.name)
        if match and (path / "library.json").is_file():
            library = Library(
                name=match["name"], major=int(match["major"]), minor=int(match["minor"])
            )
            yield library, path


def _with_dependencies(
    used: Iterable[Library], shelf: Mapping[Library, Path], missing: list[str]
) -> dict[Library, Path]:
    """All that the libraries need to run, and what editors need as far as it is there."""
    carried: dict[Library, Path] = {}
    open_ends = list(used)
    while open_ends:
        library = open_ends.pop()
        if library in carried:
            continue
        carried[library] = shelf[library]
        about = json.loads((shelf[library] / "library.json").read_text("utf-8"))
        for kind in ("preloaded", "dynamic", "editor"):
            for needed in _named(about.get(f"{kind}Dependencies", ())):
                if needed in shelf:
                    open_ends.append(needed)
                elif kind != "editor":
                    missing.append(needed.folder)
    return carried


def _named(listed: Iterable[Mapping[str, Any]]) -> Iterator[Library]:
    for entry in listed:
        yield Library(
            name=entry["machineName"],
            major=int(entry["majorVersion"]),
            minor=int(entry["minorVersion"]),
        )
