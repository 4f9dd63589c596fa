"""Stations, EVSEs and their time."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
