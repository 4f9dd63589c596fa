"""A booking as a calendar file (RFC 5545)."""

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vUri

from bookings.models import Booking


def calendar_file(booking: Booking) -> bytes:
    """One event; sent again after a change it replaces the former one."""
    event = Event()
    event.add("uid", f"{booking.pk}@{settings.SITE.hostname}")
    event.add("dtstamp", booking.updated_at)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", _("Charging at %(station)s") % {"station": booking.station_name})
    event.add("location", ", ".join(part for part in (booking.station_name, booking.station_city) if part))
    event.add("description", _("EVSE %(evse)s") % {"evse": booking.evse_label})
    event["url"] = vUri(f"{settings.SITE_URL}/bookings/{booking.pk}/")
    event.add("sequence", int(booking.updated_at.timestamp()) - int(booking.created_at.timestamp()))
    calendar = Calendar()
    calendar.add("prodid", "-//EV Bunker//booking//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
