"""The feed of what happened."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.activity_panels import PANELS
from adminpanel.feeding import KINDS, feed, newer
from bookings.views.answers import driver
from evbunker.paging import Place


@require_safe
@role_required("viewer")
def activity(request: HttpRequest) -> HttpResponse:
    """What drivers and staff did, newest first; `?after=` gets what came on top of that, htmx more rows below."""
    kind = asked if (asked := request.GET.get("kind", "")) in KINDS else ""
    zone = driver(request).zone
    if "after" in request.GET:
        items = newer(kind, after=request.GET["after"])
        return render(request, "adminpanel/activity/_items.html", {"items": items, "zone": zone})
    cursor, down_to = (request.GET.get(name, "") for name in ("cursor", "down_to"))
    for place in filter(None, (cursor, down_to)):
        Place.parse(place)  # refuses it before the page has begun
    context = {
        "kinds": [(name, one.label, name == kind) for name, one in KINDS.items()], "kind": kind, "zone": zone,
        "cursor": cursor, "panels": [panel for name, panel in PANELS.items() if kind in ("", name)],
        # the list says which version it is before its rows are read
        "found": SimpleLazyObject(lambda: feed(kind, cursor=cursor, down_to=down_to)),
    }  # fmt: skip
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    response = render(request, f"adminpanel/activity/{'_more_items' if more_only else 'activity'}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
