"""What a wish would cost, said before anything is held."""

import datetime as dt
from dataclasses import dataclass

from bookings.availability import taken_slots
from bookings.eco import USUAL_WH_PER_KM
from bookings.holding import refuse_if_taken
from bookings.models import Client, Evse, Station, Vehicle
from bookings.pricing import Price, TariffTerms, price
from bookings.refusals import SlotTaken
from bookings.rules import checked_period, most_energy_wh
from bookings.slots import Period

USUAL_BATTERY_WH = 54_000
"""Where the car is not known: usable battery, the mean of the 197 cars that `USUAL_WH_PER_KM` is the mean of."""


@dataclass(frozen=True)
class Wish:
    """What somebody would like to hold. `vehicle` is what it is for, if that is known."""

    station: Station
    evse: Evse
    starts_at: dt.datetime
    minutes: int
    energy_wh: int
    vehicle: Vehicle | None


@dataclass(frozen=True)
class Quote:
    """What holding the wish would promise. `distance_m` estimates how far the energy takes the car."""

    wish: Wish
    period: Period
    price: Price
    distance_m: int


def quote(wish: Wish, *, client: Client | None) -> Quote:
    """Price a wish; raises the refusal that holding it would meet, as far as one can tell without holding."""
    station, evse = wish.station, wish.evse
    period = checked_period(
        evse=evse, station=station, starts_at=wish.starts_at, minutes=wish.minutes, energy_wh=wish.energy_wh
    )
    if client is not None:
        refuse_if_taken(client=client, evse=evse, period=period)
    elif taken_slots([evse.pk], period.slots()):
        raise SlotTaken
    assert station.tariff is not None, "a bookable station has a tariff"
    cost = price(terms=TariffTerms.of(station.tariff), minutes=wish.minutes, energy_wh=wish.energy_wh)
    wh_per_km = wish.vehicle.wh_per_km if wish.vehicle else USUAL_WH_PER_KM
    return Quote(wish, period, cost, wish.energy_wh * 1000 // wh_per_km)


def useful_energy_wh(evse: Evse, minutes: int, vehicle: Vehicle | None) -> int:
    """What the EVSE can deliver in that time, and the car can take."""
    most = most_energy_wh(evse, minutes)
    if vehicle is None:
        return min(most, USUAL_BATTERY_WH)
    car_w = vehicle.dc_max_w if evse.current == Evse.Current.DC else vehicle.ac_max_w
    return min(most, vehicle.usable_battery_wh, car_w * minutes // 60 or most)
