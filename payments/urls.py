"""URLs of payments, and of one booking: its page pays and gives up."""

from django.urls import path

from payments.views import booking, changing, mine, razorpay, receipts, sandbox, webhook

urlpatterns = [
    path("bookings/<uuid:booking_id>/", booking.booking, name="booking"),
    path("bookings/<uuid:booking_id>/pay/", booking.pay, name="booking_pay"),
    path("bookings/<uuid:booking_id>/cancel/", booking.cancel, name="booking_cancel"),
    path("bookings/<uuid:booking_id>/change/", changing.change, name="booking_change"),
    path("bookings/<uuid:booking_id>/move/", changing.move, name="booking_move"),
    path("bookings/<uuid:booking_id>/extend/", changing.extend, name="booking_extend"),
    path("bookings/<uuid:booking_id>/start/", booking.start, name="booking_start"),
    path("bookings/<uuid:booking_id>/stop/", booking.stop, name="booking_stop"),
    path("payments/", mine.payments, name="payments"),
    path("payments/<uuid:payment_id>/receipt/", receipts.receipt, name="receipt"),
    path("payments/<uuid:payment_id>/receipt.pdf", receipts.receipt_file, name="receipt_pdf"),
    path("payments/<uuid:payment_id>/receipt/<slug:reference>.pdf", receipts.receipt_file, name="document_pdf"),
    path("payments/sandbox/<str:gateway_ref>/", sandbox.sandbox_pay, name="sandbox_pay"),
    path("payments/razorpay/<uuid:payment_id>/", razorpay.razorpay_pay, name="razorpay_pay"),
    path("payments/razorpay/<uuid:payment_id>/return/", razorpay.razorpay_return, name="razorpay_return"),
    path("payments/webhooks/<slug:gateway>/", webhook.webhook, name="webhook"),
]
