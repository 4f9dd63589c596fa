"""What the operator sets."""

from django.urls import path

from adminpanel.views import settings

urlpatterns = [
    path("operations/settings/", settings.settings, name="operations-settings"),
    path("operations/settings/texts/<slug:key>/", settings.text, name="operations-setting-text"),
    path("operations/settings/limits/", settings.figures, {"what": "limits"}, name="operations-setting-limits"),
    path("operations/settings/policy/", settings.figures, {"what": "policy"}, name="operations-setting-policy"),
]
