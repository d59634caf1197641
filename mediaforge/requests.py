"""A number for every request: on its answer, on its log lines, and on those of its jobs."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
READING = ("GET", "HEAD", "OPTIONS")
# What a proxy or a program may call it; anything else would be a way to forge lines.
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

logger = structlog.get_logger(__name__)


class RequestLogMiddleware:
    """Numbers requests, and tells of those that change something or go wrong."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        number = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=number):
            response = self.get_response(request)
            _tell(request, response, time.monotonic() - began)
        response.headers[HEADER] = number
        return response


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    broke_down = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    if request.method in READING and not broke_down:
        return
    # The pattern, and not the path: a share link's token is nobody's to read.
    match = request.resolver_match
    logger.info(
        "request",
        method=request.method,
        route=match.route if match else "",
        status=response.status_code,
        seconds=round(seconds, 3),
    )
