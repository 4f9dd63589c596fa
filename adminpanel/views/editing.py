"""Adding and editing stations. What a change would do to bookings is said first; who comes second is told so."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from adminpanel.access import role_required
from adminpanel.editing import SEEN, Differs, Meanwhile, differing, digest, id_of, save_seen, seen_of
from adminpanel.editing_impact import Outside, left_outside, still_to_come
from adminpanel.editing_station import DETAILS, StationEdit, hours_in_words, said_in_words
from bookings.models import Evse, Station
from bookings.stations import save_station
from bookings.views.answers import SeeOther, driver
from evbunker.models import new_id

LOCAL = "local"
"""The source of stations that were added by hand."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def new_station(request: HttpRequest) -> HttpResponse:
    """One form makes one station, however often it is sent: the id comes with it."""
    made = id_of(request.POST.get("id", "")) or new_id()
    if request.method == "POST" and Station.objects.filter(pk=made).exists():
        return SeeOther(edit_page(made))
    return _station(request, Station(pk=made, status=Station.Status.ACTIVE))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def station(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """What a station is, when it is open, which EVSEs it has."""
    return _station(request, get_object_or_404(Station, pk=station_id))


def _station(request: HttpRequest, kept: Station) -> HttpResponse:
    edit = StationEdit(request.POST if request.method == "POST" else None, kept)
    if request.method != "POST" or not edit.is_valid():
        return _page(request, kept, edit, status=422 if edit.errors else 200)
    warnings = _warnings(kept, edit)
    try:
        if not kept._state.adding and request.POST.get(SEEN) != seen_of(kept):
            raise Meanwhile
        if warnings and request.POST.get("agreed") != digest(_sentences(warnings)):
            return _page(request, kept, edit, warnings=warnings)
        return _save(request, kept, edit)
    except Meanwhile as error:
        kept = get_object_or_404(Station, pk=kept.pk)
        return _page(request, kept, edit, status=error.status, error=error, differs=_differs(kept, edit))


def _save(request: HttpRequest, kept: Station, edit: StationEdit) -> HttpResponse:
    def save(record: Station) -> None:
        save_station(station=record, actor=driver(request))

    is_new = kept._state.adding
    saved = save_seen(kept, seen=request.POST.get(SEEN, ""), fields=edit.fields(), save=save)
    said = _("%(name)s is there. Now add what one can charge at.") if is_new else _("%(name)s is saved.")
    messages.success(request, said % {"name": saved.name})
    return SeeOther(edit_page(saved.pk))


def edit_page(station_id: UUID) -> str:
    return reverse("operations-station-edit", args=[station_id])


def _warnings(kept: Station, edit: StationEdit) -> dict[str, Any]:
    """What somebody should know before this is saved; empty if nothing."""
    said = edit.fields()
    found: dict[str, Any] = {}
    if zone := edit.details.zone_differs():
        found["zone"] = zone
    if kept._state.adding:
        return found
    if (outside := left_outside(kept, said["opening_hours"], said["time_zone"])).number:
        found["outside"] = outside
    if said["status"] != kept.status and said["status"] != Station.Status.ACTIVE:
        found["shut"] = still_to_come(kept)
    return found


def _sentences(warnings: dict[str, Any]) -> list[str]:
    said: list[str] = []
    for name, value in warnings.items():
        said += [name, *(value.sentences() if isinstance(value, Outside) else [str(value)])]
    return said


def _differs(kept: Station, edit: StationEdit) -> list[Differs]:
    now = {name: getattr(kept, name) for name in DETAILS}
    found = differing(edit.details, now, said_in_words)
    hours = edit.fields()["opening_hours"]
    if hours != kept.opening_hours:
        zone = kept.zone
        found.append(Differs(_("Opening hours"), hours_in_words(kept.opening_hours, zone), hours_in_words(hours, zone)))
    return found


def _page(
    request: HttpRequest, kept: Station, edit: StationEdit, *, status: int = 200, warnings: Any = None, **also: Any
) -> HttpResponse:
    is_new = kept._state.adding
    context = {
        "station": kept, "edit": edit, "is_new": is_new, "form": edit.details,
        "seen": "" if is_new else seen_of(kept), "imported": kept.source if kept.source != LOCAL else "",
        "evses": [] if is_new else Evse.objects.filter(station=kept).order_by("label"),
        "warnings": warnings, "agreed": digest(_sentences(warnings)) if warnings else "",
        "is_owner": driver(request).has_role("owner"),
        "map_tiles": settings.MAP_TILES_URL, "map_attribution": settings.MAP_TILES_ATTRIBUTION,
        "back": page_if_there("operations-station", kept.pk) if not is_new else page_if_there("operations-stations"),
        **also,
    }  # fmt: skip
    return render(request, "adminpanel/editing/station.html", context, status=status)


def page_if_there(name: str, *ids: UUID) -> str:
    """The address of a page; of the overview where there is no such page."""
    try:
        return reverse(name, args=ids)
    except NoReverseMatch:
        return reverse("operations-overview")
