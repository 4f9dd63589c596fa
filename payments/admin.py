"""Records of payments in the Django admin: money moves by services alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings.admin.bookings import OwnedAdmin
from evbunker.admin import RecordAdmin
from evbunker.money import format_money
from payments import closing_admin  # noqa: F401 - importing registers it
from payments.models import (
    GatewayCommand,
    Payment,
    PaymentEvent,
    Receipt,
    ReceiptSeries,
    Reconciliation,
    Refund,
    SandboxPayment,
    SandboxRefund,
    WebhookEvent,
)


class WithPage:
    """Records that operators see, and act on, at the page of their payment."""

    def view_on_site(self, record: Any) -> str | None:
        """The address of that page; None where a record belongs to no payment."""
        payment_id = record.pk if isinstance(record, Payment) else record.payment_id
        return reverse("operations-payment", args=[payment_id]) if payment_id else None


@admin.register(Payment)
class PaymentAdmin(WithPage, OwnedAdmin):
    list_display = ("station_name", "client_name", "status", "amount", "gateway", "gateway_ref", "created_at")
    list_filter = ("status",)
    linked_by = ("client", "booking", "station")
    hidden = ("pay_url", "live_for")
    search_help_text = _("Search by id, the gateway's reference, or the client's id or e-mail address.")

    @admin.display(description=_("Amount"))
    def amount(self, payment: Payment) -> str:
        return format_money(payment.amount_minor, payment.currency)

    def search(self, queryset: QuerySet[Payment], term: str) -> QuerySet[Payment]:
        referred = queryset.filter(gateway_ref=term)
        return referred if referred.exists() else super().search(queryset, term)


class OfPaymentAdmin(WithPage, RecordAdmin):
    """Records that belong to a payment."""

    linked_by: tuple[str, ...] = ("payment",)
    found_by = "payment_id"
    search_help_text = _("Search by id or by the id of the payment.")


@admin.register(PaymentEvent)
class PaymentEventAdmin(OfPaymentAdmin):
    list_display = ("created_at", "kind", "amount_minor", "currency", "reference", "note")


@admin.register(Refund)
class RefundAdmin(OfPaymentAdmin):
    list_display = ("created_at", "status", "reason", "amount", "client_name", "station_name", "settled_at")
    list_filter = ("status",)
    linked_by = ("payment", "client")

    @admin.display(description=_("Amount"))
    def amount(self, refund: Refund) -> str:
        return format_money(refund.amount_minor, refund.currency)


@admin.register(Receipt)
class ReceiptAdmin(OfPaymentAdmin):
    list_display = ("issued_at", "reference", "kind", "amount", "station_name", "corrects", "live")
    linked_by = ("payment", "client")
    search_help_text = _("Search by id, number, or the id of the payment.")

    @admin.display(description=_("Amount"))
    def amount(self, receipt: Receipt) -> str:
        return format_money(receipt.amount_minor, receipt.currency)

    def search(self, queryset: QuerySet[Receipt], term: str) -> QuerySet[Receipt]:
        numbered = queryset.filter(reference=term)
        return numbered if numbered.exists() else super().search(queryset, term)


@admin.register(ReceiptSeries)
class ReceiptSeriesAdmin(RecordAdmin):
    list_display = ("name", "last_number")


@admin.register(Reconciliation)
class ReconciliationAdmin(RecordAdmin):
    list_display = ("gateway", "day", "state", "checked_at")
    list_filter = ("state",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(OfPaymentAdmin):
    list_display = ("created_at", "gateway", "type", "state", "event_id")
    list_filter = ("state",)


@admin.register(GatewayCommand)
class GatewayCommandAdmin(OfPaymentAdmin):
    list_display = ("created_at", "kind", "state", "attempts", "next_at", "last_error")
    list_filter = ("state",)


@admin.register(SandboxPayment)
class SandboxPaymentAdmin(RecordAdmin):
    """The sandbox's own books, without what opens its pay page."""

    list_display = ("description", "outcome", "amount_minor", "currency", "effective_at", "created_at")
    hidden = ("gateway_ref", "idempotency_key", "return_url")


@admin.register(SandboxRefund)
class SandboxRefundAdmin(RecordAdmin):
    list_display = ("payment_ref", "outcome", "amount_minor", "currency", "created_at")
    hidden = ("gateway_ref", "idempotency_key")
