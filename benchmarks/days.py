"""What the ended days of an invented history came to, as `close_days` would have kept it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from adminpanel.models import DailyTotal
from benchmarks.bulk import Engine, Row
from benchmarks.charges import Charge
from benchmarks.network import Place, made_id
from bookings.models import Booking
from bookings.models.session import EnergySource


class Days:
    """Sums of each station's days, in the order of `DailyTotal.SUMS`: every station has one currency."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sums: dict[tuple[UUID, dt.date], list[int]] = {}
        self.places: dict[UUID, Place] = {}

    def add(self, one: Charge) -> None:
        station = one.place.station_id
        self.places.setdefault(station, one.place)
        sums = self.sums.setdefault((station, one.day), [0] * len(DailyTotal.SUMS))
        for number, value in enumerate(_figures(one)):
            sums[number] += value

    def rows(self, now: dt.datetime) -> Iterator[Row]:
        templates: dict[UUID, Row] = {}
        for number, ((station, day), sums) in enumerate(self.sums.items()):
            if station not in templates:
                templates[station] = self._template(self.places[station])
            known: dict[str, Any] = {"_id": made_id(10, number, now), "day": self.engine.day(day)}
            figures = zip(DailyTotal.SUMS, map(self.engine.number, sums), strict=True)
            yield templates[station] | known | dict(figures)

    def _template(self, place: Place) -> Row:
        country = place.country
        return self.engine.template(
            DailyTotal, station_id=place.station_id, day=dt.date(2000, 1, 1), currency=country.currency,
            station_name=place.name, station_city=country.city, station_country=country.code,
            station_time_zone=country.zone,
        )  # fmt: skip


def _figures(one: Charge) -> tuple[int, ...]:
    """One booking's share, in the order of `DailyTotal.SUMS`."""
    completed, no_show = one.status == Booking.Status.COMPLETED, one.status == Booking.Status.NO_SHOW
    money = (1, one.quote.total_minor)
    if no_show:
        return (1, 0, 1, 0, *money, 0, 0, 0, 0, 0, 0)
    estimated_wh = one.energy_wh if one.source == EnergySource.ESTIMATED else 0
    saved = (1, one.period.minutes, one.energy_wh, estimated_wh, one.impact.co2_saved_g or 0, 1)
    return (1, int(completed), 0, 0, *money, *saved)
