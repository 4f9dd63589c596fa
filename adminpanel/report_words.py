"""What stands below a report: what its figures count, and the factors behind them."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from adminpanel.report_terms import ENERGY, MONEY, UPTIME, USAGE, Terms
from bookings.eco import (
    EV_SOURCE,
    GRID_SOURCE,
    PETROL_MG_CO2_PER_KM,
    PETROL_SOURCE,
    USUAL_WH_PER_KM,
    grid_intensity,
)


def notes_of(terms: Terms, countries: Iterable[str]) -> list[str]:
    """Sentences. `countries` are those whose grid's figure is named."""
    if terms.kind == ENERGY:
        return [*_of_energy(), *_of_grids(terms, sorted(countries))]
    return {USAGE: _of_usage, MONEY: _of_money, UPTIME: _of_uptime}[terms.kind]()


def _of_usage() -> list[str]:
    return [
        _("Bookings count on the day they were paid for, whenever they charge; cancelled: those given up since."),
        _("Sessions, booked and open time count on the day they fell on. Two EVSEs open for an hour are two hours."),
        _("Utilisation is booked time of open time. Days and stations without anything are left out."),
    ]


def _of_money() -> list[str]:
    return [
        _("Money counts on the day it came. What goes back of it counts on that same day, whenever it is sent, so a "
          "month's figures may still change by later refunds."),
        _("Tax is included in what stays. Fees of the gateways are not known: they do not tell them with the payment."),
        _("Money in another currency is another row; nothing is converted."),
    ]  # fmt: skip


def _of_uptime() -> list[str]:
    return [
        _("By 23 CFR 680.116(b)(3): (time - (out of order - excluded)) / time, rounded down, of each EVSE since it was "
          "added. Excluded are utility cuts, vehicles' faults, scheduled maintenance, vandalism and natural disasters, "
          "and time outside of opening hours."),
        _("Stations are not connected: outages begin and end with statuses that people or imports set."),
    ]  # fmt: skip


def _of_energy() -> list[str]:
    return [
        _("Energy counts on the day its booking was paid for. Estimated: from power and time, where no meter told."),
        _("CO₂ saved is against a petrol car, net of the grid, so it can be negative; it is of the charges whose "
          "country's grid is known, metered and estimated ones together."),
        _("Factors: the driver's car, or else %(wh)d Wh/km (%(source)s).")
        % {"wh": USUAL_WH_PER_KM, "source": EV_SOURCE},
        _("Petrol car: %(g).1f g CO₂/km (%(source)s).") % {"g": PETROL_MG_CO2_PER_KM / 1000, "source": PETROL_SOURCE},
    ]  # fmt: skip


def _of_grids(terms: Terms, countries: list[str]) -> Iterator[str]:
    for country in countries:
        grids = {grid_intensity(country, year) for year in range(terms.first.year, terms.until.year + 1)}
        for grid in sorted(one for one in grids if one):
            names = {"country": country, "year": grid[0], "g": grid[1], "source": GRID_SOURCE}
            yield _("Grid of %(country)s: %(g)d g CO₂e/kWh, %(year)d (%(source)s).") % names
        if grids == {None}:
            yield _("Grid of %(country)s: not known.") % {"country": country or "?"}
