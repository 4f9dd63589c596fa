"""The first page: find a station."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.search import find_stations
from bookings.views.answers import viewer
from bookings.wishes import USUAL_MINUTES, USUAL_RADIUS_KM, SearchForm
from evbunker.errors import DomainError

LIMIT = 30
"""Stations a page: what a list and a map show at once without drowning anybody."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The search form, and what it finds; htmx asks for more rows only."""
    form = SearchForm({**_defaults(request), **request.GET.dict()})
    context = {"form": form, "page": None, "map_tiles": settings.MAP_TILES_URL}
    status = 200 if form.is_valid() and _search(request, form, context) else 422
    template = "bookings/_stations.html" if request.htmx else "bookings/home.html"  # type: ignore[attr-defined]
    response = render(request, template, context | {"map_attribution": settings.MAP_TILES_ATTRIBUTION}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _search(request: HttpRequest, form: SearchForm, context: dict[str, Any]) -> bool:
    """Put what was found into `context`; False if the search itself refused, which the form then says."""
    cursor = request.GET.get("cursor", "")
    try:
        context["page"] = find_stations(**form.wish, cursor=cursor, limit=LIMIT, client=viewer(request))
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    return True


def _defaults(request: HttpRequest) -> dict[str, Any]:
    """What the form shows before anything was chosen; a visitor's own zone is filled in by the browser."""
    client = viewer(request)
    zone = client.time_zone if client else "UTC"
    return {"minutes": USUAL_MINUTES, "radius_km": USUAL_RADIUS_KM, "min_power_w": 0, "zone": zone}
