"""The paths of seeds 000 and 004, and what the vendors call back."""

from django.conf import settings
from django.urls import path

from jobs.api.base import route
from scans import api, hooks, model_api

_V1 = settings.API_V1_PREFIX

urlpatterns = [
    *route(f"{_V1}/scan/", api.ScansView, "scans"),
    *route(f"{_V1}/scan/stats/", api.ScanStatsView),
    *route(f"{_V1}/scan/balance/", api.ScanBalanceView),
    *route(f"{_V1}/scan/<str:job_id>/status/", api.ScanStatusView),
    *route(f"{_V1}/scan/<str:job_id>/result/", api.ScanResultView),
    *route(f"{_V1}/upload/", model_api.UploadView, "upload-images"),
    *route(f"{_V1}/status/tasks/<str:task_id>/", model_api.TaskView),
    *route(f"{_V1}/status/tasks/<str:task_id>/stream/", model_api.TaskStreamView),
    *route(f"{_V1}/download/<str:job_id>/all/", model_api.DownloadsView),
    *route(f"{_V1}/download/<str:job_id>/<str:filename>", model_api.DownloadView),
    path(f"{_V1}/vendors/kiri/webhook", hooks.hear_kiri),
    path(f"{_V1}/vendors/fal/webhook", hooks.hear_fal),
]
