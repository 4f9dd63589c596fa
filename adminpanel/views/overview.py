"""Operations at a glance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.alerts import can_tell


@require_safe
@role_required("viewer")
def operations(request: HttpRequest) -> HttpResponse:
    """The way in."""
    return redirect("operations-overview")


@require_safe
@role_required("viewer")
def overview(request: HttpRequest) -> HttpResponse:
    """The network now: its day in figures, what needs somebody, who is charging, what happened last. All is panels."""
    return render(request, "adminpanel/overview.html")


@require_safe
@role_required("viewer")
def alerts(request: HttpRequest) -> HttpResponse:
    """All that needs an operator."""
    return render(request, "adminpanel/alerts/alerts.html", {"mailed": can_tell()})
