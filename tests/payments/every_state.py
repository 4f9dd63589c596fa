"""Every state that a payment and its booking can be in together, each reached by the services themselves.

All of them stand side by side in one world, at one moment, each with a driver and an EVSE of its own. It is made once;
then its rows are put back as they were for every event that is tried on all of them.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.apps import apps
from django.db.models import Model

from bookings.charging import complete_sessions, start_session, stop_session
from bookings.holding import expire_hold, hold
from bookings.models import Booking, Client, Evse, Station
from evbunker import clock
from payments.cancelling import cancel_booking
from payments.gateways.base import GatewayDown
from payments.gateways.sandbox import SandboxGateway
from payments.models import Payment, PaymentEvent, Refund, SandboxPayment
from payments.settling import settle
from payments.starting import start_payment
from tests import sweep
from tests.people import make_client
from tests.places import make_evse

NOW = dt.datetime(2026, 5, 4, 12, 2, tzinfo=dt.UTC)
NOON, ELEVENSES, EVENING = (NOW.replace(hour=hour, minute=minute) for hour, minute in [(12, 0), (11, 45), (17, 0)])


def before(minutes: int) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


BOOKINGS = {
    # what became of the booking: when it was held, when it begins (it lasts a quarter of an hour)
    "held": (before(1), EVENING),
    "lapsed": (before(15), EVENING),  # nobody expired it yet
    "expired": (before(15), EVENING),
    "taken": (before(15), EVENING),  # expired, and another driver has the time
    "begun": (before(15), NOON),  # expired, and its time has come
    "given_up": (before(1), EVENING),
    "confirmed": (before(1), EVENING),
    "cancelled": (before(1), EVENING),
    "in_use": (before(15), NOON),
    "completed": (before(30), ELEVENSES),
    "no_show": (before(30), ELEVENSES),
}
PAID = ("confirmed", "cancelled", "in_use", "completed", "no_show")
"""Where X, the payment that is looked at, is not `captured`, another one paid these: it failed first, then came."""
PAYMENTS = ("created", "pending", "failed", "cancelled", "review", "captured", "returned")
"""What became of X. `returned`: it was captured when that could confirm nothing, and all of it goes back."""


def can_be(booking: str, payment: str) -> bool:
    """Whether there is such a state: giving up ends attempts; only what was paid is captured; only money that came
    too late is returned."""
    if payment == "captured":
        return booking in PAID
    if payment == "returned":
        return booking in (*PAID, "taken", "begun", "given_up")
    return not (booking == "given_up" and payment in ("created", "pending"))


@dataclass
class State:
    """One driver's booking and X."""

    name: str
    booking_id: UUID
    payment_id: UUID


class Facts(NamedTuple):
    """How one payment and its booking stand."""

    booking_id: UUID
    payment: str
    booking: str
    captured_minor: int
    back_minor: int
    sent_back_minor: int
    disputed: bool
    ledger_lines: int
    refunds: int


def all_facts() -> dict[UUID, Facts]:
    """How every payment stands, by its id."""
    bookings = dict(Booking.objects.values_list("id", "status"))
    lines, refunds = (
        list(model.objects.values_list("payment_id", flat=True))  # type: ignore[attr-defined]
        for model in (PaymentEvent, Refund)
    )
    return {
        one.pk: Facts(
            one.booking_id,
            one.status,
            bookings[one.booking_id],
            one.captured_minor,
            one.refund_reserved_minor,
            one.refunded_minor,
            one.disputed_at is not None,
            lines.count(one.pk),
            refunds.count(one.pk),
        )
        for one in Payment.objects.all()
    }


class World:
    """All states at once. `put_back()` makes the database what it was when all had been reached."""

    def __init__(self, station: Station) -> None:
        with gateway_of_many_minds():
            self.states = [
                _Story(station, booking, payment).tell() for booking in BOOKINGS for payment in PAYMENTS
                if can_be(booking, payment)
            ]  # fmt: skip
        Station.objects.update(evse_count=Evse.objects.count())
        self._rows = list(_filled_rows())

    def put_back(self) -> None:
        sweep.sweep()
        for model, rows in self._rows:
            model._base_manager.bulk_create(rows)


def _filled_rows() -> Iterator[tuple[type[Model], list[Any]]]:
    filled = sweep.filled_tables()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table in filled and model._meta.app_label in ("bookings", "payments", "evbunker"):
            yield model, list(model._base_manager.all())


@contextmanager
def gateway_of_many_minds() -> Iterator[None]:
    """A sandbox that does not answer while a payment is to stay `created`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SandboxGateway, "create", _create_unless_down(SandboxGateway.create))
        yield


_down = False


def _create_unless_down(real: Callable[..., Any]) -> Callable[..., Any]:
    def create(*arguments: Any) -> Any:
        if _down:
            raise GatewayDown("not now")
        return real(*arguments)

    return create


class _Story:
    """How one state comes about."""

    def __init__(self, station: Station, booking: str, payment: str) -> None:
        self.kind, self.payment_kind = booking, payment
        self.held_at, self.begins_at = BOOKINGS[booking]
        self.driver: Client = make_client(f"{booking}.{payment}")
        self.evse = make_evse(station, label=f"{booking} {payment}")

    def tell(self) -> State:
        with clock.moved_to(self.held_at):
            self.booking = self.hold_for(self.driver)
            other = self.failed() if self.kind in PAID and self.payment_kind != "captured" else None
            payment = self.begin()
            if other is not None:
                pay(other)
            elif self.payment_kind == "captured":
                pay(payment)
        self.live_on()
        if self.payment_kind == "returned":
            pay(payment)
        self.check(payment)
        return State(f"{self.kind} {self.payment_kind}", self.booking.pk, payment.pk)

    def hold_for(self, driver: Client) -> Booking:
        return hold(client=driver, evse=self.evse, starts_at=self.begins_at, minutes=15, energy_wh=5_000)

    def failed(self) -> Payment:
        payment = start_payment(booking=self.booking, gateway="sandbox")
        say(payment, outcome="failed")
        settle(payment)
        return payment

    def begin(self) -> Payment:
        """X, as far as it goes before anything becomes of the booking."""
        global _down
        _down = self.payment_kind == "created"
        payment = start_payment(booking=self.booking, gateway="sandbox")
        _down = False
        if self.payment_kind in ("failed", "cancelled"):
            say(payment, outcome=self.payment_kind)
            settle(payment)
        if self.payment_kind == "review":
            say(payment, outcome="paid", amount_minor=payment.amount_minor + 1, effective_at=clock.now())
            settle(payment)
        return payment

    def live_on(self) -> None:
        """What becomes of the booking."""
        booking = Booking.objects.get(pk=self.booking.pk)
        if self.kind in ("expired", "taken", "begun"):
            assert expire_hold(booking)
        if self.kind == "taken":
            self.hold_for(make_client(f"rival.of.{self.payment_kind}"))
        if self.kind in ("given_up", "cancelled"):
            cancel_booking(booking=booking, actor=self.driver)
        if self.kind in ("in_use", "completed"):
            with clock.moved_to(self.begins_at):
                start_session(booking=booking, actor=self.driver)
        if self.kind == "completed":
            stop_session(booking=booking, actor=self.driver)
        if self.kind == "no_show":
            complete_sessions()

    def check(self, payment: Payment) -> None:
        """The services must have led to where the story was to end."""
        status = {"returned": "captured"}.get(self.payment_kind, self.payment_kind)
        booking = {"lapsed": "held", "taken": "expired", "begun": "expired", "given_up": "cancelled"}
        reached = Payment.objects.get(pk=payment.pk).status, Booking.objects.get(pk=self.booking.pk).status
        assert reached == (status, booking.get(self.kind, self.kind)), (self.kind, self.payment_kind)


def say(payment: Payment, **facts: Any) -> None:
    """Let the sandbox's own books say this of `payment`."""
    SandboxPayment.objects.filter(payment_id=str(payment.pk)).update(**facts)


def pay(payment: Payment) -> None:
    say(payment, outcome="paid", effective_at=clock.now())
    settle(payment)
