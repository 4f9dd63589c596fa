"""The calls of the JSON API that move money."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from pydantic import BaseModel, Field

from bookings.accounts import check_may_pay
from bookings.api.answers import respond
from bookings.api.bookings import IdempotencyKeyHeader, own_booking
from bookings.api.schemas import BookingDetailOut, booking_detail
from bookings.auth import client_of, staff_of
from bookings.idempotency import Answer, once
from bookings.models import Booking
from evbunker.paging import Page, newest_first
from evbunker.ratelimit import address_of, allow
from payments.cancelling import cancel_booking
from payments.closing import LONGEST_NOTE, SHORTEST_NOTE, close_booking
from payments.models import Payment, Receipt
from payments.refunding import refund_by_hand
from payments.starting import start_payment

router = Router()
MOST_MINOR = 2**53
"""What every JSON reader takes for the same integer."""


class PayWith(BaseModel):
    """One of the gateways of this site."""

    gateway: str


class PaymentOut(Schema):
    """An attempt to pay. `pay_url` is where the driver pays; empty while the gateway has not answered yet.

    Of `captured_minor`, `refunded_minor` has been sent back; `refund_reserved_minor` is that and what is on its way.
    """

    id: UUID
    booking_id: UUID
    status: str
    gateway: str
    amount_minor: int
    currency: str
    captured_minor: int
    refund_reserved_minor: int
    refunded_minor: int
    captured_at: dt.datetime | None
    gateway_ref: str | None
    pay_url: str
    station_name: str
    created_at: dt.datetime


class ReceiptOut(Schema):
    """A receipt, or a credit note (`kind`), which says what was sent back. `url` shows it."""

    reference: str
    kind: str
    amount_minor: int
    tax_minor: int
    currency: str
    issued_at: dt.datetime
    url: str

    @staticmethod
    def resolve_url(row: Receipt) -> str:
        return f"{settings.SITE_URL}{reverse('receipt', args=[row.payment_id])}#document-{row.reference}"


class PaymentDetailOut(PaymentOut):
    """A payment with its documents, in the order in which they were issued."""

    receipts: list[ReceiptOut]

    @staticmethod
    def resolve_receipts(payment: Payment) -> list[Receipt]:
        return list(Receipt.objects.filter(payment_id=payment.pk).order_by("created_at", "id"))


@router.post(
    "/bookings/{uuid:booking_id}/cancel",
    response=BookingDetailOut,
    tags=["bookings"],
    summary="Cancel a booking",
)
def cancel(request: HttpRequest, booking_id: UUID) -> BookingDetailOut:
    """Give a booking back before it begins. Of a paid one comes back what its policy says. Safe to repeat."""
    booking = own_booking(request, booking_id)
    cancel_booking(booking=booking, actor=client_of(request))
    booking.refresh_from_db()
    return booking_detail(booking)


@router.post("/bookings/{uuid:booking_id}/payments", response={201: PaymentOut}, summary="Begin to pay")
def pay(
    request: HttpRequest, booking_id: UUID, choice: PayWith, idempotency_key: IdempotencyKeyHeader = None
) -> HttpResponse:
    """Begin to pay a held booking; a second request while the first attempt is open gets the same attempt."""
    booking = own_booking(request, booking_id)

    def work(_made_id: UUID) -> Answer:
        return _begin_payment(request, booking, choice.gateway)

    asked = f"{request.path} {choice.gateway!a}"
    return respond(once(client=client_of(request), key=idempotency_key, request=asked, work=work))


def _begin_payment(request: HttpRequest, booking: Booking, gateway: str) -> Answer:
    client = client_of(request)
    check_may_pay(client)
    allow("pay", f"client:{client.pk}", f"address:{address_of(request)}")
    payment = start_payment(booking=booking, gateway=gateway)
    return Answer(
        201,
        PaymentOut.from_orm(payment).model_dump(mode="json"),
        final=bool(payment.pay_url) or payment.status == Payment.Status.CAPTURED,
    )


class Closing(BaseModel):
    """Why, in words the driver reads."""

    note: str = Field(min_length=SHORTEST_NOTE, max_length=LONGEST_NOTE)


@router.post(
    "/bookings/{uuid:booking_id}/close",
    response=BookingDetailOut,
    tags=["bookings"],
    summary="Close a booking",
)
def close(request: HttpRequest, booking_id: UUID, closing: Closing) -> BookingDetailOut:
    """Take a booking away from its driver; all that was paid comes back. Safe to repeat. For operators."""
    staff = staff_of(request, "operator")
    booking = get_object_or_404(Booking.objects.visible_to(staff), pk=booking_id)
    close_booking(booking=booking, actor=staff, note=closing.note)
    booking.refresh_from_db()
    return booking_detail(booking)


class RefundWish(BaseModel):
    """How much goes back, in minor units of the payment's currency, and why, in words the driver may read."""

    amount_minor: int = Field(gt=0, le=MOST_MINOR)
    note: str = Field(min_length=3, max_length=300)


class RefundOut(Schema):
    """Money on its way back, or arrived there."""

    id: UUID
    payment_id: UUID
    status: str
    reason: str
    note: str
    amount_minor: int
    currency: str
    created_at: dt.datetime
    settled_at: dt.datetime | None


@router.post("/payments/{uuid:payment_id}/refunds", response={201: RefundOut}, summary="Send money back")
def refund(
    request: HttpRequest, payment_id: UUID, wish: RefundWish, idempotency_key: IdempotencyKeyHeader = None
) -> HttpResponse:
    """Send back part or all of what a payment captured. For operators."""
    staff = staff_of(request, "operator")
    payment = get_object_or_404(Payment.objects.visible_to(staff), pk=payment_id)

    def work(made_id: UUID) -> Answer:
        made = refund_by_hand(
            payment=payment, amount_minor=wish.amount_minor, note=wish.note, actor=staff, once=f"operator:{made_id}"
        )
        return Answer(201, RefundOut.from_orm(made).model_dump(mode="json"))

    asked = f"{request.path} {wish.amount_minor} {wish.note!a}"
    return respond(once(client=staff, key=idempotency_key, request=asked, work=work))


@router.get("/payments", response=Page[PaymentOut], summary="Payments")
def list_payments(request: HttpRequest, cursor: str = "") -> dict[str, object]:
    """My payments, newest first; staff see everybody's."""
    rows, following = newest_first(Payment.objects.visible_to(client_of(request)), cursor)
    return {"items": rows, "next": following}


@router.get("/payments/{uuid:payment_id}", response=PaymentDetailOut, summary="A payment")
def get_payment(request: HttpRequest, payment_id: UUID) -> Payment:
    """One of my payments; staff see everybody's."""
    return get_object_or_404(Payment.objects.visible_to(client_of(request)), pk=payment_id)
