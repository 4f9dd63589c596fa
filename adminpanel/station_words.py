"""What pages say of stations."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.station_finding import ALL_DOWN, NO_EVSES, NO_TARIFF, OTHER_CURRENCY
from bookings.models import Evse, Station
from evbunker.models import Change
from evbunker.statuses import look_of

WHY_NOT: dict[str, str | Promise] = {
    NO_TARIFF: gettext_lazy("It has no tariff"),
    OTHER_CURRENCY: gettext_lazy("Its tariff is in another currency"),
    NO_EVSES: gettext_lazy("It has no EVSE"),
    ALL_DOWN: gettext_lazy("None of its EVSEs works"),
    Station.Status.CLOSED: gettext_lazy("It is closed"),
    Station.Status.RETIRED: gettext_lazy("It is retired"),
}
"""Why drivers cannot book a station, as `why_not_bookable` names it."""


def states_in_words(states: Counter[str]) -> str:
    """`3 EVSEs: 2 available, 1 faulted`."""
    total = sum(states.values())
    parts = [f"{states[state]} {str(look_of(state).label).lower()}" for state in Evse.Status.values if states[state]]
    evses = ngettext("%(n)d EVSE", "%(n)d EVSEs", total) % {"n": total}
    return f"{evses}: {', '.join(parts)}" if parts else _("no EVSEs")


def place_of(station: Station) -> str:
    """`Berlin, DE`."""
    return ", ".join(filter(None, (station.city or station.address, station.country)))


def link_to(name: str, *args: object) -> str:
    """The address of a page that may not be there yet; empty then."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def seen_of(told: object) -> str:
    """A fingerprint of what a page told, to find out whether it is still so when somebody agrees to it."""
    said = list(told) if isinstance(told, Iterable) else told
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


ACTS_IN_WORDS: dict[str, str | Promise] = {
    "station.saved": gettext_lazy("saved"),
    "station.imported": gettext_lazy("imported"),
    "station.status": gettext_lazy("state set"),
    "station.tariff": gettext_lazy("tariff set"),
    "evse.saved": gettext_lazy("saved"),
    "evse.status": gettext_lazy("status set"),
    "evse.cause": gettext_lazy("cause of the outage set"),
    "evse.removed": gettext_lazy("removed"),
    "evse.blocked": gettext_lazy("time blocked"),
    "evse.unblocked": gettext_lazy("blocked time given back"),
}


def act_in_words(change: Change) -> str:
    """`status set: faulted`; of an act that has no words here, its name."""
    what = str(ACTS_IN_WORDS.get(change.action, change.action))
    status = change.after.get("status")
    return f"{what}: {str(look_of(status).label).lower()}" if isinstance(status, str) else what
