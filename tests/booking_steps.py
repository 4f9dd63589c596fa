"""Steps that many tests begin with: hold, begin to pay, decide at the sandbox."""

import datetime as dt

from bookings.holding import hold
from bookings.models import Booking, Client, Evse
from bookings.slots import start_of
from evbunker import clock
from payments import sandbox
from payments.models import Payment, SandboxPayment
from payments.settling import settle
from payments.starting import start_payment


def slot_in(minutes: int) -> dt.datetime:
    """The first start on the grid that is at least `minutes` away."""
    return start_of(-(-int((clock.now() + dt.timedelta(minutes=minutes)).timestamp()) // 900))


def held(client: Client, evse: Evse, *, in_minutes: int = 60, minutes: int = 60, energy_wh: int = 20_000) -> Booking:
    """A hold of `client`."""
    return hold(client=client, evse=evse, starts_at=slot_in(in_minutes), minutes=minutes, energy_wh=energy_wh)


def pending(booking: Booking) -> Payment:
    """An attempt to pay that the sandbox knows."""
    return start_payment(booking=booking, gateway="sandbox")


def decide(payment: Payment, outcome: str = "pay") -> SandboxPayment:
    """What the payer chose; nobody has told us yet."""
    book = SandboxPayment.objects.get(gateway_ref=payment.gateway_ref)
    sandbox.decide(book, outcome)
    return book


def paid(client: Client, evse: Evse, **wish: int) -> Booking:
    """A confirmed booking."""
    booking = held(client, evse, **wish)
    payment = pending(booking)
    decide(payment)
    settle(payment)
    booking.refresh_from_db()
    return booking
