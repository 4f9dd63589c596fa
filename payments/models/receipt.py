"""Receipts and credit notes: issued once, numbered without a gap, never changed."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Client
from evbunker.models import Record
from payments.models.payment import Payment
from payments.models.refund import Refund


class ReceiptSeries(Record):
    """One run of numbers without a gap: a kind of document of one year. Made-up money has series of its own."""

    name = models.CharField(max_length=10, unique=True)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("receipt series")
        verbose_name_plural = _("receipt series")
        indexes = [models.Index(fields=["name"], name="receiptseries_name")]

    def __str__(self) -> str:
        return self.name


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def visible_to(self, client: Client) -> Self:
        """Drivers see their own, staff all."""
        return self if client.acts_as_staff() else self.filter(client=client)


class Receipt(Record):
    """A document for the books: a receipt for money that came, a credit note for money that went back.

    Amounts in minor units of `currency`, positive in both kinds; tax is part of them. `once` names what it is for:
    unique, so that nothing is documented twice. The seller's texts are copies; the driver's name is not kept here, so
    that it can be forgotten.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        CREDIT_NOTE = "credit_note", _("credit note")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    series = models.CharField(max_length=10)
    number = models.PositiveIntegerField()
    reference = models.CharField(_("number"), max_length=16, unique=True)
    once = models.CharField(max_length=120, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="receipts", db_index=False)
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="+", db_index=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="receipts", db_index=False)
    corrects = models.CharField(_("corrects"), max_length=16, blank=True)
    issued_at = models.DateTimeField(_("issued"))
    issued_day = models.DateField(_("local day of issue"))
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    tax_minor = models.PositiveBigIntegerField(_("tax in it"))
    tax_bp = models.PositiveIntegerField(_("tax, basis points"))
    currency = models.CharField(_("currency"), max_length=3)
    lines = models.JSONField(_("lines"), default=list)
    reason = models.CharField(_("reason"), max_length=10, blank=True)
    live = models.BooleanField(_("real money"), default=True)
    seller = models.TextField(_("issued by"), blank=True)
    station_name = models.CharField(max_length=200)
    station_time_zone = models.CharField(max_length=60)
    evse_label = models.CharField(max_length=60)
    starts_at = models.DateTimeField(_("booked start"))
    ends_at = models.DateTimeField(_("booked end"))

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["series", "number"], name="receipt_number_once")]
        indexes = [
            models.Index(fields=["series", "number"], name="receipt_series_number"),
            models.Index(fields=["reference"], name="receipt_reference"),
            models.Index(fields=["once"], name="receipt_once_for"),
            models.Index(fields=["payment", "created_at"], name="receipt_payment"),
            models.Index(fields=["client", "created_at"], name="receipt_client"),
            models.Index(fields=["issued_day", "id"], name="receipt_day"),
            models.Index(fields=["created_at"], name="receipt_created"),
        ]

    def __str__(self) -> str:
        return self.reference
