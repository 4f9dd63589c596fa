"""What the operator sets."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
