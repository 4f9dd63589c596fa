"""Bookings, and the rows whose uniqueness decides who gets what."""

import datetime as dt
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.client import Client
from bookings.models.station import Evse, Station
from evbunker.models import Record


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, client: Client) -> Self:
        """Drivers see their own bookings, staff all."""
        return self if client.acts_as_staff() else self.filter(client=client)

    def live(self) -> Self:
        """Bookings that own their slots."""
        return self.filter(status__in=Booking.LIVE)

    def held(self) -> Self:
        return self.filter(status=Booking.Status.HELD)

    def standalone(self) -> Self:
        """Bookings as drivers count them: time that was added to one is part of it."""
        return self.filter(extends__isnull=True)

    def upcoming(self, at: dt.datetime) -> Self:
        """Live bookings that have not ended at `at`."""
        return self.live().filter(ends_at__gt=at)


class Booking(Record):
    """An EVSE promised to a client for `[starts_at, ends_at)`.

    Tariff, policy and price lines are copies made when it was held; the snapshots are what lists show. One that
    `extends` another is time added to that one: held and paid like any, then its slots become the other's.
    """

    class Status(models.TextChoices):
        HELD = "held", _("waiting for payment")
        CONFIRMED = "confirmed", _("confirmed")
        IN_USE = "in_use", _("charging")
        COMPLETED = "completed", _("completed")
        NO_SHOW = "no_show", _("not used")
        EXPIRED = "expired", _("expired")
        CANCELLED = "cancelled", _("cancelled")

    LIVE = (Status.HELD, Status.CONFIRMED, Status.IN_USE)
    PAID = (Status.CONFIRMED, Status.IN_USE, Status.COMPLETED, Status.NO_SHOW)

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="bookings")
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="bookings")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="bookings")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.HELD)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    energy_budget_wh = models.PositiveIntegerField(_("energy budget, Wh"))
    expires_at = models.DateTimeField(_("hold expires"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_day = models.DateField(_("local day of the confirmation"), null=True, blank=True)
    extends = models.ForeignKey(
        "self", verbose_name=_("extends"), null=True, blank=True, on_delete=models.PROTECT, related_name="extensions"
    )
    is_first = models.BooleanField(_("first of its client"), default=False)
    """Had its client no other paid booking when it was confirmed?"""
    paying_since = models.DateTimeField(_("first began to pay"), null=True, blank=True)
    ended_reason = models.CharField(_("why it ended"), max_length=60, blank=True)

    quote_minor = models.PositiveBigIntegerField(_("quote"))
    currency = models.CharField(_("currency"), max_length=3)
    price_lines = models.JSONField(_("price lines"), default=list)
    tariff_terms = models.JSONField(_("tariff as bought"), default=dict)
    policy_terms = models.JSONField(_("policy as bought"), default=dict)

    client_name = models.CharField(max_length=254)
    station_name = models.CharField(max_length=200)
    station_city = models.CharField(max_length=120, blank=True)
    station_country = models.CharField(max_length=2, blank=True)
    station_time_zone = models.CharField(max_length=60)
    station_network = models.CharField(max_length=120, blank=True)
    evse_label = models.CharField(max_length=60)
    evse_current = models.CharField(max_length=2)
    evse_power_w = models.PositiveIntegerField()

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        indexes = [
            models.Index(fields=["client", "starts_at"], name="booking_client_starts"),
            models.Index(fields=["client", "created_at"], name="booking_client_created"),
            models.Index(fields=["evse", "starts_at"], name="booking_evse_starts"),
            models.Index(fields=["station", "confirmed_day"], name="booking_station_day"),
            models.Index(fields=["station", "created_at"], name="booking_station_created"),
            models.Index(fields=["confirmed_day"], name="booking_confirmed_day"),
            models.Index(fields=["status", "ends_at"], name="booking_status_ends"),
            models.Index(fields=["status", "expires_at"], name="booking_status_expires"),
            models.Index(fields=["created_at"], name="booking_created"),
        ]

    def __str__(self) -> str:
        return f"{self.station_name} {self.evse_label}, {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.station_time_zone)

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    @property
    def is_held(self) -> bool:
        return self.status == self.Status.HELD

    @property
    def is_paid(self) -> bool:
        return self.status in self.PAID


class SlotClaim(Record):
    """One slot (epoch seconds // 900) of one EVSE, taken. The unique pair is what prevents double booking."""

    class Kind(models.TextChoices):
        BOOKING = "booking", _("booking")
        BLOCK = "block", _("maintenance")
        BUFFER = "buffer", _("buffer")

    evse = models.ForeignKey(Evse, on_delete=models.CASCADE, related_name="+", db_index=False)
    slot = models.BigIntegerField()
    booking = models.ForeignKey(Booking, null=True, blank=True, on_delete=models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BOOKING)

    class Meta:
        verbose_name = _("slot claim")
        verbose_name_plural = _("slot claims")
        constraints = [models.UniqueConstraint(fields=["evse", "slot"], name="slotclaim_once")]
        indexes = [models.Index(fields=["evse", "slot"], name="slotclaim_evse_slot")]

    def __str__(self) -> str:
        return f"{self.evse_id} {self.slot}"


class ClientSeat(Record):
    """One of the numbered places for unpaid holds a client has."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", db_index=False)
    seat = models.PositiveIntegerField()
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("hold seat")
        verbose_name_plural = _("hold seats")
        constraints = [models.UniqueConstraint(fields=["client", "seat"], name="clientseat_once")]
        indexes = [models.Index(fields=["client", "seat"], name="clientseat_client_seat")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.seat}"


class ClientSlot(Record):
    """One slot of one client's time: nobody charges in two places at once."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", db_index=False)
    slot = models.BigIntegerField()
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("client slot")
        verbose_name_plural = _("client slots")
        constraints = [models.UniqueConstraint(fields=["client", "slot"], name="clientslot_once")]
        indexes = [models.Index(fields=["client", "slot"], name="clientslot_client_slot")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.slot}"
