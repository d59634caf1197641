"""What all views of the API share."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import (
    BaseContentNegotiation,
    DefaultContentNegotiation,
)
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api import limits
from jobs.api.auth import KeyAuthentication, MayCall
from jobs.api.parsers import FormParser, JsonParser
from jobs.api.schema import HouseSchema
from jobs.errors import RequestError
from jobs.models import ApiKey


class JsonAnyway(BaseContentNegotiation):
    """Answers JSON whatever is accepted: pictures and streams are no renderer's work."""

    def select_parser(
        self, request: Request, parsers: Iterable[BaseParser]
    ) -> BaseParser | None:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ApiView(APIView):
    """Keys or sessions, scopes, rate limits, and errors in one shape."""

    authentication_classes = (KeyAuthentication, SessionAuthentication)
    permission_classes = (MayCall,)
    parser_classes: tuple[type[BaseParser], ...] = (JsonParser,)
    content_negotiation_class = JsonAnyway
    schema = HouseSchema()
    # Groups endpoints: RATE_LIMIT_<SCOPE> sets the rate of one group.
    rate_scope = "api"
    # Counted only where RATE_LIMIT_<SCOPE> is set.
    rate_exempt = False
    tag = "other"
    _verdict: limits.Verdict | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if "\0" in unquote(request.get_full_path()):
            raise RequestError("The address holds a zero character.")
        try:
            super().initial(request, *args, **kwargs)
        except (exceptions.NotAuthenticated, exceptions.AuthenticationFailed):
            # Guessing keys is counted by address.
            self._count(f"address:{limits.address(plain(request))}")
            raise
        key = request.auth if isinstance(request.auth, ApiKey) else None
        self._count(limits.identity(plain(request), key))

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self._verdict and isinstance(response, HttpResponseBase):
            for name, value in self._verdict.headers().items():
                response[name] = value
        return response

    def _count(self, who: str) -> None:
        found = limits.rate_of(self.rate_scope, exempt=self.rate_exempt)
        if found is None:
            return
        self._verdict = limits.count(who, *found)
        if self._verdict and not self._verdict.allowed:
            raise exceptions.Throttled(
                wait=self._verdict.reset_s, detail="Too many calls."
            )


class FormApiView(ApiView):
    """Takes forms with files, too."""

    parser_classes = (JsonParser, MultiPartParser, FormParser)


def plain(request: Request) -> HttpRequest:
    """Django's own request, whose body has not been touched."""
    inner: HttpRequest = request._request  # noqa: SLF001  # there is no public way
    return inner


def wants_events(request: Request) -> bool:
    """Whether the caller would rather be told live than answered once."""
    return "text/event-stream" in request.headers.get("Accept", "")


def release_connection() -> None:
    """Let others use this request's database connection while its body is coming in."""
    if not connection.in_atomic_block:
        connection.close()


def no_content() -> Response:
    return Response(status=204)


def route(
    pattern: str, view: type[APIView], name: str | None = None
) -> list[URLPattern]:
    """One endpoint at its address with and without a slash at the end."""
    handler = view.as_view()
    both = [path(pattern, handler, name=name)]
    if pattern.endswith("/"):
        both.append(path(pattern.rstrip("/"), handler))
    return both
