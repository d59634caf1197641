"""The addresses of the ads' contract."""

from django.conf import settings
from django.urls import path

from ads import pages
from ads.api import AdsView, AdView, ApproveView, ScriptView
from jobs.api.base import route

_BASE = f"{settings.API_V1_PREFIX}/ads"

urlpatterns = [
    *route(f"{_BASE}/", AdsView, "ads"),
    *route(f"{_BASE}/<str:ad_id>/", AdView, "ad"),
    *route(f"{_BASE}/<str:ad_id>/script/", ScriptView, "ad-script"),
    *route(f"{_BASE}/<str:ad_id>/approve/", ApproveView, "ad-approve"),
    path("studio/ads/<uuid:job_id>/script/", pages.save_script, name="ad_script_page"),
]
