"""The addresses of the sockets, each with and without a slash at its end."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.urls import URLPattern, path

from jobs.live.sockets import (
    Receive,
    Send,
    job_socket,
    no_socket,
    project_socket,
    staff_socket,
)
from jobs.live.visitors import Scope

Socket = Callable[[Scope, Receive, Send], Awaitable[None]]


def socket(route: str, application: Socket) -> list[URLPattern]:
    # Channels routes to ASGI applications with Django's patterns, made for views.
    view: Any = application
    return [path(f"{route}/", view), path(route, view)]


urlpatterns = [
    *socket("ws/jobs/<str:job_id>", job_socket),
    *socket("ws/projects/<str:slug>", project_socket),
    *socket("ws/staff", staff_socket),
]
# Put behind all others by whoever joins them.
nothing_here = socket("<path:anything>", no_socket)
