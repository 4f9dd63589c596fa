"""The cells of a report, exact for spreadsheets and readable for people; and its CSV file."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from adminpanel.report_tables import COUNT, GRAMS, MINOR, MINUTES, SECONDS, SHARE, WH, Column, Report, Row
from adminpanel.report_terms import ROWS
from evbunker.moments import format_minutes
from evbunker.money import format_money, major
from evbunker.units import ENERGY, MASS, format_quantity
from payments.receipt_export import BOM, csv_lines, csv_text

CSV, PDF = "csv", "pdf"
FORMS = {CSV: "text/csv; charset=utf-8", PDF: "application/pdf"}
UNITS = {COUNT: "", SECONDS: " (s)", MINUTES: " (min)", WH: " (kWh)", GRAMS: " (kg)", MINOR: "", SHARE: " (%)"}
UNKNOWN = {"evses": ""}
"""Columns that have no sum."""


def shown(column: Column, row: Row) -> str:
    """A figure for people; what nobody knows is said."""
    figure = column.of(row.sums)
    if figure is None:
        return UNKNOWN.get(column.name, str(_("not known")))
    writers: dict[str, Callable[[int], str]] = {
        COUNT: lambda n: f"{n:,}",
        MINUTES: format_minutes,
        SECONDS: lambda n: format_minutes(n // 60),
        WH: lambda n: format_quantity(n, ENERGY),
        GRAMS: lambda n: format_quantity(n, MASS),
        MINOR: lambda n: format_money(n, row.currency),
        SHARE: lambda n: f"{Decimal(n) / 100:.2f} %",
    }
    return writers[column.unit](figure)


def exact(column: Column, row: Row) -> str:
    """A figure for spreadsheets: a plain number in whole units; empty where nobody knows."""
    figure = column.of(row.sums)
    if figure is None:
        return ""
    scale = {WH: 3, GRAMS: 3, SHARE: 2}.get(column.unit, 0)
    return f"{major(figure, row.currency) if column.unit == MINOR else Decimal(figure).scaleb(-scale):f}"


def head_of(report: Report) -> list[str]:
    money = [_("currency")] if report.with_currency else []
    return [str(ROWS[report.terms.by]).split(" ", 1)[-1], *money, *(_head(column) for column in report.columns)]


def _head(column: Column) -> str:
    return f"{column.label}{UNITS[column.unit]}"


def cells_of(report: Report, row: Row, write: Callable[[Column, Row], str]) -> list[str]:
    money = [row.currency] if report.with_currency else []
    return [row.label or _("Total"), *money, *(write(column, row) for column in report.columns)]


def csv_of(report: Report) -> Iterator[str]:
    """Pieces of the file: the rows, then their sums. The notes stand below, after an empty line."""
    yield BOM + csv_lines([tuple(csv_text(one) for one in head_of(report))])
    for row in [*report.rows, *report.totals]:
        yield csv_lines([tuple(_safe(report, row))])
    notes = [report.terms.title, *report.notes]
    yield csv_lines([(), *((csv_text(note),) for note in notes)])


def _safe(report: Report, row: Row) -> list[str]:
    """A text might be run as a formula; a figure with a minus sign is meant to be one."""
    label, *figures = cells_of(report, row, exact)
    return [csv_text(label), *figures]
