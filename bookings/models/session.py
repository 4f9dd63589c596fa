"""Charging sessions and their readings."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.client import Client
from bookings.models.station import Evse, Station
from evbunker.models import Record


class EnergySource(models.TextChoices):
    ESTIMATED = "estimated", _("estimated")
    METERED = "metered", _("metered")


class ChargingSessionQuerySet(models.QuerySet["ChargingSession"]):
    def visible_to(self, client: Client) -> Self:
        """Drivers see their own sessions, staff all."""
        return self if client.acts_as_staff() else self.filter(client=client)

    def active(self) -> Self:
        return self.filter(status=ChargingSession.Status.ACTIVE)


class ChargingSession(Record):
    """Energy flowing for a booking: made when the booking is confirmed, one a booking."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        ACTIVE = "active", _("charging")
        COMPLETED = "completed", _("completed")
        ABORTED = "aborted", _("aborted")

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="session")
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sessions")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    scheduled_for = models.DateTimeField(_("booked start"))
    scheduled_end = models.DateTimeField(_("booked end"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    energy_wh = models.PositiveIntegerField(_("energy, Wh"), default=0)
    energy_source = models.CharField(max_length=10, choices=EnergySource.choices, default=EnergySource.ESTIMATED)
    cost_minor = models.PositiveBigIntegerField(_("cost"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    client_name = models.CharField(max_length=254)
    station_name = models.CharField(max_length=200)
    station_time_zone = models.CharField(max_length=60)
    evse_label = models.CharField(max_length=60)

    objects = ChargingSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("charging session")
        verbose_name_plural = _("charging sessions")
        indexes = [
            models.Index(fields=["booking"], name="session_booking"),
            models.Index(fields=["client", "status"], name="session_client_status"),
            models.Index(fields=["status", "scheduled_end"], name="session_status_end"),
            models.Index(fields=["station", "scheduled_end"], name="session_station_end"),
            models.Index(fields=["client", "scheduled_end"], name="session_client_end"),
            models.Index(fields=["scheduled_end"], name="session_end"),
            models.Index(fields=["created_at"], name="session_created"),
            models.Index(fields=["started_at"], name="session_started"),
        ]

    def __str__(self) -> str:
        return f"{self.station_name} {self.evse_label}: {self.get_status_display()}"


class MeterValue(Record):
    """One reading: `energy_wh` since the session began, `power_w` now, `soc_percent` of the car where it says so."""

    session = models.ForeignKey(ChargingSession, on_delete=models.CASCADE, related_name="meter_values", db_index=False)
    at = models.DateTimeField()
    energy_wh = models.PositiveIntegerField()
    power_w = models.PositiveIntegerField(null=True, blank=True)
    soc_percent = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("meter value")
        verbose_name_plural = _("meter values")
        indexes = [models.Index(fields=["session", "at"], name="metervalue_session_at")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.energy_wh} Wh"
