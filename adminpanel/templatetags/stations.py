"""What pages say of stations, as filters."""

from collections import Counter
from decimal import Decimal
from uuid import UUID

from django import template
from django.utils.translation import gettext as _

from adminpanel import station_words
from adminpanel.station_record import Span
from bookings.models import Evse, Station
from evbunker.models import Change
from evbunker.money import format_money

register = template.Library()
NO_BREAK = "\N{NO-BREAK SPACE}"


@register.filter
def states_in_words(states: Counter[str]) -> str:
    """How many EVSEs are in which state -> 3 EVSEs: 2 available, 1 faulted."""
    return station_words.states_in_words(states)


@register.filter
def why_not_bookable(reason: str) -> str:
    """A reason of `station_finding.why_not_bookable` -> It has no tariff."""
    return str(station_words.WHY_NOT.get(reason, reason))


@register.filter
def place(station: Station) -> str:
    """A station -> Berlin, DE."""
    return station_words.place_of(station)


@register.filter
def evse_page(evse: Evse) -> str:
    """Where operators edit an EVSE; nothing while there is no such page."""
    return station_words.link_to("operations-evse-edit", evse.pk)


@register.filter
def against(this: Span, before: Span) -> list[tuple[str, int, int]]:
    """Two spans -> (currency, revenue now, revenue before), in minor units."""
    currencies = sorted({**this.revenue, **before.revenue})
    return [(currency, this.money[currency], before.money[currency]) for currency in currencies]


@register.filter
def before_money(minor: int, currency: str) -> str:
    """`€12.50 before`."""
    return _("%(amount)s before") % {"amount": format_money(minor, currency)}


@register.filter
def percent(share: float | None) -> str:
    """12.5 -> 12.5 %; nothing for None."""
    return "" if share is None else f"{share:.1f}{NO_BREAK}%"


@register.filter
def before_percent(share: float | None) -> str:
    """`12.5 % before`."""
    return _("not known before") if share is None else _("%(share)s before") % {"share": percent(share)}


@register.filter
def uptime_percent(share: Decimal | None) -> str:
    """99.16 -> 99.16 %; a dash for None."""
    return "\N{EN DASH}" if share is None else f"{share}{NO_BREAK}%"


@register.filter
def label_of(labels: dict[UUID, str], evse_id: UUID) -> str:
    """The label of an EVSE of this station; one that is gone has none."""
    return labels.get(evse_id) or _("an EVSE that is gone")


@register.filter
def in_words(change: Change, labels: dict[UUID, str]) -> str:
    """What was done, and with which EVSE."""
    what = station_words.act_in_words(change)
    label = labels.get(change.record_id)
    return f"{label}: {what}" if label else what
