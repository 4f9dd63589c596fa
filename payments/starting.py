"""Beginning to pay: the intent is written before any gateway hears of it."""

from uuid import UUID

from django.db import IntegrityError

from bookings.extending import to_pay
from bookings.models import Booking
from bookings.paying import begin_paying, check_payable
from bookings.refusals import NotPayable
from evbunker.db import atomic
from evbunker.models import new_id
from payments import outbox
from payments.gateways import FREE
from payments.gateways import gateway as gateway_called
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent
from payments.settling import settle_free


def start_payment(*, booking: Booking, gateway: str) -> Payment:
    """The live attempt to pay `booking`, begun now if there is none; amount and currency are the quote's.

    Of one that is paid already it is the attempt to pay time that waits to be added.

    Beginning gives the hold more time, once; with hardly any left only an attempt under way goes on. Raises
    UnknownGateway, Paid, HoldExpired or NotPayable. If the gateway does not answer, the payment stays `created`
    without a pay page, and the outbox makes it later. What costs nothing is confirmed at once, whatever the gateway.
    """
    booking = to_pay(booking)
    if not booking.quote_minor:
        return confirm_free(booking)
    gateway_called(gateway).check_amount(booking.quote_minor, booking.currency)
    check_payable(booking)
    payment = Payment.objects.filter(live_for=booking.pk).first()
    if payment is None:
        try:
            payment = _write_intent(booking=booking, gateway=gateway)
        except IntegrityError:  # another request was quicker
            payment = Payment.objects.get(live_for=booking.pk)
    outbox.run(GatewayCommand.objects.filter(payment=payment, kind=GatewayCommand.Kind.CREATE))
    payment.refresh_from_db()
    return payment


def confirm_free(booking: Booking) -> Payment:
    """The payment of nothing by which a booking that costs nothing is confirmed, once. No gateway hears of it.

    Raises Paid, HoldExpired or NotPayable.
    """
    check_payable(booking)
    key = f"free:{booking.pk}"
    try:
        return _confirm_free(booking=booking, key=key)
    except IntegrityError:  # another request was quicker
        return Payment.objects.get(idempotency_key=key)


@atomic
def _confirm_free(*, booking: Booking, key: str) -> Payment:
    booking = Booking.objects.get(pk=booking.pk)
    check_payable(booking)
    if booking.quote_minor:
        raise NotPayable
    payment = _intent(booking, gateway=FREE, payment_id=new_id(), key=key)
    settle_free(payment)
    return payment


@atomic
def _write_intent(*, booking: Booking, gateway: str) -> Payment:
    booking = begin_paying(booking=booking)
    payment_id = new_id()
    key = f"create:{payment_id}:1"
    payment = _intent(booking, gateway=gateway, payment_id=payment_id, key=key)
    GatewayCommand.objects.ask(payment, GatewayCommand.Kind.CREATE, key=key)
    announce(payment)
    return payment


def _intent(booking: Booking, *, gateway: str, payment_id: UUID, key: str) -> Payment:
    payment = Payment.objects.create(
        id=payment_id,
        booking=booking,
        client_id=booking.client_id,
        station_id=booking.station_id,
        gateway=gateway,
        amount_minor=booking.quote_minor,
        currency=booking.currency,
        idempotency_key=key,
        live_for=booking.pk,
        station_name=booking.station_name,
        station_time_zone=booking.station_time_zone,
        client_name=booking.client_name,
        starts_at=booking.starts_at,
    )
    enter(payment, PaymentEvent.Kind.CREATED, reference=key)
    return payment
