"""The calls of the JSON API that move money."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import BaseModel

from bookings.accounts import check_may_pay
from bookings.api.answers import respond
from bookings.api.bookings import IdempotencyKeyHeader, own_booking
from bookings.api.schemas import BookingDetailOut, booking_detail
from bookings.auth import client_of
from bookings.idempotency import Answer, once
from bookings.models import Booking
from evbunker.paging import Page, newest_first
from evbunker.ratelimit import address_of, allow
from payments.cancelling import cancel_booking
from payments.models import Payment
from payments.starting import start_payment

router = Router()


class PayWith(BaseModel):
    """One of the gateways of this site."""

    gateway: str


class PaymentOut(Schema):
    """An attempt to pay. `pay_url` is where the driver pays; empty while the gateway has not answered yet."""

    id: UUID
    booking_id: UUID
    status: str
    gateway: str
    amount_minor: int
    currency: str
    captured_minor: int
    captured_at: dt.datetime | None
    gateway_ref: str | None
    pay_url: str
    station_name: str
    created_at: dt.datetime


@router.post(
    "/bookings/{uuid:booking_id}/cancel",
    response=BookingDetailOut,
    tags=["bookings"],
    summary="Cancel an unpaid booking",
)
def cancel(request: HttpRequest, booking_id: UUID) -> BookingDetailOut:
    """Give an unpaid booking back. Safe to repeat."""
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
    return Answer(201, PaymentOut.from_orm(payment).model_dump(mode="json"), final=bool(payment.pay_url))


@router.get("/payments", response=Page[PaymentOut], summary="Payments")
def list_payments(request: HttpRequest, cursor: str = "") -> dict[str, object]:
    """My payments, newest first; staff see everybody's."""
    rows, following = newest_first(Payment.objects.visible_to(client_of(request)), cursor)
    return {"items": rows, "next": following}


@router.get("/payments/{uuid:payment_id}", response=PaymentOut, summary="A payment")
def get_payment(request: HttpRequest, payment_id: UUID) -> Payment:
    """One of my payments; staff see everybody's."""
    return get_object_or_404(Payment.objects.visible_to(client_of(request)), pk=payment_id)
