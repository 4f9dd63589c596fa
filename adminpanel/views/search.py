"""The search in the header of every page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.searching import LEAST_LETTERS
from adminpanel.searching import search as searched
from bookings.views.answers import driver

LONGEST = 160


@require_safe
@role_required("viewer")
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`: whatever it finds, in groups."""
    sought = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    groups = searched(sought, viewer=driver(request))
    context = {"sought": sought, "groups": groups, "too_short": 0 < len(sought) < LEAST_LETTERS}
    return render(request, "adminpanel/search/search.html", context)
