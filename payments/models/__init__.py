"""Payments, refunds and receipts, their ledger, the outbox to the gateways and what the gateways send."""

from payments.models.gateway import GatewayCommand, WebhookEvent
from payments.models.payment import Payment, PaymentEvent
from payments.models.receipt import Receipt, ReceiptSeries
from payments.models.reconciliation import Reconciliation
from payments.models.refund import Refund
from payments.models.sandbox import SandboxPayment, SandboxRefund

__all__ = [
    "GatewayCommand", "Payment", "PaymentEvent", "Receipt", "ReceiptSeries", "Reconciliation", "Refund",
    "SandboxPayment", "SandboxRefund", "WebhookEvent",
]  # fmt: skip
