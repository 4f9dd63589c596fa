"""Keeping what was saved: one `EcoStat` a booking and its client's `ClientTotal`, in one unit of work.

A client has a total exactly while it has eco stats, so that ranks and shares of the community count rows and look at
nothing else. Two units that change one total conflict, and one of them runs again. The sum of a day, which many units
change at once, is made later: here it is only marked.
"""

from collections import Counter

from django.db import IntegrityError

from bookings.eco import Impact, impact_of_charge
from bookings.models import Booking, ClientTotal, EcoStat, Vehicle
from bookings.models.session import EnergySource
from bookings.signals import eco_stats_changed
from bookings.stale_days import mark_booking
from evbunker.db import RunAgain, atomic, on_commit

SUMMED = ("charging_minutes", "energy_wh", "distance_m", "co2_saved_g", "fuel_saved_ml")


@atomic
def write_eco_stat(
    *, booking: Booking, energy_wh: int, minutes: int, source: str, paid_minor: int | None = None
) -> EcoStat:
    """Write, or write anew, what `booking` saved. Safe to repeat. The booking must have been confirmed.

    `paid_minor` is what the driver pays in the end; by default its quote.
    """
    assert booking.confirmed_day is not None, "only a confirmed booking saves anything"
    impact = impact_of_charge(
        energy_wh=energy_wh, country=booking.station_country, day=booking.confirmed_day,
        paid_minor=booking.quote_minor if paid_minor is None else paid_minor, currency=booking.currency,
        wh_per_km=_consumption(booking),
    )  # fmt: skip
    before = EcoStat.objects.filter(booking=booking).first()
    stat = before or EcoStat(booking=booking, client_id=booking.client_id, station_id=booking.station_id)
    old = _shares(before) if before else Counter[str]()
    _fill(stat, booking, impact, minutes=minutes, source=source)
    stat.save(force_insert=before is None, force_update=before is not None)
    _add_to_total(booking, _shares(stat), minus=old, sessions=0 if before else 1)
    return stat


@atomic
def remove_eco_stat(*, booking: Booking) -> bool:
    """The booking saved nothing after all; False if that was known, and then no day was marked."""
    stat = EcoStat.objects.filter(booking=booking).first()
    if stat is None:
        return False
    shares = _shares(stat)
    stat.delete()
    _add_to_total(booking, Counter(), minus=shares, sessions=-1)
    return True


def _consumption(booking: Booking) -> int | None:
    """What the client's car uses, if the client has one and no other."""
    cars = list(Vehicle.objects.filter(client_id=booking.client_id).values_list("wh_per_km", flat=True)[:2])
    return cars[0] if len(cars) == 1 else None


def _fill(stat: EcoStat, booking: Booking, impact: Impact, *, minutes: int, source: str) -> None:
    stat.day, stat.currency = booking.confirmed_day, booking.currency  # type: ignore[assignment]
    stat.charging_minutes, stat.source, stat.factors = minutes, source, impact.factors
    stat.energy_wh, stat.distance_m = impact.energy_wh, impact.distance_m
    stat.co2_saved_g, stat.fuel_saved_ml = impact.co2_saved_g, impact.fuel_saved_ml
    stat.money_saved_minor = impact.money_saved_minor


def _shares(stat: EcoStat) -> Counter[str]:
    """What the stat adds to its client's total; money under its currency's code."""
    shares = Counter({name: getattr(stat, name) or 0 for name in SUMMED})
    if stat.source == EnergySource.ESTIMATED:
        shares["estimated_energy_wh"] = stat.energy_wh
    if stat.money_saved_minor is not None:
        shares[stat.currency] = stat.money_saved_minor
    return shares


def _add_to_total(booking: Booking, plus: Counter[str], *, minus: Counter[str], sessions: int) -> None:
    total = _total_of(booking)
    total.sessions += sessions
    for name in (*SUMMED, "estimated_energy_wh"):
        setattr(total, name, getattr(total, name) + plus[name] - minus[name])
    currency = booking.currency
    money = {**total.money_saved, currency: total.money_saved.get(currency, 0) + plus[currency] - minus[currency]}
    total.money_saved = {code: minor for code, minor in money.items() if minor}  # no fuel price: no figure, not 0
    if total.sessions:
        total.save(force_update=True)
    else:
        total.delete()
    mark_booking(booking)
    facts = {"client_id": booking.client_id, "station_id": booking.station_id, "booking_id": booking.pk}
    on_commit(lambda: eco_stats_changed.send_robust(EcoStat, **facts))


def _total_of(booking: Booking) -> ClientTotal:
    known = ClientTotal.objects.filter(client_id=booking.client_id).first()
    if known is not None:
        return known
    try:
        return ClientTotal.objects.create(client_id=booking.client_id)
    except IntegrityError as error:  # another unit has just made it
        raise RunAgain from error
