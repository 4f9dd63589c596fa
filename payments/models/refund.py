"""Money that goes back."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from evbunker.models import Record
from payments.models.payment import Payment


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, client: Client) -> Self:
        """Drivers see what comes back to them, staff all."""
        return self if client.acts_as_staff() else self.filter(client=client)

    def under_way(self) -> Self:
        return self.filter(status__in=Refund.UNDER_WAY)


class Refund(Record):
    """Money of one payment on its way back. Amount in minor units of `currency`.

    Its amount is reserved on the payment before any gateway hears of it, and stays so unless the gateway refuses for
    good. `once` names what it is for: unique, so that no reason pays twice.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("on its way")
        SUBMITTED = "submitted", _("with the payment service")
        SUCCEEDED = "succeeded", _("sent back")
        FAILED = "failed", _("refused")
        SET_ASIDE = "set_aside", _("refused, dealt with")
        EXTERNAL = "external", _("sent back at the payment service")

    class Reason(models.TextChoices):
        CANCELLED = "cancelled", _("booking cancelled")
        LATE = "late", _("paid too late")
        UNUSED = "unused", _("not used up")
        NO_SHOW = "no_show", _("nobody came")
        OPERATOR = "operator", _("given by the operator")
        CLOSED = "closed", _("closed by the operator")
        SHORTENED = "shortened", _("booking shortened")
        EXTERNAL = "external", _("made at the payment service")

    UNDER_WAY = (Status.REQUESTED, Status.SUBMITTED)
    SENT = (Status.SUCCEEDED, Status.EXTERNAL)
    REFUSED = (Status.FAILED, Status.SET_ASIDE)

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds", db_index=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="refunds", db_index=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.REQUESTED)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    once = models.CharField(max_length=120, unique=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    gateway_ref = models.CharField(_("gateway reference"), max_length=120, null=True, blank=True, unique=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    station_name = models.CharField(max_length=200)
    client_name = models.CharField(max_length=254)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [
            models.Index(fields=["once"], name="refund_once"),
            models.Index(fields=["idempotency_key"], name="refund_key"),
            models.Index(fields=["gateway_ref"], name="refund_gateway_ref"),
            models.Index(fields=["payment", "created_at"], name="refund_payment"),
            models.Index(fields=["client", "created_at"], name="refund_client"),
            models.Index(fields=["status", "created_at"], name="refund_status"),
            models.Index(fields=["created_at"], name="refund_created"),
            models.Index(fields=["settled_at"], name="refund_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.station_name}: {self.amount_minor} {self.currency} minor back, {self.get_status_display()}"
