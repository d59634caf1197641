"""The staff's own pages beside Django's."""

from django.contrib import admin
from django.urls import path

from jobs.admin import desk

app_name = "staff"

urlpatterns = [
    path("dashboard/", admin.site.admin_view(desk.dashboard), name="dashboard"),
    path("failures/", admin.site.admin_view(desk.failures), name="failures"),
]
