"""Seed 001's paths, and those of what it lists as next steps."""

from django.conf import settings
from django.urls import path

from jobs.api.base import route
from paintings import api, pages

_JOBS = f"{settings.API_PREFIX}/jobs"

urlpatterns = [
    *route(f"{_JOBS}/", api.PaintingsView, "paintings"),
    *route(f"{_JOBS}/upload/", api.UploadView),
    *route(f"{_JOBS}/batch/", api.BatchView),
    *route(f"{_JOBS}/<uuid:job_id>/", api.PaintingView, "painting"),
    *route(f"{_JOBS}/<uuid:job_id>/cancel/", api.CancelView),
    *route(f"{_JOBS}/<uuid:job_id>/priority/", api.PriorityView),
    *route(f"{_JOBS}/<uuid:job_id>/download/<str:filename>", api.DownloadView),
    path(
        "studio/paintings/<uuid:job_id>/correct/",
        pages.correct,
        name="painting_correct",
    ),
]
