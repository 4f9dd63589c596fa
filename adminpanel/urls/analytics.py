"""Figures of any range."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
