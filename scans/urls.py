"""The contracts' paths of seeds 000 and 004, and what the vendors call back."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
