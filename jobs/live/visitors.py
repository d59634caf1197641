"""Who knocks at a socket: a program by its key, a browser by its session and origin."""

from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs import keys
from jobs.models import ApiKey

# Browsers can send no Authorization header with a socket, but name protocols:
# "mediaforge" and "bearer.KEY" together say the same without a URL that gets logged.
PROTOCOL = "mediaforge"
KEY_PROTOCOL = "bearer."

Scope = dict[str, Any]  # as ASGI has it


@dataclass(frozen=True, kw_only=True)
class RefusedError(Exception):
    """The socket is not opened, and this is what the handshake answers."""

    status: HTTPStatus
    code: str
    detail: str


def identify(scope: Scope) -> User:
    """The user behind a handshake; raises RefusedError. Asks the database."""
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    secret = _secret(headers, scope.get("subprotocols", []))
    user = _by_key(secret) if secret else _by_session(headers)
    if user is None:
        raise RefusedError(
            status=HTTPStatus.UNAUTHORIZED,
            code="not_authenticated",
            detail="Sign in, or send an API key as “Authorization: Bearer …”.",
        )
    return user


def user_of_key(row: ApiKey) -> User:
    """The key's owner, with no more rights than the key was given."""
    user: User = row.owner
    if ApiKey.Scope.ADMIN not in row.scopes:
        # Only in memory: a staff member's everyday key sees what is theirs.
        user.is_staff = user.is_superuser = False
    return user


def _secret(headers: dict[str, str], protocols: list[str]) -> str:
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    named = [p for p in protocols if p.startswith(KEY_PROTOCOL)]
    return named[0].removeprefix(KEY_PROTOCOL) if named else ""


def _by_key(secret: str) -> User | None:
    row = keys.find_key(secret)
    if row is None or not {ApiKey.Scope.READ, ApiKey.Scope.ADMIN} & set(row.scopes):
        return None
    return user_of_key(row)


def _by_session(headers: dict[str, str]) -> User | None:
    cookies = SimpleCookie(headers.get("cookie", ""))
    cookie = cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return None
    if not _own_origin(headers):
        raise RefusedError(
            status=HTTPStatus.FORBIDDEN,
            code="wrong_origin",
            detail="This socket is opened only for pages of this server.",
        )
    request = HttpRequest()
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(cookie.value)
    user = auth.get_user(request)
    return user if isinstance(user, User) and user.is_active else None


def _own_origin(headers: dict[str, str]) -> bool:
    """Browsers always say which page opened a socket; other sites' pages may not."""
    origin = headers.get("origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return bool(origin) and urlsplit(origin).netloc == headers.get("host", "")
