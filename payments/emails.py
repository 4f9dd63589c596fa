"""E-mails about money."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from bookings.calendar import calendar_file
from bookings.charging import words_of_stop
from bookings.leaving import nobody
from bookings.models import Booking, ChargingSession
from bookings.pricewords import price_table
from evbunker.db import by_id
from payments.gateways import is_made_up
from payments.models import Payment, Refund
from payments.printing import printed
from payments.receipt_words import Document, documents_of
from payments.standing import standing_of
from payments.wording import refund_sentences, words_of


def send_confirmation(payment: Payment) -> None:
    """Tell the driver that the booking is paid and sure, with a calendar file; of time that was paid to be added, that
    the booking is longer. Raises what the mail server raises."""
    booking = Booking.objects.get(pk=payment.booking_id)
    if booking.extends_id:
        send_changed(payment, added=booking)
        return
    with translation.override(payment.client.language):
        _confirmation(payment).send()


def send_changed(payment: Payment, *, added: Booking | None = None) -> None:
    """Tell the driver when the booking is now, with a calendar file that replaces the former one, and what was paid
    if `payment` is for time that was `added`. Raises what the mail server raises."""
    booking = by_id(Booking, added.extends_id if added else payment.booking_id)
    with translation.override(payment.client.language):
        context = {
            "payment": payment, "booking": booking, "added": added, "client": payment.client,
            "sentences": refund_sentences(standing_of(booking)), "live": not is_made_up(payment.gateway),
            "site_url": settings.SITE_URL,
        }  # fmt: skip
        message = EmailMessage(
            subject=_subject(gettext_noop("Changed: %(station)s, %(start)s"), booking),
            body=render_to_string("payments/email/changed.txt", context),
            to=[payment.client.email],
        )
        message.attach("booking.ics", calendar_file(booking), "text/calendar; method=PUBLISH")
        if added:
            _attach_receipt(message, payment)
        message.send()


def send_cancelled(payment: Payment) -> None:
    """Tell the driver that the booking is given up and what comes back. Raises what the mail server raises."""
    _send_about(payment, gettext_noop("Cancelled: %(station)s, %(start)s"), "cancelled")


def send_closed(payment: Payment) -> None:
    """Tell the driver that the operator closed the booking, why, and what comes back. Raises what the mail server
    raises."""
    _send_about(payment, gettext_noop("Closed by the operator: %(station)s, %(start)s"), "closed")


def send_stopped(payment: Payment) -> None:
    """Tell the driver that the operator stopped the charging, and why. Raises what the mail server raises."""
    booking = Booking.objects.get(pk=payment.booking_id)
    session = ChargingSession.objects.get(booking=booking)
    with translation.override(payment.client.language):
        context = {
            "booking": booking, "client": payment.client, "why": words_of_stop(session), "session": session,
            "site_url": settings.SITE_URL,
        }  # fmt: skip
        subject = _subject(gettext_noop("Charging was stopped: %(station)s, %(start)s"), booking)
        body = render_to_string("payments/email/stopped.txt", context)
        EmailMessage(subject=subject, body=body, to=[payment.client.email]).send()


def send_late(payment: Payment) -> None:
    """Tell the driver that the money came too late and goes back. Raises what the mail server raises."""
    _send_about(payment, gettext_noop("Not booked: %(station)s, %(start)s"), "late", with_receipt=True)


def send_receipts(payment: Payment, refund: Refund | None) -> None:
    """Send what documents `refund`, or all documents of `payment`; nothing to a driver who was forgotten.

    Raises what the mail server raises.
    """
    if payment.client.email == nobody(payment.client):
        return
    booking = Booking.objects.get(pk=payment.booking_id)
    with translation.override(payment.client.language):
        documents = [one for one in documents_of(payment) if refund is None or one.row.refund_id == refund.pk]
        context = {
            "payment": payment, "booking": booking, "client": payment.client, "documents": documents,
            "site_url": settings.SITE_URL,
        }  # fmt: skip
        subject = gettext_noop("Receipt: %(station)s, %(start)s")
        if refund:
            subject = gettext_noop("Money back: %(station)s, %(start)s")
        message = EmailMessage(
            subject=_subject(subject, booking),
            body=render_to_string("payments/email/receipt.txt", context),
            to=[payment.client.email],
        )
        _attach(message, documents, booking)
        message.send()


def _attach(message: EmailMessage, documents: list[Document], booking: Booking) -> None:
    for document in documents:
        message.attach(f"{document.row.reference}.pdf", printed([document], booking), "application/pdf")


def _attach_receipt(message: EmailMessage, payment: Payment) -> None:
    """What documents that money came, so that no second e-mail has to; nothing if it came before there were any."""
    _attach(message, documents_of(payment)[:1], Booking.objects.get(pk=payment.booking_id))


def _send_about(payment: Payment, subject: str, template: str, *, with_receipt: bool = False) -> None:
    booking = Booking.objects.get(pk=payment.booking_id)
    with translation.override(payment.client.language):
        standing = standing_of(booking)
        context = {
            "payment": payment, "booking": booking, "client": payment.client, "site_url": settings.SITE_URL,
            "sentences": refund_sentences(standing), "standing": standing,
            "live": not is_made_up(payment.gateway),
            "words": words_of(standing),
        }  # fmt: skip
        body = render_to_string(f"payments/email/{template}.txt", context)
        message = EmailMessage(subject=_subject(subject, booking), body=body, to=[payment.client.email])
        if with_receipt:
            _attach_receipt(message, payment)
        message.send()


def _subject(text: str, booking: Booking) -> str:
    start = f"{booking.starts_at.astimezone(booking.zone):%d %b %Y %H:%M}"
    return " ".join((gettext(text) % {"station": booking.station_name, "start": start}).split())


def _confirmation(payment: Payment) -> EmailMessage:
    booking = Booking.objects.get(pk=payment.booking_id)
    context = {
        "payment": payment,
        "booking": booking,
        "client": payment.client,
        "prices": price_table(booking.price_lines, booking.currency),
        "live": not is_made_up(payment.gateway),
        "site_url": settings.SITE_URL,
    }
    message = EmailMessage(
        subject=_subject(gettext_noop("Booked: %(station)s, %(start)s"), booking),
        body=render_to_string("payments/email/confirmation.txt", context),
        to=[payment.client.email],
    )
    message.attach("booking.ics", calendar_file(booking), "text/calendar; method=PUBLISH")
    _attach_receipt(message, payment)
    return message
