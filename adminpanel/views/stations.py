"""Looking for stations: the list and the map."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.station_filter import StationFilter
from adminpanel.station_finding import Box, Found, find, within
from adminpanel.station_words import link_to
from bookings.views.answers import driver

LONGEST_CURSOR = 260
"""As long as a station's sort key."""


@require_safe
@role_required("viewer")
def stations(request: HttpRequest) -> HttpResponse:
    """Every station that fits the filters; htmx asks for more rows only."""
    form = StationFilter(request.GET)
    wanted = form.wanted() if form.is_valid() else None
    cursor, down_to = (request.GET.get(name, "")[:LONGEST_CURSOR] for name in ("cursor", "down_to"))
    context = _frame(request) | {
        "form": form,
        "filtered": wanted is None or wanted.is_filtered,
        "cursor": cursor,
        # the list says which version it is before its rows are read
        "found": SimpleLazyObject(lambda: find(wanted, cursor=cursor, down_to=down_to) if wanted else Found()),
    }
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    return _page(request, "_more_rows" if more_only else "list", context)


@require_safe
@role_required("viewer")
def stations_map(request: HttpRequest) -> HttpResponse:
    """The stations of a part of the map, `?box=south,west,north,east`; htmx asks for their list only."""
    rows, more = within(Box.parse(request.GET.get("box", "")))
    tiles = {"map_tiles": settings.MAP_TILES_URL, "map_attribution": settings.MAP_TILES_ATTRIBUTION}
    list_only = request.htmx  # type: ignore[attr-defined]
    return _page(request, "_on_map" if list_only else "map", _frame(request) | tiles | {"rows": rows, "more": more})


def _frame(request: HttpRequest) -> dict[str, object]:
    return {"may_act": driver(request).has_role("operator"), "new_url": link_to("operations-station-new")}


def _page(request: HttpRequest, name: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, f"adminpanel/stations/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
