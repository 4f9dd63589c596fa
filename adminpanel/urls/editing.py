"""Adding and editing stations, EVSEs and tariffs; importing."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
