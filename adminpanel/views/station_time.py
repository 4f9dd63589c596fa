"""The time of a station's EVSEs: the board of a day, blocking time, giving it back."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import proved_lately, role_required
from adminpanel.acts import NotPossible
from adminpanel.block_words import blocks_with_notes, seen_of_block, start_of_form
from adminpanel.board_panels import FIRST_YEAR, LAST_YEAR
from adminpanel.station_acts import STATION
from adminpanel.station_forms import BlockForm, PeriodForm, UnblockForm
from bookings.blocking import unblock
from bookings.models import Station
from bookings.slots import Period
from bookings.views.answers import SeeOther, driver
from evbunker import clock
from evbunker.errors import DomainError
from evbunker.moments import in_zone
from payments.maintenance import Conflict, ConflictsChanged, close_bookings_on, conflicts_of, sums_of

DO = "do"
"""The step that does it; any other only shows what it would do."""
MOST_CLOSED = 200
"""So many bookings one block may close: each is a unit of work, and the page waits for them."""


@require_safe
@role_required("viewer")
def board(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """A day of the station, `?date=`, today without; beneath it what is blocked from now on."""
    shown = get_object_or_404(Station, pk=station_id)
    today = clock.now().astimezone(shown.zone).date()
    day, one = _day(request, today), dt.timedelta(days=1)
    context = {
        "station": shown, "day": day, "today": today, "day_before": day - one, "day_after": day + one,
        "key": f"{shown.pk}:{day.isoformat()}", "blocks": blocks_with_notes(shown), "zone": shown.zone,
        "may_act": driver(request).has_role("operator"),
    }  # fmt: skip
    return render(request, "adminpanel/stations/board.html", context)


def _day(request: HttpRequest, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return today
    return day if FIRST_YEAR < day.year < LAST_YEAR else today


def board_page(station: Station, moment: dt.datetime) -> str:
    """The board of the day that `moment` falls on."""
    day = in_zone(moment, station.zone).date()
    return f"{reverse('operations-board', args=[station.pk])}?date={day.isoformat()}"


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
@proved_lately
def block(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """Block time: the form, then whose bookings that closes and what goes back, then it is done."""
    shown = get_object_or_404(Station, pk=station_id)
    data = request.POST if request.method == "POST" else None
    form = BlockForm(data, station=shown, initial=start_of_form(shown, request.GET))
    if not form.is_valid() or request.POST.get("step") != DO:
        return _block_page(request, shown, form)
    conflicts = conflicts_of(form.evses, form.period)
    try:
        if request.POST.get("seen") != seen_of_block(form, conflicts):
            raise ConflictsChanged
        _block(request, form, conflicts)
    except DomainError as error:
        return _block_page(request, shown, form, error)
    closed = ngettext("%(n)d booking was closed.", "%(n)d bookings were closed.", len(conflicts))
    messages.success(request, f"{_('The time is blocked.')} {closed % {'n': len(conflicts)} if conflicts else ''}")
    return SeeOther(board_page(shown, form.period.starts_at))


def _block(request: HttpRequest, form: BlockForm, conflicts: list[Conflict]) -> None:
    """EVSE by EVSE, and only what was shown. Raises DomainError: what was shown until then may be done."""
    if len(conflicts) > MOST_CLOSED:
        raise NotPossible(_("These are too many bookings to close at once. Choose a shorter time, or fewer EVSEs."))
    shown = {one.booking.pk: one.goes_back_minor for one in conflicts}
    note = form.cleaned_data["note"]
    for evse in form.evses:
        close_bookings_on(evse=evse, period=form.period, actor=driver(request), note=note, shown=shown)


def _block_page(
    request: HttpRequest, shown: Station, form: BlockForm, error: DomainError | None = None
) -> HttpResponse:
    context = _frame(shown, form, error)
    if context["sure"]:
        conflicts = conflicts_of(form.evses, form.period)
        context |= {
            "conflicts": conflicts, "sums": sums_of(conflicts), "seen": seen_of_block(form, conflicts),
            "too_many": len(conflicts) > MOST_CLOSED, "most": MOST_CLOSED,
        }  # fmt: skip
    return render(request, "adminpanel/stations/block.html", context, status=_status(form, error))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def give_back(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """Give blocked time back, all of it or a part."""
    shown = get_object_or_404(Station, pk=station_id)
    data = request.POST if request.method == "POST" else None
    form = UnblockForm(data, station=shown, initial=start_of_form(shown, request.GET))
    error: DomainError | None = None
    if form.is_bound and form.is_valid():
        said = {"period": form.period, "actor": driver(request), "note": form.cleaned_data["note"]}
        if sum(unblock(evse=evse, **said) for evse in form.evses):
            messages.success(request, _("Drivers can book the time again."))
            return SeeOther(board_page(shown, form.period.starts_at))
        error = NotPossible(_("Nothing is blocked then."))
    return render(
        request, "adminpanel/stations/unblock.html", _frame(shown, form, error), status=_status(form, error)
    )  # fmt: skip


def _frame(shown: Station, form: PeriodForm, error: DomainError | None) -> dict[str, Any]:
    sure = form.is_bound and form.is_valid()
    period: Period | None = form.period if sure else None
    return {
        "station": shown, "form": form, "error": error, "sure": sure, "period": period, "zone": shown.zone,
        "evses": form.evses if sure else [], "back": reverse("operations-board", args=[shown.pk]),
        "called": _("Board"), "facts": STATION.facts(shown),
    }  # fmt: skip


def _status(form: PeriodForm, error: DomainError | None) -> int:
    return error.status if error else 422 if form.errors else 200
