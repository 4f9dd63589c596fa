"""URLs of dashboard."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
