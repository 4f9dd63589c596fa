"""Payments, and what waits for a person."""

from django.urls import path

from adminpanel.payment_acts import ACTS
from adminpanel.stopped_acts import STOPPED
from adminpanel.views import payments, receipts, refunds
from adminpanel.views.acts import act_view

PAYMENT = "operations/payments/<uuid:payment_id>/"
STOPPED_AT = {
    "refund-again": "refunds/<uuid:refund_id>/again/",
    "refund-aside": "refunds/<uuid:refund_id>/aside/",
    "command-again": "commands/<uuid:command_id>/again/",
    "command-aside": "commands/<uuid:command_id>/aside/",
    "day-explained": "days/<uuid:day_id>/explain/",
}

urlpatterns = [
    path("operations/payments/", payments.payments, name="operations-payments"),
    path("operations/payments/receipts.csv", receipts.receipts_csv, name="operations-receipts"),
    path("operations/payments/review/", payments.review, name="operations-review"),
    path(PAYMENT, payments.payment, name="operations-payment"),
    path(f"{PAYMENT}refund/", refunds.refund, name="operations-refund"),
    *(path(f"{PAYMENT}{name}/", act_view(act), name=f"operations-{name}") for name, act in ACTS.items()),
    *(
        path(f"operations/payments/{STOPPED_AT[name]}", act_view(act), name=f"operations-{name}")
        for name, act in STOPPED.items()
    ),
]
