"""A driver's dashboard, and how its figures come about."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard import method


@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Everything on it is a panel, so that all of it stays right while one looks."""
    return render(request, "dashboard/dashboard.html")


@require_safe
def about_impact(request: HttpRequest) -> HttpResponse:
    """The method, open to everybody."""
    context = {
        "example": method.worked_example(),
        "comparison": method.comparison(),
        "estimates": method.estimates(),
        "places": method.places(),
        **method.constants(),
    }
    return render(request, "dashboard/about_impact.html", context)
