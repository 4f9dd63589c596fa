"""The feed of what happened, and the search over everything."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
