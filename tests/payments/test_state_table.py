"""The state table, whole: whatever has become of a booking and its payment, and whatever happens then.

What is expected stands in `state_tables.py`. Every event comes twice, and nothing comes of the second; afterwards the
books are in order.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bookings.holding import expire_hold, hold
from bookings.models import Booking, Client, Station
from evbunker import clock
from evbunker.errors import DomainError
from payments import outbox, sandbox
from payments.cancelling import cancel_booking
from payments.closing import close_booking
from payments.expiring import cancel_attempt, without_hold
from payments.gateways.base import GatewayPayment, Truth
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, SandboxPayment
from payments.refunding import refund_by_hand
from payments.reviewing import accept_review, return_review
from payments.settling import apply
from payments.starting import start_payment
from payments.webhooks import receive
from tests.payments.every_state import NOW, Facts, World, all_facts, say
from tests.payments.state_tables import expected
from tests.people import make_client

# -- Events -----------------------------------------------------------------------------------------------------------

Event = Callable[[Payment], object]


def says(truth: Truth, **lies: Any) -> Event:
    """The gateway was asked and answers so."""

    def event(payment: Payment) -> None:
        ref = payment.gateway_ref or "sb_unheard_of"
        told = GatewayPayment(ref, truth, payment.amount_minor, payment.currency, live=False, account="ours")
        apply(payment, dataclasses.replace(told, **lies))

    return event


def webhook(payment: Payment) -> None:
    """Somebody paid, and the gateway calls."""
    say(payment, outcome="paid", effective_at=clock.now())
    book = SandboxPayment.objects.filter(payment_id=str(payment.pk)).first()
    body, sent_at = sandbox.event_of(book or SandboxPayment(gateway_ref="sb_unheard_of")), int(NOW.timestamp())
    receive(
        name="sandbox", body=body, headers={"Sandbox-Signature": f"t={sent_at},v1={sandbox.signature(sent_at, body)}"}
    )


def gives_up(payment: Payment) -> None:
    cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.client)


def pays_again(payment: Payment) -> None:
    start_payment(booking=Booking.objects.get(pk=payment.booking_id), gateway="sandbox")


def rival(payment: Payment) -> None:
    booking, name = Booking.objects.get(pk=payment.booking_id), f"second.{payment.pk.hex}"
    client = Client.objects.filter(email=f"{name}@example.org").first() or make_client(name)
    with later():
        hold(client=client, evse=booking.evse, starts_at=booking.starts_at, minutes=15, energy_wh=1_000)


def time(payment: Payment) -> None:
    with later():
        expire_hold(Booking.objects.get(pk=payment.booking_id))


def outbox_runs(payment: Payment) -> None:
    with later():
        due = GatewayCommand.objects.filter(payment=payment, next_at__lte=clock.now())
        outbox.run(command for command in due if not command.kind.endswith("_email"))  # letters are slow


def reconciler(payment: Payment) -> None:
    with later():
        for lost in without_hold(Payment.objects.pending().filter(pk=payment.pk)):
            if lost.pk == payment.pk:
                cancel_attempt(lost)


def closes(payment: Payment) -> None:
    close_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.client, note="test")


def refund(more: Callable[[Payment], int]) -> Event:
    def event(payment: Payment) -> None:
        refund_by_hand(
            payment=payment, amount_minor=more(payment), note="test", actor=payment.client, once=payment.pk.hex
        )

    return event


def later() -> Any:
    return clock.moved_to(NOW + dt.timedelta(minutes=30))


EVENTS: dict[str, Event] = {
    "open": says(Truth.OPEN),
    "captured": says(Truth.CAPTURED),
    "failed": says(Truth.FAILED),
    "cancelled": says(Truth.CANCELLED),
    "other_sum": says(Truth.CAPTURED, amount_minor=1),
    "currency": says(Truth.CAPTURED, currency="USD"),
    "account": says(Truth.CAPTURED, account="theirs"),
    "live_mode": says(Truth.CAPTURED, live=True),
    "webhook": webhook,
    "disputed": says(Truth.CAPTURED, disputed=True),
    "gives_up": gives_up,
    "pays_again": pays_again,
    "rival": rival,
    "time": time,
    "outbox": outbox_runs,
    "reconciler": reconciler,
    "refund_1": refund(lambda payment: 1),
    "refund_all": refund(lambda payment: payment.amount_minor),
    "refund_more": refund(lambda payment: payment.amount_minor + 1),
    "accepts": lambda payment: accept_review(payment=payment, actor=payment.client, note="test"),
    "returns": lambda payment: return_review(payment=payment, actor=payment.client, note="test"),
    "closes": closes,
}

# -- What becomes of them ---------------------------------------------------------------------------------------------


def happen(event: Event, world: World) -> dict[str, str]:
    """Let `event` happen to every X, twice; how it ended, by the name of the state."""
    before = all_facts()
    refusals = {state.name: refusal(event, state.payment_id) for state in world.states}
    after = all_facts()
    for state in world.states:
        if after[state.payment_id] != before[state.payment_id]:  # where nothing changed, the second time is the first
            refusal(event, state.payment_id)
    assert all_facts() == after, "the second time must change nothing"
    looked_at = {state.booking_id for state in world.states}
    assert all(after[pk] == one for pk, one in before.items() if one.booking_id not in looked_at)
    return {
        state.name: end_of(before[state.payment_id], after[state.payment_id], refusals[state.name])
        for state in world.states
    }


def refusal(event: Event, payment_id: object) -> str:
    try:
        event(Payment.objects.get(pk=payment_id))
    except DomainError as error:
        return error.code
    return ""


PAYMENT_ENDS = {"pending": "submits", "failed": "fails", "cancelled": "cancels"}
BOOKING_ENDS = {"confirmed": "confirms", "cancelled": "gives_up", "expired": "expires", "completed": "stops"}
SHORTER = {"confirms+captured": "confirms", "captured+all_back": "returns"}


def end_of(before: Facts, after: Facts, refused: str) -> str:
    """The word for what has changed."""
    ends = [f"no:{refused}"] if refused else []
    if before.booking != after.booking:
        ends.append(BOOKING_ENDS.get(after.booking, after.booking))
    if before.payment != after.payment:
        ends.append(PAYMENT_ENDS.get(after.payment, after.payment))
    if before.back_minor != after.back_minor:
        ends.append("all_back" if after.back_minor == after.captured_minor else "part_back")
    if before.sent_back_minor != after.sent_back_minor:
        ends.append("sent")
    if before.disputed != after.disputed:
        ends.append("disputed")
    if not ends and before != after:
        return f"{before} became {after}"
    said = "+".join(ends) or "."
    for long, short in SHORTER.items():
        said = said.replace(long, short)
    return said


EXPECTED = expected()
_world: World | None = None


@pytest.fixture
def world(station: Station, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """All states, at the moment at which they all are true."""
    global _world
    settings.RATE_LIMITS = {}
    with clock.moved_to(NOW):
        if _world is None:
            _world = World(station)
        else:
            _world.put_back()
        monkeypatch.setattr(SandboxGateway, "account", "ours")
        yield _world


@pytest.mark.parametrize("event", EVENTS)
def test_every_state_ends_as_its_table_says(world: World, event: str) -> None:
    ended, wanted = happen(EVENTS[event], world), EXPECTED[event]
    assert set(ended) == set(wanted)
    assert {state: end for state, end in ended.items() if end != wanted[state]} == {}
    assert check_integrity() == []


def test_no_event_takes_money_out_of_the_books() -> None:
    """The tables themselves: whatever happens after money came, no cell says that it did not, or came again."""
    came = {
        end for ends in EXPECTED.values() for state, end in ends.items() if state.endswith(("captured", "returned"))
    }
    words = {word for end in came if not end.startswith("no:") for word in end.split("+")}
    assert words == {".", "sent", "part_back", "all_back", "gives_up", "stops", "disputed"}
