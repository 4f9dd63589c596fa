"""Figures of any range, as operators see them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.analytics_panels import key_of
from adminpanel.analytics_range import AnalyticsFilter, presets
from bookings.views.answers import driver


@require_safe
@role_required("viewer")
def analytics(request: HttpRequest) -> HttpResponse:
    """What happened between two days, beside as many days before."""
    form = AnalyticsFilter(request.GET, zone=driver(request).zone)
    context: dict[str, object] = {"form": form, "zone": driver(request).zone}
    if form.is_valid():
        asked, scope = form.range(), form.scope()
        form.show(asked)
        context |= {"range": asked, "scope": scope, "called": scope.label(), "key": key_of(asked, scope)}
        context["presets"] = [
            (name, first, asked.first == first and asked.last == form.today)
            for name, first in presets(form.today).values()
        ]
    return render(request, "adminpanel/analytics/analytics.html", context | {"today": form.today})
