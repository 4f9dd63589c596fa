"""Reports as tables of integers: rows, and their sums as the last line. Whatever shows them writes the same figures."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.figures import Figures, days_between
from adminpanel.models import DailyTotal, DailyUse
from adminpanel.report_terms import DAY, ENERGY, MONEY, MONTH, STATION, UPTIME, USAGE, Terms
from adminpanel.report_uptime import up_share, uptime_rows
from adminpanel.report_words import notes_of
from bookings.models import Station
from evbunker.db import rough_count

Told = Callable[[int, int], object]
COUNT, SECONDS, MINUTES, WH, GRAMS, MINOR, SHARE = "count", "seconds", "minutes", "wh", "g", "minor", "share"
"""What a figure counts: things, seconds, minutes, Wh, grams, minor units of the row's currency, hundredths of a
percent."""
USED = "use_"
"""How the sums of `DailyUse` are called beside those of `DailyTotal`."""


@dataclass(frozen=True)
class Column:
    """One figure of a row: `of` computes it from the row's sums; None: nobody knows."""

    name: str
    label: str | Promise
    unit: str
    of: Callable[[Counter[str]], int | None]


@dataclass
class Row:
    """`key` is the day, the month or the station it is about, `currency` empty where no money is."""

    key: str
    currency: str
    label: str
    sums: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Report:
    """`totals` has a row a currency: the sums of `rows`, figure by figure."""

    terms: Terms
    columns: list[Column]
    rows: list[Row]
    totals: list[Row]
    notes: list[str]

    @property
    def with_currency(self) -> bool:
        return self.terms.kind == MONEY


def _sum(name: str) -> Callable[[Counter[str]], int]:
    return lambda sums: sums[name]


def _share(sums: Counter[str]) -> int | None:
    opened = sums[f"{USED}open_minutes"]
    return (sums[f"{USED}booked_minutes"] * 20_000 + opened) // (2 * opened) if opened else None


def _co2(sums: Counter[str]) -> int | None:
    return None if sums["charges"] and not sums["co2_known"] else sums["co2_saved_g"]


COLUMNS: dict[str, list[Column]] = {
    USAGE: [
        Column("bookings", _("Bookings"), COUNT, _sum("bookings")),
        Column("completed", _("Completed"), COUNT, _sum("completed")),
        Column("no_shows", _("Not used"), COUNT, _sum("no_shows")),
        Column("cancelled", _("Cancelled"), COUNT, _sum("cancelled")),
        Column("first_bookings", _("New clients"), COUNT, _sum("first_bookings")),
        Column("sessions", _("Sessions"), COUNT, _sum(f"{USED}sessions")),
        Column("booked_minutes", _("Booked"), MINUTES, _sum(f"{USED}booked_minutes")),
        Column("open_minutes", _("Open"), MINUTES, _sum(f"{USED}open_minutes")),
        Column("utilisation", _("Utilisation"), SHARE, _share),
    ],
    MONEY: [
        Column("payments", _("Payments"), COUNT, _sum("payments")),
        Column("gross", _("Came"), MINOR, _sum("captured_minor")),
        Column("refunds", _("Goes back"), MINOR, _sum("back_minor")),
        Column("kept", _("Stays"), MINOR, lambda sums: sums["captured_minor"] - sums["back_minor"]),
        Column("tax", _("of which tax"), MINOR, _sum("tax_minor")),
        Column("fees", _("Gateway's fees"), MINOR, lambda sums: None),
        Column(
            "net", _("Net of tax"), MINOR, lambda sums: sums["captured_minor"] - sums["back_minor"] - sums["tax_minor"]
        ),
    ],
    ENERGY: [
        Column("charges", _("Charges"), COUNT, _sum("charges")),
        Column("energy", _("Energy"), WH, _sum("energy_wh")),
        Column("metered", _("metered"), WH, lambda sums: sums["energy_wh"] - sums["estimated_energy_wh"]),
        Column("estimated", _("estimated"), WH, _sum("estimated_energy_wh")),
        Column("co2", _("CO₂ saved"), GRAMS, _co2),
        Column("co2_known", _("Charges with known CO₂"), COUNT, _sum("co2_known")),
    ],
    UPTIME: [
        Column("evses", _("EVSEs"), COUNT, lambda sums: sums.get("evses")),
        Column("time", _("Time"), SECONDS, _sum("total_seconds")),
        Column("outage", _("Out of order"), SECONDS, _sum("outage_seconds")),
        Column("excluded", _("of which excluded"), SECONDS, _sum("excluded_seconds")),
        Column("uptime", _("Uptime"), SHARE, up_share),
    ],
}
LONG_ROWS = 800
"""More rows than this are not shown, only written into files."""
LONG_READS = 20_000
"""A report that reads more rows than this is made by a worker, and not while somebody waits for a page."""


def report_of(terms: Terms, told: Told = lambda _done, _total: None) -> Report:
    """The rows that there are, and their sums. `told` hears how many steps of all are done."""
    rows = _rows_of(terms, told)
    countries: set[str] = set()
    if terms.kind == ENERGY:
        countries = _countries(terms)
    return Report(terms, COLUMNS[terms.kind], rows, totals_of(rows), [*terms.notes, *notes_of(terms, countries)])


def is_long(terms: Terms) -> bool:
    """Is it too long to be computed while somebody waits?"""
    days = max(0, (terms.until - terms.first).days + 1)
    stations = 1 if terms.station else rough_count(Station)
    if terms.kind == UPTIME:
        periods = {DAY: days, MONTH: days // 28 + 1, STATION: 1}[terms.by]
        return stations * max(20, periods) > LONG_READS / 10
    return stations * days > LONG_READS if terms.by == STATION else terms.by == DAY and days > LONG_ROWS


def _rows_of(terms: Terms, told: Told) -> list[Row]:
    if terms.kind == UPTIME:
        return [Row(key, "", label, sums) for key, label, sums in uptime_rows(terms, told)]
    return _by_station(terms, told) if terms.by == STATION else _by_time(terms, told)


def totals_of(rows: Iterable[Row]) -> list[Row]:
    """The sums of the rows, a row a currency."""
    totals: dict[str, Row] = {}
    for row in rows:
        totals.setdefault(row.currency, Row("", row.currency, "")).sums.update(row.sums)
    for total in totals.values():
        del total.sums["evses"]  # the same ones on every day
    return [totals[currency] for currency in sorted(totals)]


def _by_time(terms: Terms, told: Told) -> list[Row]:
    """Month by month, so that its length does not matter and progress is told."""
    rows: dict[tuple[str, str], Row] = {}
    months = list(terms.months())
    for number, (first, last) in enumerate(months):
        told(number, len(months))
        for day, figures in days_between(first, last, station=terms.station).items():
            key = day.isoformat() if terms.by == DAY else f"{day:%Y-%m}"
            for currency, sums in _parts(terms, figures):
                rows.setdefault((key, currency), Row(key, currency, key)).sums.update(sums)
    assert terms.by in (DAY, MONTH)
    return [rows[key] for key in sorted(rows)]


def _parts(terms: Terms, figures: Figures) -> list[tuple[str, Counter[str]]]:
    if terms.kind == MONEY:
        return [(currency, sums) for currency, sums in figures.money.items() if sums["payments"]]
    sums = Counter({name: figures.of(name) for name in DailyTotal.SUMS if not name.endswith("_minor")})
    sums.update({f"{USED}{name}": figures.used(name) for name in DailyUse.SUMS})
    return [("", sums)]


def _by_station(terms: Terms, told: Told) -> list[Row]:
    """Summed up in the database, month by month."""
    found: dict[tuple[UUID, str], Counter[str]] = {}
    months = list(terms.months())
    for number, (first, last) in enumerate(months):
        told(number, len(months))
        for row in _grouped(DailyTotal, terms, first, last, "currency"):
            currency = row.pop("currency") if terms.kind == MONEY else row.pop("currency") and ""
            found.setdefault((row.pop("station_id"), currency), Counter()).update(row)
        for row in _grouped(DailyUse, terms, first, last) if terms.kind == USAGE else ():
            sums = {f"{USED}{name}": value for name, value in row.items() if name != "station_id"}
            found.setdefault((row["station_id"], ""), Counter()).update(sums)
    stations = Station.objects.in_bulk({station_id for station_id, _currency in found})
    rows = [
        Row(str(station_id), currency, stations[station_id].name if station_id in stations else str(station_id), sums)
        for (station_id, currency), sums in found.items()
        if terms.kind != MONEY or sums["payments"]
    ]
    return sorted(rows, key=lambda row: (row.label.casefold(), row.key, row.currency))


def _grouped(
    model: type[DailyTotal] | type[DailyUse], terms: Terms, first: dt.date, last: dt.date, *names: str
) -> Iterable[dict[str, Any]]:
    span: dict[str, Any] = {"day__gte": first, "day__lte": last}
    if terms.station is not None:
        span["station_id"] = terms.station
    rows = model._default_manager.filter(**span).values("station_id", *names)
    for row in rows.annotate(**{f"sum_{name}": Sum(name) for name in model.SUMS}):
        yield {name.removeprefix("sum_"): value for name, value in row.items()}


def _countries(terms: Terms) -> set[str]:
    """Where anything was charged: a country a station is in, of the days' rows."""
    span: dict[str, Any] = {"day__gte": terms.first, "day__lte": terms.until}
    if terms.station is not None:
        span["station_id"] = terms.station
    rows = DailyTotal.objects.filter(**span).values("station_country").annotate(n=Sum("charges"))
    return {row["station_country"] for row in rows if row["n"]}
