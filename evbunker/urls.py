"""Every URL of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from evbunker import health, scraping, views
from evbunker.api import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", scraping.metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    path("admin/login/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("live/", include("evbunker.live.urls")),
    path("", include("bookings.urls")),
    path("", include("payments.urls")),
    path("", include("dashboard.urls")),
    path("", include("adminpanel.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("styleguide/", views.styleguide, name="styleguide"))

handler400 = "evbunker.views.bad_request"
handler500 = "evbunker.views.server_error"
