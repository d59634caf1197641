"""What stands before every page: who may in, and errors said to people."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from jobs.errors import NotFoundError, RequestError

P = ParamSpec("P")
# Files are answered by responses of another class than pages.
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(view: View[P]) -> View[P]:
    """A page for those who signed in; what cannot be done is said, not thrown."""
    return login_required(saying_errors(view))


def saying_errors(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            return render(request, "jobs/missing.html", {"error": error}, status=404)
        except RequestError as error:
            if request.method == "POST":
                messages.error(request, error.detail)
                return go_back(request)
            return render(
                request, "jobs/refused.html", {"error": error}, status=error.status
            )

    return cast("View[P]", guarded)


def user_of(request: HttpRequest) -> User:
    """Whose request it is, where `page` has let it in."""
    return cast("User", request.user)


def go_back(request: HttpRequest, default: str = "/studio/") -> HttpResponse:
    """Where the form was sent from, when that is one of our pages."""
    for target in (request.POST.get("next"), request.headers.get("Referer")):
        if target and url_has_allowed_host_and_scheme(
            target,
            allowed_hosts={request.get_host()},
            require_https=request.is_secure(),
        ):
            return HttpResponseRedirect(target)
    return HttpResponseRedirect(default)
