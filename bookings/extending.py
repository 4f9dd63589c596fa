"""More time for a booking that is paid: held beside it by the same rules and the same unique indexes as any hold."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from bookings import opening, refusals
from bookings.holding import promise
from bookings.merging import EXTENDABLE, fits
from bookings.models import Booking, Client, Evse, Station
from bookings.pricing import TariffTerms, price_added
from bookings.rules import check_bookable, check_length, most_energy_wh
from bookings.slots import SLOT_MINUTES, Period
from evbunker import clock
from evbunker.db import by_id
from evbunker.models import new_id

COPIED = (
    "currency", "tariff_terms", "policy_terms", "client_name", "station_name", "station_city", "station_country",
    "station_time_zone", "station_network", "evse_label", "evse_current", "evse_power_w",
)  # fmt: skip
"""What an extension takes over from its booking."""


def hold_extension(
    *, booking: Booking, minutes: int, energy_wh: int = 0, actor: Client, address: str = "",
    extension_id: UUID | None = None,
) -> Booking:  # fmt: skip
    """Promise `minutes` and `energy_wh` on top of `booking` until the hold expires, which is before `booking` ends.

    It costs by the terms as bought exactly what the whole costs more than before. Raises NotExtendable, a refusal of
    a hold, RateLimited or Busy; then nothing was written. `address` and `extension_id` are as for a hold.
    """
    evse, station = by_id(Evse, booking.evse_id), by_id(Station, booking.station_id)
    added = checked_extension(booking=booking, evse=evse, station=station, minutes=minutes, energy_wh=energy_wh)
    extension = Booking(id=extension_id or new_id(), client=actor, evse=evse, station=station, extends=booking)
    _write_terms(extension, booking, added, energy_wh)
    return promise(extension, client=actor, evse=evse, address=address)


def checked_extension(*, booking: Booking, evse: Evse, station: Station, minutes: int, energy_wh: int) -> Period:
    """The period that would be added, or the first refusal that applies."""
    if booking.extends_id or booking.status not in EXTENDABLE or booking.ends_at <= clock.now():
        raise refusals.NotExtendable
    check_bookable(evse=evse, station=station)
    if minutes < SLOT_MINUTES:
        check_length(starts_at=booking.ends_at, minutes=minutes)
    check_length(starts_at=booking.starts_at, minutes=booking.minutes + minutes)
    added = Period(booking.ends_at, booking.ends_at + dt.timedelta(minutes=minutes))
    if not opening.is_open(station.opening_hours, station.zone, added.starts_at, added.ends_at):
        raise refusals.Closed
    most = most_energy_wh(evse, booking.minutes + minutes)
    if energy_wh < 0 or (energy_wh and booking.energy_budget_wh + energy_wh > most):
        raise refusals.EnergyOutOfRange
    return added


def _write_terms(extension: Booking, booking: Booking, added: Period, energy_wh: int) -> None:
    terms = TariffTerms.from_json(booking.tariff_terms)
    cost = price_added(
        terms=terms, minutes=booking.minutes, energy_wh=booking.energy_budget_wh, more_minutes=added.minutes,
        more_energy_wh=energy_wh,
    )  # fmt: skip
    for name in COPIED:
        setattr(extension, name, getattr(booking, name))
    extension.starts_at, extension.ends_at = added.starts_at, added.ends_at
    extension.energy_budget_wh = energy_wh
    extension.quote_minor, extension.price_lines = cost.total_minor, cost.lines
    extension.expires_at = min(clock.now() + dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS), booking.ends_at)


def waiting_extension(booking: Booking) -> Booking | None:
    """The extension of `booking` that is held and may still be paid."""
    return waiting_among(Booking.objects.held().filter(extends=booking))


def waiting_among(extensions: Iterable[Booking]) -> Booking | None:
    """The one of `extensions` that is held and may still be paid."""
    now = clock.now()
    return next((one for one in extensions if one.is_held and (one.expires_at is None or one.expires_at > now)), None)


def to_pay(booking: Booking) -> Booking:
    """What of `booking` is still to be paid: itself, or once it is paid, time that waits to be added.

    Raises NotPayable for time that cannot be added any more.
    """
    if booking.is_held and booking.extends_id and not fits(booking, by_id(Booking, booking.extends_id)):
        raise refusals.NotPayable
    return (booking.is_paid and waiting_extension(booking)) or booking
