"""Suspending and restoring, one client or many: what that will do to each, and doing it."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.client_words import State, state_of
from bookings.models import Booking, Client
from bookings.standing import Forgotten, NotYours, restore_client, suspend_client
from evbunker import clock
from evbunker.db import lowest
from evbunker.errors import DomainError
from evbunker.money import format_money
from payments.closing import close_booking, goes_back_minor

MOST_AT_ONCE = 200
"""So many clients are suspended or restored by one form: as many as a list shows by itself."""
MOST_BOOKINGS = 100
LONGEST_BOOKING = dt.timedelta(days=1)
"""No booking that began earlier is still to come: it is 32 slots long at most."""
CLOSABLE = (Booking.Status.HELD, Booking.Status.CONFIRMED)


@dataclass(frozen=True)
class Change:
    """Suspending or restoring. `do` is False if somebody was quicker; it raises DomainError."""

    name: str
    title: str | Promise
    button: str | Promise
    icon: str
    may_close: bool
    will: Callable[[Client], str]
    why_not: Callable[[Client], str]
    do: Callable[..., bool]


@dataclass(frozen=True)
class Line:
    """What will happen to one client, or why that cannot be."""

    client: Client
    will: str
    why_not: str


def to_come(client: Client) -> list[Booking]:
    """Its bookings that are held or paid, not yet in use and not yet over, the next one first."""
    since = clock.now() - LONGEST_BOOKING
    ahead = lowest(Booking.objects.filter(client=client, starts_at__gte=since), by="starts_at", limit=MOST_BOOKINGS)
    return [one for one in ahead if one.status in CLOSABLE and one.ends_at > clock.now()]


def lines_of(change: Change, clients: Iterable[Client], actor: Client) -> list[Line]:
    """What `change` will do to each of `clients`, as `actor` may do it."""
    return [_line(change, client, actor) for client in clients]


def _line(change: Change, client: Client, actor: Client) -> Line:
    not_theirs = client.pk == actor.pk or (client.is_staff and not actor.has_role("owner"))
    why_not = str(NotYours.message) if not_theirs else change.why_not(client)
    return Line(client, "" if why_not else change.will(client), why_not)


def close_all(client: Client, *, actor: Client, note: str) -> tuple[int, list[str]]:
    """Close the client's bookings to come, each by itself, with all the money back: how many, and why others could
    not be. Safe to repeat."""
    closed, refused = 0, []
    for booking in to_come(client):
        try:
            closed += close_booking(booking=booking, actor=actor, note=note)
        except DomainError as refusal:
            refused.append(f"{booking.station_name}: {refusal}")
    return closed, refused


def _will_suspend(client: Client) -> str:
    """With what closing the bookings would send back, so that who reads it knows both ways."""
    ahead = to_come(client)
    if not ahead:
        return _("Signed out everywhere; API tokens stop. There are no bookings to come.")
    count = ngettext("%(count)d booking to come", "%(count)d bookings to come", len(ahead)) % {"count": len(ahead)}
    back = _goes_back(ahead)
    if not back:
        return _("Signed out everywhere; API tokens stop. %(bookings)s, none of it paid.") % {"bookings": count}
    return _("Signed out everywhere; API tokens stop. %(bookings)s; closing them sends %(amount)s back.") % {
        "bookings": count, "amount": back,
    }  # fmt: skip


def _goes_back(bookings: list[Booking]) -> str:
    sums: Counter[str] = Counter()
    for booking in bookings:
        sums[booking.currency] += goes_back_minor(booking)
    return ", ".join(format_money(minor, currency) for currency, minor in sorted(sums.items()) if minor)


def _why_not_suspend(client: Client) -> str:
    if state_of(client) == State.DELETED:
        return str(Forgotten.message)
    return str(_("Already suspended.")) if client.suspended_at else ""


def _will_restore(client: Client) -> str:
    if client.suspended_at:
        return _("Can sign in again, and the API tokens work again.")
    return _("It was the client who deactivated the account. Can sign in again, and the API tokens work again.")


def _why_not_restore(client: Client) -> str:
    if state_of(client) == State.DELETED:
        return str(Forgotten.message)
    return str(_("Not suspended.")) if client.is_active else ""


CHANGES = {
    "suspend": Change(
        "suspend", gettext_lazy("Suspend"), gettext_lazy("Suspend"), "lock", True,
        _will_suspend, _why_not_suspend, suspend_client,
    ),
    "restore": Change(
        "restore", gettext_lazy("Restore"), gettext_lazy("Restore"), "check", False,
        _will_restore, _why_not_restore, restore_client,
    ),
}  # fmt: skip
