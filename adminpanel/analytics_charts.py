"""Analytics as charts, each with its table: what a cell says, and the number that is drawn."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from adminpanel.analytics import PlaceSums, Seen
from adminpanel.analytics_range import Bucket
from adminpanel.evse_classes import CLASSES
from adminpanel.figures import Figures
from bookings.models import Station
from evbunker.money import format_money, major
from evbunker.units import ENERGY, MASS, format_quantity

KWH, KG = 1000, 1000
NONE = "–"
Text = str | Promise


class Cell(NamedTuple):
    """What a table says, and the number in the chart; None where nothing is known."""

    text: str
    number: float | None


class Row(NamedTuple):
    label: Text
    cells: list[Cell]
    address: str = ""


@dataclass
class Chart:
    """A table and how it is drawn: `canvases` name the columns of each drawing, "0,1". `kind` is "bar", "stacked",
    "line" or "across" (bars that lie). `unit` stands at the axis."""

    name: str
    title: Text
    heads: Sequence[Text]
    rows: list[Row]
    kind: str = "bar"
    unit: Text = ""
    note: Text = ""
    first: Text = ""
    canvases: list[str] = field(default_factory=lambda: ["0"])
    links: list[tuple[Text, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not any(cell.number for row in self.rows for cell in row.cells)


def count(number: int) -> Cell:
    return Cell(f"{number:,}", number)


def energy(wh: int) -> Cell:
    return Cell(format_quantity(wh, ENERGY), round(wh / KWH, 3))


def mass(grams: int | None) -> Cell:
    return Cell(NONE, None) if grams is None else Cell(format_quantity(grams, MASS), round(grams / KG, 3))


def money(minor: int, currency: str) -> Cell:
    return Cell(format_money(minor, currency), float(major(minor, currency)))


def share(part: int, whole: int) -> Cell:
    """Per cent."""
    if not whole:
        return Cell(NONE, None)
    percent = Decimal(100 * part) / whole
    return Cell(f"{percent:.1f}\u00a0%", round(float(percent), 2))


def co2_of(figures: Figures) -> int | None:
    """Net of the grid; None where there was charging but no factor is known."""
    return None if figures.of("charges") and not figures.of("co2_known") else figures.of("co2_saved_g")


def _by_step(seen: Seen, cells: Callable[[Bucket, Figures], list[Cell]]) -> list[Row]:
    running = _("not over")
    return [
        Row(f"{bucket.label} ({running})" if _runs(bucket, seen) else bucket.label, cells(bucket, figures))
        for bucket, figures in seen.steps()
    ]


def _runs(bucket: Bucket, seen: Seen) -> bool:
    return any(bucket.first <= day <= bucket.last for day in seen.running)


def bookings(seen: Seen) -> Chart:
    rows = _by_step(seen, lambda _bucket, figures: [count(figures.of("bookings"))])
    return Chart("bookings", _("Bookings"), [_("Bookings")], rows, note=_("Paid for, by the day of the confirmation."))


def revenue(seen: Seen) -> Chart:
    currencies = sorted(seen.total().minor("revenue_minor")) or []

    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        minor = figures.minor("revenue_minor")
        return [money(minor.get(code, 0), code) for code in currencies]

    return Chart(
        "revenue", _("Revenue"), list(currencies), _by_step(seen, cells),
        canvases=[str(number) for number in range(len(currencies))],
        note=_("Captured less what goes back, tax included, by the day of the payment. Each currency for itself."),
    )  # fmt: skip


def energy_chart(seen: Seen) -> Chart:
    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        estimated = figures.of("estimated_energy_wh")
        return [energy(figures.of("energy_wh") - estimated), energy(estimated)]

    return Chart(
        "energy", _("Energy"), [_("Metered"), _("Estimated")], _by_step(seen, cells), kind="stacked", unit="kWh",
        canvases=["0,1"], note=_("Of the bookings confirmed on a day. Estimated until a meter has said more."),
    )  # fmt: skip


def co2(seen: Seen) -> Chart:
    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        return [mass(co2_of(figures)), share(figures.of("estimated_energy_wh"), figures.of("energy_wh"))]

    return Chart(
        "co2", _("CO₂ saved"), [_("CO₂ saved"), _("of estimated energy")], _by_step(seen, cells), unit="kg",
        note=_("Net of the grid, so it may be negative. An estimate as far as its energy is estimated."),
    )  # fmt: skip


def utilisation(seen: Seen) -> Chart:
    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        booked, opened = figures.used("booked_minutes"), figures.used("open_minutes")
        return [share(booked, opened), _hours(booked), _hours(opened)]

    return Chart(
        "utilisation", _("Utilisation"), [_("Booked of open time"), _("Booked, EVSE-hours"), _("Open, EVSE-hours")],
        _by_step(seen, cells), kind="line", unit="%",
        note=_("Booked time of the time that EVSEs were open, of days that are over."),
    )  # fmt: skip


def _hours(minutes: int) -> Cell:
    return Cell(f"{minutes / 60:,.1f}", round(minutes / 60, 2))


def clients(seen: Seen, signed_up: Counter[dt.date] | None) -> Chart:
    """`signed_up` is None where it is not told of a part of the network."""

    def cells(bucket: Bucket, figures: Figures) -> list[Cell]:
        first = figures.of("first_bookings")
        made = [count(first), count(figures.of("bookings") - first)]
        if signed_up is None:
            return made
        return [*made, count(sum(signed_up[day] for day in signed_up if bucket.first <= day <= bucket.last))]

    heads = [_("First bookings of clients"), _("Bookings of clients who came back"), _("Sign-ups")]
    known = 3 if signed_up is not None else 2
    return Chart(
        "clients", _("New and returning clients"), heads[:known], _by_step(seen, cells), kind="stacked",
        canvases=["0,1", "2"][: known - 1],
        note=_("Bookings by the days of their stations, sign-ups by your own."),
    )  # fmt: skip


def conversion(seen: Seen) -> Chart:
    total = seen.total()
    held = total.of("held")
    steps = {"held": _("Held"), "held_paid": _("Paid"), "held_charged": _("Charged")}
    rows = [Row(label, [count(total.of(name)), share(total.of(name), held)]) for name, label in steps.items()]
    return Chart(
        "conversion", _("From hold to charge"), [_("Bookings"), _("of those held")], rows, kind="across",
        note=_("Bookings begun on days that are over whose hold is over: how many were paid, and charged to the end."),
    )  # fmt: skip


def lost(seen: Seen) -> Chart:
    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        cancelled, missed, paid = (figures.of(name) for name in ("cancelled", "no_shows", "bookings"))
        return [count(cancelled), count(missed), share(cancelled, cancelled + paid), share(missed, paid)]

    heads = [_("Cancelled"), _("Not used"), _("Cancelled of all"), _("Not used of paid")]
    return Chart(
        "lost", _("Cancellations and no-shows"), heads, _by_step(seen, cells), kind="stacked", canvases=["0,1"],
        note=_("By the day on which the booking was confirmed."),
    )  # fmt: skip


def estimates(seen: Seen) -> Chart:
    def cells(_bucket: Bucket, figures: Figures) -> list[Cell]:
        foreseen, metered = figures.used("foreseen_wh"), figures.used("metered_wh")
        sessions = count(figures.used("metered"))
        return [energy(foreseen), energy(metered), share(metered, foreseen), sessions]

    heads = [_("Estimated when booked"), _("Metered"), _("Metered of estimated"), _("Metered sessions")]
    return Chart(
        "estimates", _("Estimate against meter"), heads, _by_step(seen, cells), unit="kWh", canvases=["0,1"],
        note=_("Sessions that ended with a meter's reading, by the day on which they ended."),
    )  # fmt: skip


def classes(seen: Seen) -> Chart:
    total, rows = seen.total(), []
    for kind, name in CLASSES.items():
        if kind in total.use:
            booked, opened = total.used("booked_minutes", kind), total.used("open_minutes", kind)
            cells = [share(booked, opened), _hours(booked), energy(total.used("energy_wh", kind))]
            rows.append(Row(name, [*cells, count(total.used("sessions", kind))], f"?of=class.{kind}"))
    heads = [_("Booked of open time"), _("Booked, EVSE-hours"), _("Energy charged"), _("Sessions")]
    return Chart(
        "classes", _("By class of EVSE"), heads, rows, kind="across", unit="%", first=_("Class"),
        note=_("Of days that are over; sessions and energy by the day on which a session ended."),
    )  # fmt: skip


def places(name: str, title: Text, found: tuple[list[PlaceSums], PlaceSums | None], named: Iterable[Row]) -> Chart:
    """`named` are labels and addresses of the places in their order; the rest comes last."""
    top, rest = found
    rows = [Row(row.label, _place_cells(place), row.address) for place, row in zip(top, named, strict=True)]
    if rest is not None:
        rows.append(Row(_("%(number)d others") % {"number": rest.key}, _place_cells(rest)))
    heads = [_("Bookings"), _("Revenue"), _("Energy"), _("CO₂ saved")]
    return Chart(name, title, heads, rows, kind="across", note=_("The most booked, of days that are over."))


def _place_cells(place: PlaceSums) -> list[Cell]:
    taken = [format_money(minor, code) for code, minor in sorted(place.revenue.items()) if minor]
    sums = place.sums
    return [
        count(sums["bookings"]), Cell(", ".join(taken) or NONE, None), energy(sums["energy_wh"]),
        mass(sums["co2_saved_g"]),
    ]  # fmt: skip


def station_rows(top: list[PlaceSums]) -> list[Row]:
    names = dict(Station.objects.filter(pk__in=[place.key for place in top]).values_list("pk", "name"))
    return [Row(names[place.key], [], f"?of=station.{place.key.hex}") for place in top]
