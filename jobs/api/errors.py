"""Every error in one shape: a sentence for people, a code for programs, faults by field."""

import errno
import math
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import redis
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from jobs.errors import MediaForgeError, RequestError, TooLargeError
from jobs.files import bucket

Errors = dict[str, list[str]]

# Postgres or Redis is out of reach; what they hold is safe.
AWAY = (OperationalError, InterfaceError, redis.ConnectionError, redis.TimeoutError)
BACK_SOON_S = 5


def body(detail: str, code: str, errors: Errors | None = None) -> dict[str, Any]:
    return {"detail": detail, "code": code, "errors": errors or {}}


class ServiceUnavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = (
        "The database, the broker or the storage is out of reach. Nothing is lost; "
        "send the same call again in a few seconds."
    )
    wait = BACK_SOON_S


class StorageFull(exceptions.APIException):
    status_code = HTTPStatus.INSUFFICIENT_STORAGE
    default_code = "storage_full"
    default_detail = (
        "The server's disk is full. Nothing of this was kept; "
        "send it again when its operator has made room."
    )


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler; what it does not know is a bug, and stays one."""
    set_rollback()
    if isinstance(error, MediaForgeError):
        return _ours(error)
    if isinstance(error, AWAY) or bucket.is_away(error):
        error = ServiceUnavailable()
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error = StorageFull()
    if isinstance(error, RequestDataTooBig):
        return _ours(TooLargeError("A body that is no file may not be this large."))
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing at this address.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def _ours(error: MediaForgeError) -> Response:
    errors = error.errors if isinstance(error, RequestError) else {}
    return Response(body(error.detail, error.code, errors), status=int(error.status))


def _invalid(error: exceptions.ValidationError) -> Response:
    errors = flat(error.detail)
    name, messages = next(iter(errors.items()), ("", ["The request is not valid."]))
    detail = (
        messages[0] if name in ("", "non_field_errors") else f"{name}: {messages[0]}"
    )
    return Response(body(detail, "invalid", errors), status=error.status_code)


def flat(detail: Any, prefix: str = "") -> Errors:
    """REST framework's nested faults by dotted field."""
    if isinstance(detail, Mapping):
        found: Errors = {}
        for name, inner in detail.items():
            found |= flat(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    if isinstance(detail, list):
        if all(isinstance(each, str) for each in detail):
            return {prefix: [str(each) for each in detail]} if detail else {}
        found = {}
        for index, inner in enumerate(detail):
            if inner:
                found |= flat(inner, f"{prefix}.{index}" if prefix else str(index))
        return found
    return {prefix: [str(detail)]}


def _of_framework(error: exceptions.APIException) -> Response:
    code = getattr(error, "code", None) or error.get_codes()
    headers: dict[str, str] = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    return Response(
        body(str(error.detail), code if isinstance(code, str) else error.default_code),
        status=error.status_code,
        headers=headers,
    )


# What Django itself answers with ------------------------------------------------------


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "There is nothing at this address.", "not_found")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "The request is not valid.", "invalid")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "You may not do this.", "permission_denied")


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    if isinstance(error, AWAY) or bucket.is_away(error):
        detail = ServiceUnavailable.default_detail
        response = _answer(request, 503, detail, ServiceUnavailable.default_code)
        response["Retry-After"] = str(BACK_SOON_S)
        return response
    detail = "Something went wrong here. It has been logged; try again later."
    return _answer(request, 500, detail, "error")


def _answer(request: HttpRequest, status: int, detail: str, code: str) -> HttpResponse:
    """A page for browsers where there is one, JSON for everybody else."""
    if "text/html" in request.headers.get("Accept", ""):
        try:
            get_template(f"{status}.html")
        except TemplateDoesNotExist:
            return HttpResponse(detail, status=status, content_type="text/plain")
        return render(request, f"{status}.html", {"detail": detail}, status=status)
    return JsonResponse(body(detail, code), status=status)
