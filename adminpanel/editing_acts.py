"""Removing an EVSE: what will happen depends on whether bookings name it."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.acts import STAFF, Act, Subject
from adminpanel.editing_impact import coming_at
from bookings.models import Booking, Client, Evse, Station
from bookings.stations import remove_evse


def _station_page(evse: Evse) -> str:
    return f"{reverse('operations-station-edit', args=[evse.station_id])}#evses"


def _facts(evse: Evse) -> list[str]:
    return [evse.label, Station.objects.get(pk=evse.station_id).name]


def _will(evse: Evse) -> str:
    if not Station.objects.get(pk=evse.station_id).bookable and not Booking.objects.filter(evse=evse).exists():
        return _("EVSE %(label)s is deleted.") % {"label": evse.label}
    stays = _("EVSE %(label)s goes out of service for good; it stays in the books, for bookings may name it.")
    said = [stays % {"label": evse.label}]
    if number := len(coming_at(evse)):
        coming = ngettext(
            "%(number)s booking is still to come: it stays, and nobody is told.",
            "%(number)s bookings are still to come: they stay, and nobody is told.",
            number,
        )
        said.append(coming % {"number": number})
    return " ".join(said)


def _remove(evse: Evse, actor: Client, note: str) -> str:
    label = evse.label
    if remove_evse(evse=evse, actor=actor, reason=note):
        return _("EVSE %(label)s is deleted.") % {"label": label}
    return _("EVSE %(label)s is out of service.") % {"label": label}


def _gone(evse: Evse) -> str:
    if evse.status == Evse.Status.OUT_OF_SERVICE and Booking.objects.filter(evse=evse).exists():
        return str(_("It is out of service already, and stays in the books because bookings name it."))
    return ""


REMOVE_EVSE = Act(
    gettext_lazy("Remove an EVSE"), gettext_lazy("Remove it"), "close",
    Subject(Evse, gettext_lazy("Station"), _station_page, _facts), _will, _gone, _remove, told=STAFF,
)  # fmt: skip
