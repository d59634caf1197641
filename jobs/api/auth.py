"""Who calls, and whether their key lets them do this."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from jobs import keys
from jobs.live.visitors import user_of_key
from jobs.models import ApiKey

if TYPE_CHECKING:
    # REST framework's views import this module themselves.
    from rest_framework.views import APIView

Scope = ApiKey.Scope


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <key>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        key = keys.find_key(secret.strip())
        if key is None:
            raise exceptions.AuthenticationFailed(
                "This API key is unknown, expired or revoked."
            )
        return user_of_key(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class MayCall(permissions.BasePermission):
    """Signed in, and with the scope that the method (or the view) asks of a key."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user or not request.user.is_authenticated:
            raise exceptions.NotAuthenticated(
                "Sign in, or send an API key as “Authorization: Bearer …”."
            )
        if not isinstance(request.auth, ApiKey):
            return True
        needed = scope_needed(request.method or "GET", view)
        scopes = set(request.auth.scopes)
        if Scope.ADMIN in scopes or needed in scopes:
            return True
        raise exceptions.PermissionDenied(
            f"This key may not do this: it needs the scope “{needed}”."
        )


def scope_needed(method: str, view: Any) -> str:
    special: str = getattr(view, "write_scope", Scope.WRITE.value)
    return Scope.READ.value if method in permissions.SAFE_METHODS else special


def caller(request: Request) -> User:
    """The user behind a request that `MayCall` let in."""
    assert isinstance(request.user, User)
    return request.user
