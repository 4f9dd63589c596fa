"""The form above the list of bookings."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from adminpanel.record_filter import ANY, RecordFilter
from adminpanel.walking import Search, between
from bookings.models import Booking, ChargingSession
from evbunker.models import Record
from payments.models import Payment

Status = Booking.Status
FEW = (Status.HELD, Status.IN_USE)
"""States that few bookings are in at once: they choose the index."""


class BookingFilter(RecordFilter):
    """Bookings by when they were made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [ANY, *Status.choices]  # type: ignore[attr-defined]
        self.fields["since"].label, self.fields["until"].label = _("Made from"), _("Made until")

    def named(self, found: UUID) -> list[Record]:
        of_payment = Payment.objects.filter(pk=found).values_list("booking_id", flat=True).first()
        of_session = ChargingSession.objects.filter(pk=found).values_list("booking_id", flat=True).first()
        return list(Booking.objects.filter(pk=of_payment or of_session or found))

    def search(self) -> Search[Booking]:
        asked = self.cleaned_data
        wanted = {"client_id": self.client_id(), "station_id": asked["station"], "status": asked["state"]}
        wanted = {name: value for name, value in wanted.items() if value}
        since, until = self.midnight("since"), self.midnight("until", days_later=1)

        def fits(booking: Booking) -> bool:
            return _within(booking.created_at, since, until) and all(
                getattr(booking, name) == value for name, value in wanted.items()
            )

        if asked["state"] in FEW:
            return Search(Booking.objects.filter(status=asked["state"]), "ends_at", fits)
        chooses = next((name for name in ("client_id", "station_id") if name in wanted), None)
        rows = Booking.objects.filter(**({chooses: wanted[chooses]} if chooses else {}))
        return Search(between(rows, "created_at", since, until), "created_at", fits)


def _within(at: dt.datetime, since: dt.datetime | None, until: dt.datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)
