"""Typed reading of environment variables; a bad value stops the start with one line."""

import json
import math
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
RATE = re.compile(r"[1-9]\d*/(second|minute|hour|day)")


class BadValueError(SystemExit):
    """Left uncaught it prints its one line and ends the process, as a start should."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The variables of one start, and the names that were asked for."""

    variables: Mapping[str, str]
    # What `.env.example` is checked against: each name with its default as text.
    asked: dict[str, str]

    def text(
        self, name: str, default: str = "", *, choices: Collection[str] = ()
    ) -> str:
        value = self._read(name, default)
        if choices and value not in choices:
            raise BadValueError(
                name, f"“{value}” is none of {', '.join(sorted(choices))}."
            )
        return value

    def secret(self, name: str) -> str:
        """A key or password; what is read is never repeated in a message."""
        value = self._read(name, "")
        if any(character.isspace() for character in value):
            raise BadValueError(name, "a key has no white space in it.")
        return value

    def integer(
        self, name: str, default: int, *, least: int = 0, most: int | None = None
    ) -> int:
        value = self._read(name, str(default))
        try:
            number = int(value)
        except ValueError:
            raise BadValueError(name, f"“{value}” is not a whole number.") from None
        _check_range(name, number, least, most)
        return number

    def number(
        self, name: str, default: float, *, least: float = 0, most: float | None = None
    ) -> float:
        value = self._read(name, str(default))
        try:
            number = float(value)
        except ValueError:
            raise BadValueError(name, f"“{value}” is not a number.") from None
        if math.isnan(number):
            raise BadValueError(name, f"“{value}” is not a number.")
        _check_range(name, number, least, most)
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._read(name, "true" if default else "false").lower()
        if value in TRUE | FALSE:
            return value in TRUE
        raise BadValueError(name, f"“{value}” is neither true nor false.")

    def words(self, name: str, default: str = "") -> list[str]:
        """A list with commas between, or a JSON list."""
        value = self._read(name, default)
        if not value.startswith("["):
            return [word.strip() for word in value.split(",") if word.strip()]
        try:
            words = json.loads(value)
        except json.JSONDecodeError:
            raise BadValueError(name, "this is not a JSON list.") from None
        if not all(isinstance(word, str) for word in words):
            raise BadValueError(name, "the JSON list may hold strings only.")
        return list(words)

    def origins(self, name: str, default: str = "") -> list[str]:
        """Origins of browsers (scheme and host), as CORS and CSRF compare them."""
        origins = [origin.rstrip("/") for origin in self.words(name, default)]
        for origin in origins:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.scheme or not parts.netloc or parts.path):
                raise BadValueError(
                    name, f"“{origin}” is not an origin like https://example.com."
                )
        return origins

    def url(
        self,
        name: str,
        default: str = "",
        *,
        schemes: Collection[str] = ("http", "https"),
    ) -> str:
        value = self._read(name, default)
        parts = urlsplit(value)
        if value and (parts.scheme not in schemes or not (parts.netloc or parts.path)):
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise BadValueError(name, f"this is not an address that begins {wanted}")
        return value

    def path_prefix(self, name: str, default: str) -> str:
        """A path of URLs, without slashes at its ends."""
        value = self._read(name, default).strip("/")
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", value):
            raise BadValueError(name, f"“{value}” is not a path like {default}.")
        return value

    def rate(self, name: str, default: str) -> str:
        value = self._read(name, default)
        if not RATE.fullmatch(value):
            raise BadValueError(name, f"“{value}” is not a rate like 100/minute.")
        return value

    def rates(self, prefix: str) -> dict[str, str]:
        """Every variable that begins with the prefix; its rest is the scope, in small letters."""
        return {
            name.removeprefix(prefix).lower(): self.rate(name, "")
            for name in self.variables
            if name.startswith(prefix) and self.variables[name]
        }

    def path(self, name: str, default: str, *, base: Path) -> Path:
        """A file or folder; a relative one lies below the base."""
        return base / Path(self._read(name, default)).expanduser()

    def _read(self, name: str, default: str) -> str:
        self.asked[name] = default
        # An empty variable is an unset one: compose files pass those on.
        return self.variables.get(name, "").strip() or default


def from_process(env_file: Path) -> Environment:
    """What the process was started with, and below it what the file says."""
    from dotenv import dotenv_values

    stored = {name: value or "" for name, value in dotenv_values(env_file).items()}
    return Environment(variables=stored | dict(os.environ), asked={})


def postgres(name: str, url: str) -> dict[str, object]:
    """Django's way to say what a postgresql:// address says."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadValueError(
            name, "rows are kept in PostgreSQL: use postgresql://user@host/name."
        )
    options = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        raise BadValueError(name, "the port is not a number.") from None
    if not parts.path.strip("/"):
        raise BadValueError(name, "the address names no database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or options.pop("password", "")),
        # A folder given as ?host= is that of a Unix socket.
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(port or options.pop("port", "")),
        "OPTIONS": options,
    }


def _check_range(name: str, value: float, least: float, most: float | None) -> None:
    if value < least:
        raise BadValueError(name, f"{value:g} is below {least:g}.")
    if most is not None and value > most:
        raise BadValueError(name, f"{value:g} is above {most:g}.")
