"""What the service says of itself: its name, its state, where to look."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone


def root(request: HttpRequest) -> HttpResponse:
    """Programs get the service's card; browsers are shown in."""
    if "text/html" in request.headers.get("Accept", ""):
        return HttpResponseRedirect("/studio/")
    return JsonResponse(
        {
            "message": f"{settings.APP_NAME} API",
            "name": settings.APP_NAME,
            "version": settings.APP_VERSION,
            "docs": "/docs",
            "redoc": "/redoc",
            "schema": "/api/schema/",
            "health": "/health",
            "api": f"/{settings.API_V1_PREFIX}/",
        }
    )


def info(request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        {
            "name": settings.APP_NAME,
            "version": settings.APP_VERSION,
            "debug": settings.DEBUG,
            "environment": settings.ENVIRONMENT,
        }
    )


def health(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse(
        {
            "status": "healthy",
            "timestamp": timezone.now().isoformat(),
            "service": settings.APP_NAME,
            "version": settings.APP_VERSION,
        }
    )
