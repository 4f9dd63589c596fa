"""Lists with a filter, live rows and a cursor."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from adminpanel.record_filter import RecordFilter, page_of
from bookings.views.answers import driver
from evbunker.paging import Place


def listed(
    request: HttpRequest, form: RecordFilter, name: str, *, rows: Callable[[list[Any]], list[Any]] = list
) -> HttpResponse:
    """The list `name` in `templates/adminpanel/<name>/`; htmx asks for more rows only. Raises BadCursor."""
    cursor, down_to = (request.GET.get(place, "") for place in ("cursor", "down_to"))
    for place in filter(None, (cursor, down_to)):
        Place.parse(place)  # refuses it before the page has begun
    # the list says which version it is before its rows are read
    found: Any = SimpleLazyObject(lambda: page_of(form, cursor=cursor, down_to=down_to))
    context = {
        "form": form,
        "zone": driver(request).zone,
        "filtered": form.is_filtered,
        "cursor": cursor,
        "found": found,
        "shown": SimpleLazyObject(lambda: rows(found.rows)),
        "name": name,
    }
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    response = render(request, f"adminpanel/{name}/{'_more_rows' if more_only else 'list'}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
