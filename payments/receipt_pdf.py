"""Receipts and credit notes as PDF files, a document a page.

FiraGO (SIL Open Font License, out of the package pymupdf-fonts) has Latin, Cyrillic, Greek, Arabic, Hebrew, Thai,
Georgian and Devanagari letters; RECEIPT_FONTS names fonts for others. What no font has is said on the page.
"""

import functools
import tempfile
from pathlib import Path
from typing import Any

import pymupdf_fonts
from django.conf import settings
from django.utils.translation import gettext as _
from fontTools import subset
from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from bookings.models import Booking
from evbunker.money import format_money
from payments.receipt_words import Document, Fact, buyer_of, chain_of

FONT = "FiraGO"
FILES = {"": "figo", "B": "figbo"}
"""Style -> its name in pymupdf-fonts."""
Range = tuple[int, int]
SHAPED: dict[str, list[Range]] = {
    "Devanagari": [(0x0900, 0x097F), (0x1CD0, 0x1CFF), (0x200C, 0x200D), (0xA8E0, 0xA8FF)],
    "Thai": [(0x0E00, 0x0E7F)],
}
"""Blocks of Unicode whose letters depend on their neighbours, but for those that are written from right to left."""
LATIN: list[Range] = [
    (0x0A, 0x0A),
    (0x20, 0x024F),
    (0x1E00, 0x1EFF),
    (0x2000, 0x206F),
    (0x2070, 0x209F),
    (0x20A0, 0x20BF),
    (0x2100, 0x214F),
    (0x2190, 0x2193),
    (0x2212, 0x2212),
]
"""Latin letters, punctuation, currencies and the few signs that our own texts use: enough for most receipts."""
MARGIN_MM = 20
SMALL, NORMAL, LARGE = 8.5, 10.5, 20
LINE = 0.5
"""Height of a line in mm, for each point of its letters."""
GREY, LINE_GREY = 90, 200


def receipt_pdf(documents: list[Document], booking: Booking) -> bytes:
    """The file, in the language that is active."""
    names = [booking.station_name, booking.evse_label]
    names += [name for one in documents for name in (*one.seller, buyer_of(one.payment))]
    pdf = Pages(" ".join(names))
    for document in documents:
        pdf.add_page()
        _write(pdf, document, booking)
    pdf.set_title(", ".join(f"{document.title} {document.row.reference}" for document in documents))
    return bytes(pdf.output())


class Pages(FPDF):
    """A4 pages for `names`, which may be in any script."""

    def __init__(self, names: str = "") -> None:
        super().__init__(format="A4")
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self._add_fonts(names)
        self.set_font(FONT, size=NORMAL)
        self.set_text_shaping(True)
        self.set_creator("EV Bunker")

    def _add_fonts(self, names: str) -> None:
        """Those in SHAPED get a font each, for a run of text in one font is shaped as of one script."""
        if not settings.RECEIPT_FONTS and all(_is_in(char, LATIN) for char in names):
            for style, name in FILES.items():
                self.add_font(FONT, style, Path(_latin_fonts().name) / f"{name}.ttf")
            return
        folder = Path(_fonts().name)
        apart = {name: ranges for name, ranges in SHAPED.items() if any(_is_in(char, ranges) for char in names)}
        taken = [one for ranges in apart.values() for one in ranges]
        for style, name in FILES.items():
            self.add_font(FONT, style, folder / f"{name}.ttf", unicode_range=_all_but(taken) if taken else None)
        for name, ranges in apart.items():
            self.add_font(name, "", folder / f"{FILES['']}.ttf", unicode_range=ranges)
        for path in settings.RECEIPT_FONTS:
            self.add_font(path, "", path)
        self.set_fallback_fonts([*apart, *settings.RECEIPT_FONTS], exact_match=False)

    def lacks(self, text: str) -> bool:
        """Whether a character of `text` would be shown as an empty box."""
        fonts: Any = self.fonts.values()
        known = [font.cmap for font in fonts]
        return any(not char.isspace() and not any(ord(char) in cmap for cmap in known) for char in text)

    def say(self, text: str, *, size: float = NORMAL, bold: bool = False, grey: bool = False) -> None:
        """A paragraph over the full width."""
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(GREY if grey else 0)
        self.multi_cell(0, size * LINE, text, new_x="LMARGIN", new_y="NEXT", align="L")
        self.set_text_color(0)

    def rows(self, facts: list[Fact]) -> None:
        """What and its value, beside each other; both wrap."""
        self.set_font(FONT, "", NORMAL)
        label = FontFace(color=GREY)
        with self.table(
            col_widths=(30, 70), borders_layout=TableBordersLayout.NONE, first_row_as_headings=False, text_align="LEFT",
            padding=(0.6, 2, 0.6, 0), line_height=NORMAL * LINE, v_align="TOP", gutter_height=0,
        ) as table:  # fmt: skip
            for what, value in facts:
                row = table.row()
                row.cell(what, style=label)
                row.cell(value)


@functools.cache
def _latin_fonts() -> "tempfile.TemporaryDirectory[str]":
    """The same without what most receipts never need: two seconds once, and each file takes a fifth of the time."""
    folder = tempfile.TemporaryDirectory(prefix="evbunker-fonts-")
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp", "locl"], notdef_outline=True)
    for name in FILES.values():
        font = subset.load_font(str(Path(_fonts().name) / f"{name}.ttf"), options)
        smaller = subset.Subsetter(options)
        smaller.populate(unicodes=[code for first, last in LATIN for code in range(first, last + 1)])
        smaller.subset(font)
        font.save(Path(folder.name) / f"{name}.ttf")
    return folder


@functools.cache
def _fonts() -> "tempfile.TemporaryDirectory[str]":
    """Where the fonts lie while this process lives: fpdf2 reads them out of files, the package holds them as bytes."""
    folder = tempfile.TemporaryDirectory(prefix="evbunker-fonts-")
    for name in FILES.values():
        (Path(folder.name) / f"{name}.ttf").write_bytes(pymupdf_fonts.myfont(name))
    return folder


def _is_in(char: str, ranges: list[Range]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def _all_but(ranges: list[Range]) -> list[Range]:
    """What lies between `ranges`."""
    edges = sorted(ranges)
    begins = [0, *(last + 1 for _first, last in edges)]
    ends = [*(first - 1 for first, _last in edges), 0x10FFFF]
    return list(zip(begins, ends, strict=True))


def _write(pdf: Pages, document: Document, booking: Booking) -> None:
    pdf.say(f"{document.title} {document.row.reference}", size=LARGE, bold=True)
    pdf.ln(1)
    pdf.say(document.sentence, grey=True)
    pdf.ln(3)
    if document.made_up:
        pdf.say(document.made_up, bold=True)
        pdf.ln(3)
    pdf.rows([
        (_("From"), "\n".join(document.seller)),
        (_("To"), buyer_of(document.payment)),
        *document.facts,
    ])  # fmt: skip
    pdf.ln(4)
    _lines(pdf, document)
    pdf.ln(6)
    pdf.say(_("What it is about"), bold=True)
    pdf.ln(1)
    pdf.rows(chain_of(booking))
    if pdf.lacks(" ".join([*document.seller, buyer_of(document.payment), booking.station_name, booking.evse_label])):
        pdf.ln(4)
        pdf.say(_("Some letters cannot be printed here; the page of this receipt shows them:"), size=SMALL, grey=True)
        pdf.say(f"{settings.SITE_URL}/payments/{document.payment.pk}/receipt/", size=SMALL, grey=True)


def _lines(pdf: Pages, document: Document) -> None:
    currency = document.row.currency
    pdf.set_font(FONT, "", NORMAL)
    pdf.set_draw_color(LINE_GREY)
    bold = FontFace(emphasis="BOLD")
    with pdf.table(
        col_widths=(60, 20, 20), borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        text_align=("LEFT", "RIGHT", "RIGHT"), headings_style=bold, padding=(1, 0, 1, 0), line_height=NORMAL * LINE,
        v_align="TOP",
    ) as table:  # fmt: skip
        table.row((_("What"), _("of which tax"), _("Amount")))
        for line in document.lines:
            label = f"{line['label']}\n{line['how']}" if line["how"] else line["label"]
            table.row((label, format_money(line["tax_minor"], currency), format_money(line["amount_minor"], currency)))
        table.row((_("Without tax"), "", format_money(document.net_minor, currency)))
        table.row((document.tax_label, "", format_money(document.row.tax_minor, currency)))
        table.row((document.total_label, "", format_money(document.row.amount_minor, currency)), style=bold)
