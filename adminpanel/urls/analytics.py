"""Figures of any range."""

from django.urls import path

from adminpanel.views import analytics

urlpatterns = [path("operations/analytics/", analytics.analytics, name="operations-analytics")]
