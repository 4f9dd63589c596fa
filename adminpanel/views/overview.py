"""Operations at a glance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.navigation import PAGES


@require_safe
@role_required("viewer")
def operations(request: HttpRequest) -> HttpResponse:
    """The way in."""
    return redirect("operations-overview")


@require_safe
@role_required("viewer")
def overview(request: HttpRequest) -> HttpResponse:
    """The network now: its day in figures, who is charging, what happened last. All of it is panels."""
    return render(request, "adminpanel/overview.html", {"pages": PAGES})
