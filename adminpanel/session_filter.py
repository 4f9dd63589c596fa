"""The form above the list of charging sessions."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.record_filter import ANY, RecordFilter
from adminpanel.walking import Search, between
from bookings.models import ChargingSession
from bookings.models.session import EnergySource
from evbunker.models import Record
from payments.models import Payment

Status = ChargingSession.Status
STATES = [
    ANY, (Status.ACTIVE, _("Charging")), (Status.COMPLETED, _("Completed")), (Status.SCHEDULED, _("Scheduled")),
    (Status.ABORTED, _("Stopped early, or nobody came")),
]  # fmt: skip
SOURCES = [ANY, (EnergySource.METERED, _("Metered")), (EnergySource.ESTIMATED, _("Estimated"))]


class SessionFilter(RecordFilter):
    """Sessions by their booked end; `energy` says how it is known of those that have begun."""

    energy = forms.ChoiceField(label=_("Energy"), required=False, choices=SOURCES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = STATES  # type: ignore[attr-defined]

    def named(self, found: UUID) -> list[Record]:
        booking_id = Payment.objects.filter(pk=found).values_list("booking_id", flat=True).first() or found
        return list(ChargingSession.objects.filter(Q(pk=found) | Q(booking_id=booking_id)))

    def search(self) -> Search[ChargingSession]:
        asked = self.cleaned_data
        wanted = {"client_id": self.client_id(), "station_id": asked["station"], "status": asked["state"]}
        wanted = {name: value for name, value in wanted.items() if value}
        source = asked["energy"]

        def fits(session: ChargingSession) -> bool:
            known = not source or (session.started_at is not None and session.energy_source == source)
            return known and all(getattr(session, name) == value for name, value in wanted.items())

        names = ["status"] if asked["state"] == Status.ACTIVE else [*wanted]
        narrowest = {name: wanted[name] for name in names[:1]}
        rows = ChargingSession.objects.filter(**narrowest)
        since, until = self.midnight("since"), self.midnight("until", days_later=1)
        return Search(between(rows, "scheduled_end", since, until), "scheduled_end", fits)
