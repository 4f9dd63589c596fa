"""What operators may do with a station as a whole: open, close and retire it."""

import copy
from collections.abc import Callable

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.acts import STAFF, Act, NotPossible, Subject
from adminpanel.station_finding import look_at
from adminpanel.station_record import coming, evses_of
from adminpanel.station_words import WHY_NOT, place_of
from bookings.models import Client, Station
from bookings.stations import set_station_status

MOST_COUNTED = 50
"""Of more coming bookings the page only says that there are more."""


def station_page(station: Station) -> str:
    return reverse("operations-station", args=[station.pk])


def station_facts(station: Station) -> list[str]:
    return [station.name, place_of(station)]


STATION = Subject(Station, gettext_lazy("Station"), station_page, station_facts)


def coming_in_words(station: Station) -> str:
    """What becomes of the bookings that drivers have here."""
    count = len(coming(evses_of(station), limit=MOST_COUNTED))
    if not count:
        return _("Nobody has a booking here that is still to come.")
    stay = ngettext("%(n)s booking that is still to come stays", "%(n)s bookings that are still to come stay", count)
    number = f"{count}+" if count == MOST_COUNTED else str(count)
    words = _("%(stay)s as they are; block their time if they should be closed and paid back.")
    return words % {"stay": stay % {"n": number}}


def _will_open(station: Station) -> str:
    as_open = copy.copy(station)
    as_open.status = Station.Status.ACTIVE
    (opened,) = look_at([as_open])
    if opened.why_not:
        return _("It is shown as open. Drivers cannot book it yet: %(why)s.") % {
            "why": str(WHY_NOT[opened.why_not]).lower()
        }
    return _("Drivers find it and can book it at once.")


def _will_close(station: Station) -> str:
    return f"{_('Drivers still find it, but nobody can book it until it is opened again.')} {coming_in_words(station)}"


def _will_retire(station: Station) -> str:
    gone = _("Drivers no longer find it, and nobody can book it. Its history stays, and it can be opened again.")
    return f"{gone} {coming_in_words(station)}"


def _act(status: str, title: str | Promise, button: str | Promise, icon: str) -> Act:
    def why_not(station: Station) -> str:
        return str(_("It is so already.")) if station.status == status else ""

    def do(station: Station, actor: Client, note: str) -> str:
        if not set_station_status(station=station, status=status, actor=actor, reason=note):
            raise NotPossible(_("Somebody has done this already."))
        return str(DONE[status])

    return Act(title, button, icon, STATION, WILL[status], why_not, do, told=STAFF)


WILL: dict[str, Callable[[Station], str]] = {
    Station.Status.ACTIVE: _will_open,
    Station.Status.CLOSED: _will_close,
    Station.Status.RETIRED: _will_retire,
}
DONE: dict[str, str | Promise] = {
    Station.Status.ACTIVE: gettext_lazy("The station is open."),
    Station.Status.CLOSED: gettext_lazy("The station is closed."),
    Station.Status.RETIRED: gettext_lazy("The station is retired."),
}
ACTS: dict[str, Act] = {
    "open": _act(Station.Status.ACTIVE, gettext_lazy("Open the station"), gettext_lazy("Open it"), "check"),
    "close": _act(Station.Status.CLOSED, gettext_lazy("Close the station"), gettext_lazy("Close it"), "lock"),
    "retire": _act(Station.Status.RETIRED, gettext_lazy("Retire the station"), gettext_lazy("Retire it"), "minus"),
}


def acts_of(station: Station) -> list[tuple[str, str | Promise, str]]:
    """What can be done now: the name in the address, what it is called, its icon."""
    return [(name, act.title, act.icon) for name, act in ACTS.items() if not act.why_not(station)]
