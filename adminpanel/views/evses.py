"""Adding, editing and removing EVSEs."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from adminpanel.access import role_required
from adminpanel.editing import SEEN, Meanwhile, differing, id_of, save_seen, seen_of
from adminpanel.editing_station import EvseForm, said_in_words
from adminpanel.views.editing import edit_page
from bookings.models import Evse, Station
from bookings.stations import save_evse
from bookings.views.answers import SeeOther, driver
from evbunker.models import new_id


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def new_evse(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """One form makes one EVSE, however often it is sent."""
    station = get_object_or_404(Station, pk=station_id)
    made = id_of(request.POST.get("id", "")) or new_id()
    if request.method == "POST" and Evse.objects.filter(pk=made).exists():
        return SeeOther(edit_page(station.pk))
    return _evse(request, station, Evse(pk=made, station=station, current=Evse.Current.AC))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def evse(request: HttpRequest, evse_id: UUID) -> HttpResponse:
    """What one EVSE can do."""
    kept = get_object_or_404(Evse, pk=evse_id)
    return _evse(request, Station.objects.get(pk=kept.station_id), kept)


def _evse(request: HttpRequest, station: Station, kept: Evse) -> HttpResponse:
    is_new, seen = kept._state.adding, "" if kept._state.adding else seen_of(kept)
    form = EvseForm(request.POST if request.method == "POST" else None, instance=kept)
    if request.method != "POST" or not form.is_valid():
        return _page(request, station, form, is_new=is_new, seen=seen)
    try:
        _save(request, form)
    except Meanwhile as error:
        now = Evse.objects.get(pk=kept.pk)
        differs = differing(form, {name: getattr(now, name) for name in form.fields}, said_in_words)
        return _page(request, station, form, is_new=False, seen=seen_of(now), error=error, differs=differs)
    messages.success(request, _("EVSE %(label)s is saved.") % {"label": form.cleaned_data["label"]})
    return SeeOther(f"{edit_page(station.pk)}#evses")


def _save(request: HttpRequest, form: EvseForm) -> None:
    def save(record: Evse) -> None:
        save_evse(evse=record, actor=driver(request))

    save_seen(form.instance, seen=request.POST.get(SEEN, ""), fields=form.cleaned_data, save=save)


def _page(request: HttpRequest, station: Station, form: EvseForm, **also: Any) -> HttpResponse:
    context = {"station": station, "form": form, "back": edit_page(station.pk), **also}
    status = 409 if "error" in also else 422 if form.errors else 200
    return render(request, "adminpanel/editing/evse.html", context, status=status)
