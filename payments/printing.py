"""Receipts as files. What draws them takes 0.3 s of CPU and 21 MB to load, so only processes that print load it."""

from bookings.models import Booking
from payments.receipt_words import Document


def printed(documents: list[Document], booking: Booking) -> bytes:
    """The documents as one PDF file, in the language that is active."""
    from payments.receipt_pdf import receipt_pdf

    return receipt_pdf(documents, booking)
