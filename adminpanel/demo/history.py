"""Three months of bookings, made through the services with a moved clock and a fixed seed."""

import datetime as dt
import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from adminpanel.demo.network import CITIES, City
from bookings.charging import close_unused, start_session, stop_session
from bookings.holding import expire_hold, hold
from bookings.models import Booking, Client, Evse, Station
from bookings.slots import start_of
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic
from evbunker.errors import DomainError
from evbunker.models import Change
from payments import sandbox
from payments.cancelling import cancel_booking
from payments.models import GatewayCommand, Payment, SandboxPayment
from payments.outbox import work_outbox
from payments.settling import settle
from payments.starting import start_payment

DAYS = 90
OPEN_FOR = dt.timedelta(days=DAYS + 12)
"""The network is older than its history, so that everybody has signed up before it begins."""
DAYS_AHEAD = 4
WISHES = 2150
HABIT = 0.015
"""How much oftener the first driver comes than chance would have it."""
AT_HOME = 0.9
SEED = 20_260
HOURS = {"ac": (7, 8, 8, 9, 9, 10, 12, 13, 17, 18, 18, 19), "dc": (8, 10, 11, 12, 13, 14, 15, 16, 16, 17, 18, 20)}
"""Local hours at which cars come, by current: workplaces in the morning, fast chargers over the day."""
SEEDED = "demo.seeded"
ENDINGS = ("used",) * 85 + ("given_up",) * 3 + ("unused",) * 4 + ("cancelled",) * 3 + ("expired",) * 3 + ("failed",) * 2
"""What becomes of a booking, in per cent."""


@dataclass(frozen=True)
class Wish:
    """One booking that somebody will try to make."""

    id: uuid.UUID
    made_at: dt.datetime
    starts_at: dt.datetime
    minutes: int
    energy_wh: int
    client: Client
    evse: Evse
    ending: str


Step = tuple[dt.datetime, int, Callable[[], object]]


def wishes(*, today: dt.date, drivers: list[Client], stations: list[Station], evses: list[Evse]) -> Iterator[Wish]:
    """The plan, the same on every run of the same day. The first driver comes oftener than the others."""
    rng = random.Random(SEED)  # noqa: S311 (a plan, not a secret)
    zones = {station.pk: station.zone for station in stations}
    cities = _evses_by_city(stations, evses)
    for _number in range(WISHES):
        # the network grows: later days are likelier
        age = int(DAYS * (1 - rng.random() ** 0.7))
        day = today - dt.timedelta(days=age) + dt.timedelta(days=rng.choice((0, 0, 0, DAYS_AHEAD)) if age < 3 else 0)
        number = 0 if rng.random() < HABIT else rng.randrange(len(drivers))
        evse = rng.choice(cities[_city(rng, home=CITIES[number % len(CITIES)])])
        hour = rng.choice(HOURS[evse.current])
        local = dt.datetime.combine(day, dt.time(hour, rng.choice((0, 15, 30, 45))), tzinfo=zones[evse.station_id])
        minutes = rng.choice((15, 30, 30, 45, 60) if evse.current == "dc" else (60, 120, 120, 180, 240))
        starts_at = local.astimezone(dt.UTC)
        made_at = starts_at - dt.timedelta(minutes=rng.choice((20, 45, 90, 240, 900, 1500, 2600)))
        yield Wish(
            id=_id_at(made_at, rng),
            made_at=made_at,
            starts_at=starts_at,
            minutes=minutes,
            energy_wh=_energy_wh(rng, evse, minutes),
            client=drivers[number],
            evse=evse,
            ending=rng.choice(ENDINGS),
        )
    yield _tomorrow_evening(today, drivers[0], cities[CITIES[0].name][-1], rng)


def _tomorrow_evening(today: dt.date, driver: Client, evse: Evse, rng: random.Random) -> Wish:
    """So that the first driver has something ahead."""
    zone = ZoneInfo(CITIES[0].time_zone)
    starts_at = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(18, 30), tzinfo=zone).astimezone(dt.UTC)
    made_at = starts_at - dt.timedelta(days=2)
    return Wish(_id_at(made_at, rng), made_at, starts_at, 45, 32_000, driver, evse, "used")


def _evses_by_city(stations: list[Station], evses: list[Evse]) -> dict[str, list[Evse]]:
    cities = {station.pk: station.city for station in stations}
    grouped: dict[str, list[Evse]] = {}
    for evse in evses:
        grouped.setdefault(cities[evse.station_id], []).append(evse)
    return grouped


def _city(rng: random.Random, *, home: City) -> str:
    """People charge at home, and now and then in another city of the same continent."""
    if rng.random() < AT_HOME:
        return home.name
    within_reach = [city.name for city in CITIES if (city.country == "IN") == (home.country == "IN")]
    return rng.choice(within_reach)


def _id_at(moment: dt.datetime, rng: random.Random) -> uuid.UUID:
    """The id (UUID version 7) that a record made at `moment` would have: lists are ordered by it."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = milliseconds << 80 | 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62)
    return uuid.UUID(int=bits)


def _energy_wh(rng: random.Random, evse: Evse, minutes: int) -> int:
    """Cars take a third to nine tenths of what the EVSE could give, and no more than a battery holds."""
    most = evse.max_power_w * minutes // 60
    return max(500, min(int(most * rng.uniform(0.35, 0.9)), rng.randrange(18_000, 60_000)) // 500 * 500)


def opening_of_the_network(now: dt.datetime) -> dt.datetime:
    """When the network opened, if today is the first run."""
    return now - OPEN_FOR


def was_seeded(driver: Client) -> bool:
    """Has the whole history been made? A run that was cut off is taken up where it stopped."""
    return Change.objects.filter(record_id=driver.pk, action=SEEDED).exists()


def note_seeded(driver: Client) -> None:
    """Write down that the history is whole. Safe to repeat."""
    if not was_seeded(driver):
        _write_seeded(driver)


@atomic
def _write_seeded(driver: Client) -> None:
    record_change(actor="seed_demo", action=SEEDED, record=driver)


class History:
    """Plays the wishes in the order of time, each step at its own moment, up to now."""

    def __init__(self, *, now: dt.datetime, progress: Callable[[int], None]) -> None:
        self.now, self.progress = now, progress
        self.queue: list[Step] = []
        self.order = itertools.count()
        self.made = self.refused = 0

    def play(self, plan: list[Wish]) -> None:
        """Make every booking of `plan` that is not there yet."""
        known = set(Booking.objects.filter(created_at__gte=start_of(0)).values_list("pk", flat=True))
        for wish in plan:
            if wish.id not in known:
                self._at(wish.made_at, partial(self._book, wish))
        while self.queue:
            moment, _order, step = heapq.heappop(self.queue)
            with clock.moved_to(moment):
                step()
        with clock.moved_to(self.now):
            while _work_outbox():
                pass

    def _at(self, moment: dt.datetime, step: Callable[[], object]) -> None:
        """Do `step` at `moment`; what lies in the future is left to the people who try the demonstration."""
        if moment <= self.now:
            heapq.heappush(self.queue, (moment, next(self.order), step))

    def _book(self, wish: Wish) -> None:
        try:
            booking = hold(
                client=wish.client, evse=wish.evse, starts_at=wish.starts_at, minutes=wish.minutes,
                energy_wh=wish.energy_wh, booking_id=wish.id,
            )  # fmt: skip
        except DomainError:
            self.refused += 1  # taken, closed, or the driver is elsewhere: as in life
            return
        self.made += 1
        self.progress(self.made)
        after = wish.made_at + dt.timedelta(seconds=90)
        if wish.ending == "cancelled":
            self._at(after, partial(cancel_booking, booking=booking, actor=wish.client))
        elif wish.ending == "expired":
            self._at(wish.made_at + dt.timedelta(minutes=15), partial(expire_hold, booking))
        else:
            self._at(after, partial(self._pay, wish, booking))

    def _pay(self, wish: Wish, booking: Booking) -> None:
        payment = start_payment(booking=booking, gateway="sandbox")
        if wish.ending == "failed":
            self._decide(payment, "fail")
            self._at(booking.created_at + dt.timedelta(minutes=15), partial(expire_hold, booking))
            return
        self._decide(payment, "pay")
        if wish.ending == "used":
            begins = wish.starts_at + dt.timedelta(minutes=2)
            self._at(begins, partial(start_session, booking=booking, actor=wish.client))
            self._at(*self._end_of(wish, booking))
        elif wish.ending == "given_up":
            middle = wish.made_at + (wish.starts_at - wish.made_at) / 2
            self._at(middle, partial(cancel_booking, booking=booking, actor=wish.client))
        else:
            self._at(booking.ends_at, partial(close_unused, booking=booking))

    def _end_of(self, wish: Wish, booking: Booking) -> tuple[dt.datetime, Callable[[], object]]:
        """One in four leaves when three quarters of the time are over; the others stay until their time ends."""
        if wish.id.int % 4:
            return booking.ends_at, partial(stop_session, booking=booking, actor="complete_sessions")
        left_at = booking.ends_at - (booking.ends_at - booking.starts_at) / 4
        return left_at, partial(stop_session, booking=booking, actor=wish.client)

    def _decide(self, payment: Payment, outcome: str) -> None:
        sandbox.decide(SandboxPayment.objects.get(gateway_ref=payment.gateway_ref), outcome)
        settle(payment)
        _work_outbox()


def _work_outbox() -> int:
    """Do what waits but for letters: to write them takes longer than all the rest."""
    letters = GatewayCommand.objects.filter(kind__in=GatewayCommand.LETTERS, state=GatewayCommand.State.WAITING)
    letters.update(state=GatewayCommand.State.DONE)
    return work_outbox()
