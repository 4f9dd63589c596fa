"""Payments and their ledger."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Client, Station
from evbunker.models import Record


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, client: Client) -> Self:
        """Drivers see their own payments, staff all."""
        return self if client.acts_as_staff() else self.filter(client=client)

    def not_captured(self) -> Self:
        return self.exclude(status__in=[Payment.Status.CAPTURED, Payment.Status.REVIEW])

    def pending(self) -> Self:
        return self.filter(status__in=Payment.LIVE)


class Payment(Record):
    """One attempt to pay one booking. Amounts in minor units of `currency`.

    `live_for` holds the booking's id while the attempt may still succeed: unique, so a booking has one live attempt.
    `captured_day` is empty where the money came and could confirm nothing. `review_reason` stays when a person has
    decided; only then may more have come than was asked. `refund_reserved_minor` is what has gone
    back or is to go back, `refunded_minor` what has.
    """

    class Status(models.TextChoices):
        CREATED = "created", _("created")
        PENDING = "pending", _("waiting")
        CAPTURED = "captured", _("paid")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        REVIEW = "review", _("in review")

    LIVE = (Status.CREATED, Status.PENDING)

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="payments")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="payments", db_index=False)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    gateway = models.CharField(_("gateway"), max_length=20)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.CREATED)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    idempotency_key = models.CharField(max_length=120, unique=True)
    live_for = models.UUIDField(null=True, blank=True, unique=True)
    gateway_ref = models.CharField(_("gateway reference"), max_length=120, null=True, blank=True, unique=True)
    pay_url = models.CharField(max_length=2000, blank=True)
    captured_minor = models.PositiveBigIntegerField(_("captured"), default=0)
    captured_at = models.DateTimeField(_("captured at"), null=True, blank=True)
    captured_day = models.DateField(_("local day of the capture"), null=True, blank=True)
    refund_reserved_minor = models.PositiveBigIntegerField(_("to go back"), default=0)
    refunded_minor = models.PositiveBigIntegerField(_("sent back"), default=0)
    disputed_at = models.DateTimeField(_("called back by the bank"), null=True, blank=True)
    review_reason = models.CharField(_("why in review"), max_length=60, blank=True)
    station_name = models.CharField(max_length=200)
    station_time_zone = models.CharField(max_length=60)
    client_name = models.CharField(max_length=254)
    starts_at = models.DateTimeField(_("booked start"))

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            models.Index(fields=["gateway_ref"], name="payment_gateway_ref"),
            models.Index(fields=["live_for"], name="payment_live_for"),
            models.Index(fields=["client", "created_at"], name="payment_client_created"),
            models.Index(fields=["status", "created_at"], name="payment_status_created"),
            models.Index(fields=["station", "captured_day"], name="payment_station_day"),
            models.Index(fields=["station", "created_at"], name="payment_station_created"),
            models.Index(fields=["disputed_at"], name="payment_disputed"),
            models.Index(fields=["captured_day", "captured_at"], name="payment_captured_day_at"),
            models.Index(fields=["created_at"], name="payment_created"),
        ]

    @property
    def kept_minor(self) -> int:
        """What was paid and is not to go back."""
        return self.captured_minor - self.refund_reserved_minor

    def left_of(self, due_minor: int) -> int:
        """What can go back of an amount that is due: what operators gave before comes on top, as far as there is."""
        return min(due_minor, self.kept_minor)

    def __str__(self) -> str:
        return f"{self.station_name}: {self.amount_minor} {self.currency} minor, {self.get_status_display()}"


class PaymentEvent(Record):
    """One line of a payment's ledger: append-only, each fact of the gateway once."""

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        SUBMITTED = "submitted", _("made at the gateway")
        CAPTURED = "captured", _("captured")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        REVIEW = "review", _("sent to review")
        ACCEPTED = "accepted", _("accepted by a person")
        RETURNED = "returned", _("sent back by a person")
        REFUND_ASKED = "refund_asked", _("refund begun")
        REFUNDED = "refunded", _("sent back")
        REFUND_FAILED = "refund_fail", _("refund refused")
        DISPUTED = "disputed", _("called back by the bank")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reference = models.CharField(max_length=160)
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("payment event")
        verbose_name_plural = _("payment events")
        constraints = [models.UniqueConstraint(fields=["payment", "kind", "reference"], name="paymentevent_once")]
        indexes = [models.Index(fields=["payment", "created_at"], name="paymentevent_payment")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
