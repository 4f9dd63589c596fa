"""Reports as PDF files."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from adminpanel.report_files import cells_of, head_of, shown
from adminpanel.report_tables import Report
from payments.receipt_pdf import FONT, LARGE, LINE, LINE_GREY, NORMAL, SMALL, Pages

AT_ONCE = 100
"""So many rows are a step of a file."""


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
