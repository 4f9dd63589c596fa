"""E-mails about money."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from bookings.calendar import calendar_file
from bookings.models import Booking
from bookings.pricewords import price_table
from payments.gateways import KNOWN
from payments.models import Payment


def send_confirmation(payment: Payment) -> None:
    """Tell the driver that the booking is paid and sure, with a calendar file. Raises what the mail server raises."""
    with translation.override(payment.client.language):
        _confirmation(payment).send()


def _confirmation(payment: Payment) -> EmailMessage:
    booking = Booking.objects.get(pk=payment.booking_id)
    context = {
        "payment": payment,
        "booking": booking,
        "client": payment.client,
        "prices": price_table(booking.price_lines, booking.currency),
        "live": KNOWN[payment.gateway]().live,
        "site_url": settings.SITE_URL,
    }
    subject = _("Booked: %(station)s, %(start)s") % {
        "station": booking.station_name,
        "start": f"{booking.starts_at.astimezone(booking.zone):%d %b %Y %H:%M}",
    }
    message = EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string("payments/email/confirmation.txt", context),
        to=[payment.client.email],
    )
    message.attach("booking.ics", calendar_file(booking), "text/calendar; method=PUBLISH")
    return message
