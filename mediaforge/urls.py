"""Every door of the house; what lies behind each is the business of its room."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerView,
)

from mediaforge import health

urlpatterns = [
    path("", health.root),
    path("health", health.health),
    path("health/", health.health),
    path("info", health.info),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("redoc/", SpectacularRedocView.as_view(url_name="schema")),
    path("admin/queues/", include("django_rq.urls")),
    path("admin/", include("jobs.admin.urls")),
    path("admin/", admin.site.urls),
    path(f"{settings.API_V1_PREFIX}/", include("jobs.api.urls")),
    path("", include("jobs.live.urls")),
    path("studio/", include("jobs.pages.urls")),
    # An app names its own paths in full: the seeds' paths share no prefix. One that has
    # nothing beyond its pipelines needs no paths.
    *(
        path("", include(f"{app}.urls"))
        for app in settings.PIPELINE_APPS
        if find_spec(f"{app}.urls")
    ),
]
handler400 = "jobs.api.errors.bad_request"
handler403 = "jobs.api.errors.forbidden"
handler404 = "jobs.api.errors.not_found"
handler500 = "jobs.api.errors.server_error"
