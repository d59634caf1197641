"""Addresses that belong to no version of the API."""

from django.urls import path

from jobs.live import metrics

urlpatterns = [
    path("metrics", metrics.show),
    path("metrics/", metrics.show),
]
