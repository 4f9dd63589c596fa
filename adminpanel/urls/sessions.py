"""Charging sessions and bookings."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
