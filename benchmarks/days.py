"""What the ended days of an invented history came to, as `close_days` would have kept it."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from adminpanel.evse_classes import evse_class
from adminpanel.models import DailyTotal, DailyUse, NetworkDay
from adminpanel.network_days import add_hours
from benchmarks.bulk import Engine, Row
from benchmarks.charges import Charge
from benchmarks.network import Network, Place, current_of, made_id
from bookings.eco import estimated_energy_wh
from bookings.models import Booking, Station
from bookings.models.session import EnergySource
from bookings.slots import SLOT_MINUTES, day_period, start_of

HOURS = 24
ONE_DAY = dt.timedelta(days=1)


class Days:
    """Sums of each station's days, by `DailyTotal.SUMS`, and of each class of its EVSEs: every station has one
    currency and is always open."""

    def __init__(self, engine: Engine, network: Network, now: dt.datetime) -> None:
        self.engine, self.now = engine, now
        self.sums: dict[tuple[UUID, dt.date], Counter[str]] = {}
        self.uses: dict[tuple[UUID, dt.date, str], Counter[Any]] = {}
        self.places = {place.station_id: place for place in network.places}
        self.evses = Counter((place.station_id, class_of(place)) for place in network.places)

    def add(self, one: Charge, *, is_first: bool) -> None:
        place, today = one.place, self.now.astimezone(one.place.zone).date()
        if one.day < today:
            self.sums.setdefault((place.station_id, one.day), Counter()).update(_figures(one, is_first))
        for day, key, amount in _uses(one):
            if day < today:
                self.uses.setdefault((place.station_id, day, class_of(place)), Counter())[key] += amount

    def rows(self) -> Iterator[Row]:
        templates: dict[UUID, Row] = {}
        for number, ((station, day), sums) in enumerate(self.sums.items()):
            if station not in templates:
                templates[station] = self._template(self.places[station])
            known: dict[str, Any] = {"_id": made_id(10, number, self.now), "day": self.engine.day(day)}
            yield templates[station] | known | {name: self.engine.number(sums[name]) for name in DailyTotal.SUMS}

    def use_rows(self) -> Iterator[Row]:
        templates: dict[UUID, Row] = {}
        for number, (station, day, kind, sums, hours) in enumerate(self._all_uses()):
            if station not in templates:
                zone = self.places[station].country.zone
                templates[station] = self.engine.template(
                    DailyUse, station_id=station, day=day, evse_class=kind, station_time_zone=zone
                )
            known: dict[str, Any] = {"_id": made_id(12, number, self.now), "day": self.engine.day(day)}
            known |= {"evse_class": kind, "hours": self.engine.json(hours)}
            yield templates[station] | known | {name: self.engine.number(sums[name]) for name in DailyUse.SUMS}

    def network_rows(self) -> Iterator[Row]:
        figures: dict[tuple[dt.date, str], dict[str, Any]] = {}
        for (station, day), sums in self.sums.items():
            country = self.places[station].country
            found = figures.setdefault((day, country.zone), {"money": {}, "use": {}})
            found["money"].setdefault(country.currency, Counter()).update(sums)
        for station, day, kind, sums, hours in self._all_uses():
            found = figures.setdefault((day, self.places[station].country.zone), {"money": {}, "use": {}})
            use = found["use"].setdefault(kind, [Counter(), []])
            use[0].update(sums)
            use[1] = add_hours(use[1], hours)
        for number, ((day, zone), found) in enumerate(figures.items()):
            key = UUID(made_id(13, number, self.now))
            yield self.engine.template(NetworkDay, id=key, day=day, time_zone=zone, figures=_shape(found))

    def _all_uses(self) -> Iterator[tuple[UUID, dt.date, str, Counter[Any], list[int]]]:
        """Every day of every station since it was made or first booked, whether anything happened or not."""
        first: dict[UUID, dt.date] = {}
        for station, made_at in Station.objects.values_list("pk", "created_at"):
            first[station] = made_at.astimezone(self.places[station].zone).date()
        for station, day in self.sums:
            first[station] = min(first[station], day)
        for (station, kind), evses in self.evses.items():
            zone = self.places[station].zone
            day = first[station]
            while day < self.now.astimezone(zone).date():
                sums = Counter(self.uses.get((station, day, kind), Counter()))
                sums.update(evses=evses, open_minutes=evses * day_period(day, zone).minutes)
                yield station, day, kind, sums, [sums[hour] for hour in range(HOURS)]
                day += ONE_DAY

    def _template(self, place: Place) -> Row:
        country = place.country
        return self.engine.template(
            DailyTotal, station_id=place.station_id, day=dt.date(2000, 1, 1), currency=country.currency,
            station_name=place.name, station_city=country.city, station_country=country.code,
            station_time_zone=country.zone,
        )  # fmt: skip


def class_of(place: Place) -> str:
    return evse_class(current_of(place.power_w), place.power_w)


def _shape(found: dict[str, Any]) -> dict[str, Any]:
    """As `NetworkDay.figures` has it."""
    money = {code: {name: sums[name] for name in DailyTotal.SUMS} for code, sums in found["money"].items()}
    use = {
        kind: {name: sums[name] for name in DailyUse.SUMS} | {"hours": hours}
        for kind, (sums, hours) in found["use"].items()
    }
    return {"money": money, "use": use}


def _figures(one: Charge, is_first: bool) -> dict[str, int]:
    """One booking's share, by `DailyTotal.SUMS`."""
    completed, no_show = one.status == Booking.Status.COMPLETED, one.status == Booking.Status.NO_SHOW
    quote = one.quote
    figures = {
        "bookings": 1, "completed": int(completed), "no_shows": int(no_show), "first_bookings": int(is_first),
        "payments": 1, "revenue_minor": quote.total_minor, "captured_minor": quote.total_minor,
        "tax_minor": quote.tax_minor, "held": 1, "held_paid": 1, "held_charged": int(completed),
    }  # fmt: skip
    if no_show:
        return figures
    estimated_wh = one.energy_wh if one.source == EnergySource.ESTIMATED else 0
    return figures | {
        "charges": 1, "charging_minutes": one.period.minutes, "energy_wh": one.energy_wh,
        "estimated_energy_wh": estimated_wh, "co2_saved_g": one.impact.co2_saved_g or 0, "co2_known": 1,
    }  # fmt: skip


def _uses(one: Charge) -> Iterator[tuple[dt.date, Any, int]]:
    """One booking's share of the days that it touches, by `DailyUse.SUMS` and by hour."""
    zone = one.place.zone
    for slot in one.period.slots():
        at = start_of(slot).astimezone(zone)
        yield at.date(), at.hour, SLOT_MINUTES
        yield at.date(), "booked_minutes", SLOT_MINUTES
    if one.status == Booking.Status.COMPLETED:
        day = one.period.ends_at.astimezone(zone).date()
        figures = {"sessions": 1, "energy_wh": one.energy_wh}
        if one.source == EnergySource.METERED:
            foreseen = estimated_energy_wh(one.budget_wh, one.place.power_w, one.period.minutes)
            figures |= {"metered": 1, "metered_wh": one.energy_wh, "foreseen_wh": foreseen}
        for name, amount in figures.items():
            yield day, name, amount
