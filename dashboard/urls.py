"""URLs of dashboard."""

from django.urls import path

from dashboard import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("about/impact/", views.about_impact, name="about-impact"),
]
