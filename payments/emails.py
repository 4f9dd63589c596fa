"""E-mails about money."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from bookings.calendar import calendar_file
from bookings.models import Booking
from payments.models import Payment


def send_confirmation(payment: Payment) -> None:
    """Tell the driver that the booking is paid and sure, with a calendar file. Raises what the mail server raises."""
    booking = Booking.objects.get(pk=payment.booking_id)
    context = {"payment": payment, "booking": booking, "client": payment.client, "site_url": settings.SITE_URL}
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
    message.send()
