"""The first administrator and the first API key, made once and written down."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.contrib.auth.models import User

from jobs import keys
from jobs.models import ApiKey

FILE_NAME = "first-run.json"
USERNAME = "admin"


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """What one needs to get in."""

    url: str
    username: str
    password: str
    api_key: str


def ensure_administrator(var: Path, url: str) -> FirstRun | None:
    """Make the first administrator where there is none; None when there is one."""
    file = var / FILE_NAME
    if User.objects.filter(is_superuser=True, is_active=True).exists():
        _note_address(file, url)
        return None
    password = secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(username=USERNAME)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    _row, key = keys.create_key(user, "first run", list(ApiKey.Scope))
    made = FirstRun(url=url, username=USERNAME, password=password, api_key=key)
    _write(file, asdict(made))
    return made


def _note_address(file: Path, url: str) -> None:
    """HOST or PORT may have changed since the first run."""
    if not file.exists():
        return
    known = json.loads(file.read_text())
    if known["url"] != url:
        _write(file, known | {"url": url})


def _write(file: Path, content: dict[str, str]) -> None:
    """Put it in place whole, readable by its owner only from the first byte on."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(content, stream, indent=2)
        stream.write("\n")
    draft.replace(file)
