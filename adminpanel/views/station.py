"""One station: how it stands, the status of its EVSEs, why they were down."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import role_required
from adminpanel.station_acts import STATION, acts_of, station_page
from adminpanel.station_forms import CauseForm, StatusForm
from adminpanel.station_record import coming
from adminpanel.station_words import link_to, seen_of
from adminpanel.views.acts import Changed
from bookings.models import Evse, Outage, Station
from bookings.outages import set_cause
from bookings.stations import set_evse_status
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError

DO = "do"
"""The step that does it; any other only shows what it would do."""
MOST_COUNTED = 50


@require_safe
@role_required("viewer")
def station(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """One station; what its visitor can do stands outside of its panels."""
    shown = get_object_or_404(Station, pk=station_id)
    context: dict[str, Any] = {"station": shown}
    if driver(request).has_role("operator"):
        context |= {
            "acts": acts_of(shown),
            "edit_url": link_to("operations-station-edit", shown.pk),
            "new_evse_url": link_to("operations-evse-new", shown.pk),
        }
    return render(request, "adminpanel/stations/station.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def statuses(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """Say how one or several EVSEs are: the form, then what will happen, then it is done."""
    shown = get_object_or_404(Station, pk=station_id)
    data = request.POST if request.method == "POST" else None
    form = StatusForm(data, station=shown, chosen=request.GET.get("evse", ""))
    if not form.is_valid() or request.POST.get("step") != DO:
        return _statuses_page(request, shown, form)
    try:
        if request.POST.get("seen") != _seen(form):
            raise Changed
        changed = _set_statuses(request, form)
    except DomainError as error:
        return _statuses_page(request, shown, form, error)
    messages.success(request, ngettext("%(n)d EVSE is changed.", "%(n)d EVSEs are changed.", changed) % {"n": changed})
    return SeeOther(station_page(shown))


def _set_statuses(request: HttpRequest, form: StatusForm) -> int:
    """How many EVSEs were not so; each is a unit of work of its own."""
    said = {"status": form.cleaned_data["status"], "cause": form.counted_cause, "reason": form.cleaned_data["note"]}
    return sum(set_evse_status(evse=evse, actor=driver(request), **said) for evse in form.cleaned_data["evses"])


def _seen(form: StatusForm) -> str:
    return seen_of((evse.pk, evse.status) for evse in form.cleaned_data["evses"])


def _statuses_page(
    request: HttpRequest, shown: Station, form: StatusForm, error: DomainError | None = None
) -> HttpResponse:
    sure = form.is_bound and form.is_valid()
    context = {
        "station": shown, "form": form, "error": error, "back": station_page(shown), "called": STATION.called,
        "facts": STATION.facts(shown), "sure": sure,
    }  # fmt: skip
    if sure:
        evses = form.cleaned_data["evses"]
        works = form.cleaned_data["status"] not in (Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE)
        count = 0 if works else len(coming(list(evses), limit=MOST_COUNTED))
        causes: dict[str, Any] = dict(Outage.Cause.choices)
        context |= {
            "evses": evses, "status": form.cleaned_data["status"], "cause": causes.get(form.counted_cause, ""),
            "seen": _seen(form), "works": works, "count": count, "more": count == MOST_COUNTED,
        }  # fmt: skip
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/stations/statuses.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def outage(request: HttpRequest, outage_id: UUID) -> HttpResponse:
    """Say why an EVSE was down; its uptime changes with it."""
    shown = get_object_or_404(Outage, pk=outage_id)
    form = CauseForm(request.POST if request.method == "POST" else None, initial={"cause": shown.cause})
    evse = Evse.objects.get(pk=shown.evse_id)
    back = station_page(Station.objects.get(pk=shown.station_id))
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        set_cause(outage=shown, cause=said["cause"], actor=driver(request), note=said["note"])
        messages.success(request, _("The cause is noted."))
        return SeeOther(back)
    context = {
        "form": form, "outage": shown, "evse": evse, "back": back, "called": STATION.called, "facts": [evse.label],
        "zone": Station.objects.get(pk=shown.station_id).zone,
    }  # fmt: skip
    return render(request, "adminpanel/stations/outage.html", context, status=422 if form.errors else 200)
