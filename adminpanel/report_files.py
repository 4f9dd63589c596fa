"""Reports as files: CSV in exact figures for spreadsheets, PDF for people."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from adminpanel.report_tables import COUNT, GRAMS, MINOR, MINUTES, SECONDS, SHARE, WH, Column, Report, Row
from adminpanel.report_terms import ROWS
from evbunker.moments import format_minutes
from evbunker.money import format_money, major
from evbunker.units import ENERGY, MASS, format_quantity
from payments.receipt_export import BOM, csv_lines, csv_text
from payments.receipt_pdf import FONT, LARGE, LINE, LINE_GREY, NORMAL, SMALL, Pages

CSV, PDF = "csv", "pdf"
FORMS = {CSV: "text/csv; charset=utf-8", PDF: "application/pdf"}
UNITS = {COUNT: "", SECONDS: " (s)", MINUTES: " (min)", WH: " (kWh)", GRAMS: " (kg)", MINOR: "", SHARE: " (%)"}
UNKNOWN = {"evses": ""}
"""Columns that have no sum."""
AT_ONCE = 100
"""So many rows are a step of a PDF."""


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


def pdf_of(report: Report, told: Callable[[int, int], object] = lambda _done, _total: None) -> bytes:
    """The file, in the language that is active. `told` hears how many rows of all are written."""
    pdf = Pages(" ".join([report.terms.place, *(row.label for row in report.rows)]))
    pdf.add_page(orientation="landscape")
    pdf.set_title(report.terms.title)
    pdf.say(report.terms.title, size=LARGE, bold=True)
    pdf.ln(3)
    _table(pdf, report, told)
    pdf.ln(4)
    for note in report.notes:
        pdf.say(note, size=SMALL, grey=True)
    return bytes(pdf.output())


def _table(pdf: Pages, report: Report, told: Callable[[int, int], object]) -> None:
    head = head_of(report)
    bold = FontFace(emphasis="BOLD")
    pdf.set_draw_color(LINE_GREY)
    pdf.set_font(FONT, "", SMALL)
    columns = len(head)
    with pdf.table(
        col_widths=(22, *[78 / (columns - 1)] * (columns - 1)), borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        text_align=("LEFT", *["RIGHT"] * (columns - 1)), headings_style=bold, padding=(0.6, 1, 0.6, 0),
        line_height=SMALL * LINE, v_align="TOP",
    ) as table:  # fmt: skip
        table.row([_plain_head(text) for text in head])
        for number, row in enumerate(report.rows):
            if number % AT_ONCE == 0:
                told(number, len(report.rows))
            table.row(cells_of(report, row, shown))
        for row in report.totals:
            table.row(cells_of(report, row, shown), style=bold)
    if not report.rows:
        pdf.ln(2)
        pdf.say(_("Nothing happened on these days."), size=NORMAL)


def _plain_head(text: str) -> str:
    """Figures for people bring their own units."""
    return text.partition(" (")[0]
