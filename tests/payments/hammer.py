"""Several processes at once on one database, while somebody kills them: `python -m tests.payments.hammer SECONDS SEED`.

This process imports the product and never asks the database; its children do the work, so that a child that was killed
is replaced at once. It goes on until SECONDS are over and DEEDS done, on however slow a machine, and prints how many
children were killed. It ends with 1 if one met an error that is no refusal.
"""

import datetime as dt
import mmap
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

import django

if __name__ == "__main__":
    django.setup()

from bookings.holding import expire_holds, hold
from bookings.models import Booking, Client, Evse
from bookings.slots import start_of
from evbunker import clock
from evbunker.errors import DomainError
from payments import outbox, sandbox
from payments.cancelling import cancel_booking
from payments.models import Payment, SandboxPayment
from payments.moving import extend_booking, move_booking, shorten_booking
from payments.reconciling import reconcile_payments
from payments.refunding import refund_by_hand
from payments.starting import start_payment
from payments.views.booking import look_again
from payments.webhooks import receive

WORKERS, DEEDS = 4, 150
FIRST_SLOT, SLOTS = 6, 16
"""Bookings begin an hour and a half from now, within four hours."""
PAUSE_DEEDS = (2, 20)
"""Done by all children between two kills."""
PATIENCE_SECONDS = 120
CHILD_FAILED = 3


class Worker:
    """Does one thing after the other, at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.drivers, self.evses = list(Client.objects.all()), list(Evse.objects.all())
        self.now_slot = int(clock.now().timestamp()) // 900

    def work(self, done: "Done", number: int) -> None:
        deeds: list[Callable[[], object]] = [
            self.hold, self.hold, self.start_paying, self.start_paying, self.decide, self.decide, self.webhook,
            self.webhook, self.webhook, self.come_back, self.give_up, self.refund, self.move, self.extend, self.shorten,
            outbox.work_outbox, outbox.work_outbox, self.reconcile, expire_holds,
        ]  # fmt: skip
        while not done.over:
            with suppress(DomainError):  # a refusal, or a busy database
                self.random.choice(deeds)()
                done.count(number)

    def any_time(self) -> dt.datetime:
        return start_of(self.now_slot + FIRST_SLOT + self.random.randrange(SLOTS))

    def hold(self) -> None:
        hold(
            client=self.random.choice(self.drivers), evse=self.random.choice(self.evses), starts_at=self.any_time(),
            minutes=self.random.choice([15, 30]), energy_wh=5_000,
        )  # fmt: skip

    def booking(self, *statuses: str) -> Booking:
        found = list(Booking.objects.filter(status__in=statuses).values_list("pk", flat=True))
        if not found:
            raise DomainError("There is none.")
        return Booking.objects.get(pk=self.random.choice(found))

    def start_paying(self) -> None:
        start_payment(booking=self.booking("held"), gateway="sandbox")

    def book(self, *outcomes: str) -> SandboxPayment:
        found = list(SandboxPayment.objects.filter(outcome__in=outcomes).values_list("pk", flat=True))
        if not found:
            raise DomainError("There is none.")
        return SandboxPayment.objects.get(pk=self.random.choice(found))

    def decide(self) -> None:
        sandbox.decide(self.book("open", "failed"), self.random.choice(["pay", "pay", "pay", "pay_late", "fail"]))

    def webhook(self) -> None:
        """Of anything that was ever decided: late, and again and again."""
        body, sent_at = sandbox.event_of(self.book("paid", "failed")), int(clock.now().timestamp())
        signed = f"t={sent_at},v1={sandbox.signature(sent_at, body)}"
        receive(name="sandbox", headers={"Sandbox-Signature": signed}, body=body)

    def come_back(self) -> None:
        look_again(self.booking("held", "expired", "confirmed"))

    def give_up(self) -> None:
        booking = self.booking("held", "confirmed", "cancelled")
        cancel_booking(booking=booking, actor=booking.client)

    def move(self) -> None:
        booking = self.booking("held", "confirmed")
        move_booking(
            booking=booking, starts_at=self.any_time(), actor=booking.client, evse=self.random.choice(self.evses)
        )

    def extend(self) -> None:
        booking = self.booking("confirmed")
        extend_booking(booking=booking, minutes=15, energy_wh=1_000, actor=booking.client)

    def shorten(self) -> None:
        booking = self.booking("confirmed")
        shorten_booking(booking=booking, less_minutes=15, actor=booking.client)

    def refund(self) -> None:
        paid = list(Payment.objects.filter(captured_minor__gt=0).values_list("pk", flat=True))
        if paid:
            payment = Payment.objects.get(pk=self.random.choice(paid))
            refund_by_hand(
                payment=payment, amount_minor=self.random.choice([1, 100]), note="hammer", actor=self.drivers[0],
                once=f"hammer:{self.random.random()}",
            )  # fmt: skip

    def reconcile(self) -> None:
        reconcile_payments(older_than=dt.timedelta())


class Done:
    """What parent and children share: how much each has done, and whether it is over."""

    def __init__(self) -> None:
        self._numbers = memoryview(mmap.mmap(-1, 8 * (WORKERS + 1))).cast("q")

    def count(self, worker: int) -> None:
        self._numbers[worker] += 1

    @property
    def deeds(self) -> int:
        return sum(self._numbers[:WORKERS])

    @property
    def over(self) -> bool:
        return bool(self._numbers[WORKERS])

    def end(self) -> None:
        self._numbers[WORKERS] = 1


def begin(number: int, seed: int, done: Done) -> int:
    """A child of its own; its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = CHILD_FAILED
    try:
        Worker(seed).work(done, number)
        status = 0
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def main(seconds: float, seed: int) -> int:
    chance, until, done = random.Random(seed), time.monotonic() + seconds, Done()
    children, killed, failed = [begin(number, seed + number, done) for number in range(WORKERS)], 0, False
    while not failed and time.monotonic() < (until if done.deeds >= DEEDS else until + PATIENCE_SECONDS):
        wait_for(done, more=chance.randint(*PAUSE_DEEDS), until=until + PATIENCE_SECONDS)
        time.sleep(chance.uniform(0, 0.05))
        victim = chance.randrange(WORKERS)
        os.kill(children[victim], signal.SIGKILL)
        failed = ended(children[victim]) == CHILD_FAILED
        killed += 1
        children[victim] = begin(victim, seed + WORKERS + killed, done)
    done.end()
    ends = [ended(child) for child in children]
    print(f"killed {killed}", flush=True)
    return int(failed or CHILD_FAILED in ends)


def wait_for(done: Done, *, more: int, until: float) -> None:
    """Wait until the children have done so much `more`: on a slow machine a kill every second would let none begin."""
    enough = done.deeds + more
    while done.deeds < enough and time.monotonic() < until:
        time.sleep(0.01)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
