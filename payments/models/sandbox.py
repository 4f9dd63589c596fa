"""The sandbox gateway's own books."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker.models import Record


class SandboxPayment(Record):
    """A payment as the sandbox gateway knows it: the other side's books, never read by ours except through its API."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    gateway_ref = models.CharField(max_length=64, unique=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    payment_id = models.CharField(max_length=64, blank=True)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=300)
    return_url = models.CharField(max_length=500)
    pay_before = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    effective_at = models.DateTimeField(null=True, blank=True)
    refunds = models.PositiveIntegerField(default=0)
    disputed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("sandbox payment")
        verbose_name_plural = _("sandbox payments")
        indexes = [
            models.Index(fields=["gateway_ref"], name="sandboxpayment_ref"),
            models.Index(fields=["idempotency_key"], name="sandboxpayment_key"),
            models.Index(fields=["payment_id"], name="sandboxpayment_payment"),
            models.Index(fields=["effective_at"], name="sandboxpayment_effective"),
        ]

    def __str__(self) -> str:
        return self.gateway_ref


class SandboxRefund(Record):
    """A refund as the sandbox gateway knows it. `payment_ref` is its own reference of the payment."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    gateway_ref = models.CharField(max_length=64, unique=True)
    payment_ref = models.CharField(max_length=64)
    refund_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.SUCCEEDED)

    class Meta:
        verbose_name = _("sandbox refund")
        verbose_name_plural = _("sandbox refunds")
        indexes = [
            models.Index(fields=["gateway_ref"], name="sandboxrefund_ref"),
            models.Index(fields=["payment_ref"], name="sandboxrefund_payment"),
            models.Index(fields=["idempotency_key"], name="sandboxrefund_key"),
            models.Index(fields=["created_at"], name="sandboxrefund_created"),
        ]

    def __str__(self) -> str:
        return self.gateway_ref
