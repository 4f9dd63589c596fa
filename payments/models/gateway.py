"""What goes to the gateways, and what they send."""

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker import clock
from evbunker.models import Record
from payments.models.payment import Payment
from payments.models.refund import Refund


class WebhookEvent(Record):
    """What a gateway called us with, kept as it came. Only `done` counts as dealt with."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        UNMATCHED = "unmatched", _("no such payment")
        UNKNOWN = "unknown", _("unknown type")
        UNBACKED = "unbacked", _("not backed by the gateway")

    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=160)
    type = models.CharField(max_length=80)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="webhookevent_once")]
        indexes = [
            models.Index(fields=["gateway", "event_id"], name="webhookevent_event"),
            models.Index(fields=["gateway", "created_at"], name="webhookevent_created"),
            models.Index(fields=["state", "created_at"], name="webhookevent_state"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_id}"


LOOK_AGAIN_AFTER = (dt.timedelta(minutes=10), dt.timedelta(hours=2))
"""When a closed attempt is asked for again. What is captured even later, comparing the day's books finds."""


class GatewayCommandQuerySet(models.QuerySet["GatewayCommand"]):
    def ask(
        self,
        payment: Payment,
        kind: str,
        *,
        key: str,
        refund: Refund | None = None,
        not_before: dt.datetime | None = None,
    ) -> "GatewayCommand":
        """Ask for something to be done, inside the unit of work that makes it necessary. `key` is used once."""
        due = not_before or clock.now()
        return self.create(payment=payment, kind=kind, idempotency_key=key, refund=refund, next_at=due)

    def look_again(self, payment: Payment) -> None:
        """Ask later for an attempt that was closed, once in the unit of work that closes it: it may be captured all
        the same, and the webhook that tells of it may get lost."""
        for pause in LOOK_AGAIN_AFTER:
            key = f"look_again:{payment.pk}:{int(pause.total_seconds())}"
            self.ask(payment, GatewayCommand.Kind.LOOK_AGAIN, key=key, not_before=clock.now() + pause)


class GatewayCommand(Record):
    """The outbox: what must be done outside the database, written with the change that asks for it.

    A worker leases it, does it under `idempotency_key`, and marks it done; a crash anywhere repeats it safely.
    """

    class Kind(models.TextChoices):
        CREATE = "create", _("make the payment at the gateway")
        CANCEL = "cancel", _("cancel the payment at the gateway")
        REFUND = "refund", _("send money back")
        SETTLE = "settle", _("send back what was not used")
        LOOK_AGAIN = "look_again", _("ask whether it was paid after all")
        CONFIRMATION_EMAIL = "confirmation_email", _("send the confirmation")
        CANCELLED_EMAIL = "cancelled_email", _("tell of the cancellation")
        LATE_EMAIL = "late_email", _("tell that the money came too late")
        RECEIPT_EMAIL = "receipt_email", _("send the receipt or credit note")
        CLOSED_EMAIL = "closed_email", _("tell that the operator closed it")
        MOVED_EMAIL = "moved_email", _("tell of the new time")
        STOPPED_EMAIL = "stopped_email", _("tell that the operator stopped the charging")

    LETTERS = (
        Kind.CONFIRMATION_EMAIL, Kind.CANCELLED_EMAIL, Kind.LATE_EMAIL, Kind.RECEIPT_EMAIL, Kind.CLOSED_EMAIL,
        Kind.MOVED_EMAIL, Kind.STOPPED_EMAIL,
    )  # fmt: skip
    SCHEDULED = (Kind.SETTLE, Kind.LOOK_AGAIN)
    """Asked for long before their time."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        GIVEN_UP = "given_up", _("given up")
        SET_ASIDE = "set_aside", _("given up, dealt with")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="commands")
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="commands")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    idempotency_key = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = GatewayCommandQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway command")
        verbose_name_plural = _("gateway commands")
        indexes = [
            models.Index(fields=["idempotency_key"], name="gatewaycommand_key"),
            models.Index(fields=["state", "next_at"], name="gatewaycommand_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.idempotency_key}"
