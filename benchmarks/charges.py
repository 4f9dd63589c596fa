"""An invented history: which booking came when, and what came of it.

Booking `k` before now is of EVSE `k % 1500` by client `k % 10,000`: each driver charges every tenth day, always at the
three EVSEs of one station. Budgets, lead times and durations are made up (a hash of the number); energies, prices and
savings then come from the product's own arithmetic. Two in a hundred did not come, three in ten were metered.
"""

import datetime as dt
import functools
from dataclasses import dataclass
from uuid import UUID

from benchmarks.network import Network, Place
from bookings.eco import Impact, estimated_energy_wh, impact_of_charge
from bookings.models import Booking
from bookings.models.session import EnergySource
from bookings.pricing import Price, TariffTerms, price
from bookings.slots import Period, slot_of, start_of

SECONDS_APART = 86.4
"""A thousand a day."""
SPREAD = 2_654_435_761
"""Knuth's multiplier: neighbours in number get unlike hashes."""


@dataclass(frozen=True)
class Charge:
    """The booking that was confirmed `ago`-th before now."""

    ago: int
    client: UUID
    place: Place
    confirmed_at: dt.datetime
    day: dt.date
    period: Period
    status: str
    budget_wh: int
    energy_wh: int
    source: str

    @property
    def saves(self) -> bool:
        return self.status != Booking.Status.NO_SHOW

    @property
    def is_live(self) -> bool:
        return self.status in Booking.LIVE

    @property
    def quote(self) -> Price:
        return priced(self.place.terms, self.period.minutes, self.budget_wh)

    @property
    def impact(self) -> Impact:
        country = self.place.country
        return saved(self.energy_wh, country.code, self.day.year, self.quote.total_minor, country.currency)


def charge(network: Network, ago: int, now: dt.datetime) -> Charge:
    place = network.places[ago % len(network.places)]
    dice = ago * SPREAD % 2**32
    confirmed_at = (now - dt.timedelta(seconds=int(ago * SECONDS_APART) + 60)).replace(microsecond=0)
    first = slot_of(confirmed_at) + 1 + dice % 96
    period = Period(start_of(first), start_of(first + 2 + dice // 96 % 7))
    status = _status(ago, period, now)
    budget_wh = 5_000 + dice // 672 % 80 * 500
    energy_wh = estimated_energy_wh(budget_wh, place.power_w, period.minutes)
    metered = status == Booking.Status.COMPLETED and ago % 10 < 3
    return Charge(
        ago=ago,
        client=network.clients[ago % len(network.clients)],
        place=place,
        confirmed_at=confirmed_at,
        day=confirmed_at.astimezone(place.zone).date(),
        period=period,
        status=status,
        budget_wh=budget_wh,
        energy_wh=energy_wh * 9 // 10 if metered else energy_wh,
        source=EnergySource.METERED if metered else EnergySource.ESTIMATED,
    )


def _status(ago: int, period: Period, now: dt.datetime) -> str:
    if period.ends_at <= now:
        return str(Booking.Status.NO_SHOW if ago % 50 == 7 else Booking.Status.COMPLETED)
    return str(Booking.Status.IN_USE if period.starts_at <= now else Booking.Status.CONFIRMED)


@functools.cache
def priced(terms: TariffTerms, minutes: int, budget_wh: int) -> Price:
    return price(terms=terms, minutes=minutes, energy_wh=budget_wh)


@functools.cache
def saved(energy_wh: int, country: str, year: int, paid_minor: int, currency: str) -> Impact:
    """Only the year of a day matters to it."""
    return impact_of_charge(
        energy_wh=energy_wh, country=country, day=dt.date(year, 1, 1), paid_minor=paid_minor, currency=currency
    )
