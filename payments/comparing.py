"""Do a gateway's books and ours say the same of a day? Compared both ways, by reference, money that came and money that
went: so what we do not know at all is found too.

A day is one of UTC, and the gateway's: what came there at 23:59 may be known here at 00:01, or, after an outage, days
later. So its movements are looked for in all our books, and ours of the day in its days around.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import IntegrityError

from evbunker import clock
from evbunker.db import atomic, claim
from evbunker.money import format_money
from payments.gateways import KNOWN, may_use, offered, used
from payments.gateways.base import Moved, Movement
from payments.models import Payment, Reconciliation, Refund, WebhookEvent
from payments.reconciling_one import bring_up
from payments.refunding import REFUNDABLE

log = logging.getLogger(__name__)
State = Reconciliation.State
DAYS_BACK = 7
"""So long a day is compared again while it is not equal."""
OVER_FOR = dt.timedelta(hours=1)
"""A day is compared when it has been over for this long: by then the poller knows of its last minute."""
AGAIN_AFTER = dt.timedelta(minutes=55)
AROUND = (-1, 1, -2, -3, -4, -5, -6, -7)
"""In which of the gateway's days, from ours, a movement is looked for. We learn of it at the same time or later."""
AT_A_TIME = 100
ONE_DAY = dt.timedelta(days=1)
Key = tuple[Moved, str]
Books = dict[Key, tuple[int, str]]
"""Amount and currency of each movement."""


def compare_books() -> int:
    """Compare what is due of every gateway; how many days differ. Safe to repeat and to run at once."""
    due = [(name, day) for name in gateways_used() for day in days_due(name)]
    return sum(_compared(name, day) for name, day in due)


def _compared(name: str, day: dt.date) -> bool:
    """Whether the day differs; one that cannot be compared now holds up no other."""
    try:
        return compare_day(gateway=name, day=day).state == State.DIFFERS
    except Exception:
        log.warning("The books of %s and ours of %s could not be compared", name, day, exc_info=True)
        return False


def gateways_used() -> list[str]:
    """Those offered, and those of earlier times: which called, or have been compared before."""
    before = (WebhookEvent, Reconciliation)
    return [
        name
        for name in KNOWN
        if may_use(name)
        and (name in offered() or any(model._default_manager.filter(gateway=name).exists() for model in before))
    ]


def days_due(name: str) -> list[dt.date]:
    """Of the last DAYS_BACK days that are over, those not compared yet, or not equal an hour ago; newest first."""
    newest = (clock.now() - OVER_FOR).date() - ONE_DAY
    days = [newest - ago * ONE_DAY for ago in range(DAYS_BACK)]
    rows = {row.day: row for row in Reconciliation.objects.filter(gateway=name, day__gte=days[-1])}
    return [day for day in days if day not in rows or _is_due(rows[day])]


def _is_due(row: Reconciliation) -> bool:
    return row.state == State.DIFFERS and row.checked_at <= clock.now() - AGAIN_AFTER


def compare_day(*, gateway: str, day: dt.date) -> Reconciliation:
    """Compare one day, mend what asking can mend, and keep how it stands. Safe to repeat.

    Raises GatewayDown or UnknownGateway; then nothing is kept.
    """
    moved = list(used(gateway).movements(day))
    there = _sum_up(moved)
    _mend(gateway, there, moved)
    here, alone = _here(gateway, there), _alone(gateway, day, there)
    if alone and _ask_again(gateway, alone):
        alone = _alone(gateway, day, there)
    lines = [*_lines(gateway, there, here), *_lines(gateway, {}, alone)]
    return _keep(
        gateway, day, state=State.DIFFERS if lines else State.EQUAL, sums=_sums(there, here | alone),
        differences=lines[: Reconciliation.MOST_LINES], checked_at=clock.now(),
    )  # fmt: skip


def _sum_up(moved: Iterable[Movement]) -> Books:
    books: Books = {}
    for one in moved:
        key = (one.moved, one.ref)
        before = books[key][0] if key in books else 0
        books[key] = (before + one.amount_minor, one.currency)
    return books


def _mend(gateway: str, there: Books, moved: list[Movement]) -> None:
    """Ask for the payments of what the gateway moved and we do not know, or know otherwise."""
    here = _here(gateway, there)
    wrong = {key for key, money in there.items() if here.get(key) != money}
    refs = {one.ref if one.moved == Moved.IN else one.payment_ref for one in moved if (one.moved, one.ref) in wrong}
    for some in _chunks(refs - {""}):
        _bring_up(Payment.objects.filter(gateway=gateway, gateway_ref__in=some))


def _ask_again(gateway: str, alone: Books) -> bool:
    """Ask for refunds that went out here alone: they may have come back. False if there are none."""
    refs = [ref for moved, ref in alone if moved == Moved.OUT][:AT_A_TIME]
    ids = Refund.objects.filter(gateway_ref__in=refs).values_list("payment_id", flat=True)
    _bring_up(Payment.objects.filter(pk__in=list(ids)))
    return bool(refs)


def _bring_up(payments: Iterable[Payment]) -> None:
    for payment in payments:
        try:
            bring_up(payment)
        except Exception as error:  # the difference stays, and is told
            log.warning("Payment %s could not be brought up to its gateway: %s", payment.pk, error)


def _here(gateway: str, there: Books) -> Books:
    """What we know of the gateway's movements, on whatever day."""
    found: Books = {}
    for moved, refs in (((one, [ref for kind, ref in there if kind == one])) for one in Moved):
        for some in _chunks(refs):
            rows = _payments(gateway).filter(gateway_ref__in=some) if moved == Moved.IN else _refunds(some)
            found |= {(moved, ref): (amount_minor, currency) for ref, amount_minor, currency in rows}
    return found


def _payments(gateway: str) -> Any:
    captured = Payment.objects.filter(gateway=gateway, status__in=REFUNDABLE)
    return captured.values_list("gateway_ref", "captured_minor", "currency")


def _refunds(refs: list[str]) -> Any:
    sent = Refund.objects.filter(gateway_ref__in=refs, status__in=Refund.SENT)
    return sent.values_list("gateway_ref", "amount_minor", "currency")


def _alone(gateway: str, day: dt.date, there: Books) -> Books:
    """What we have of the day and the gateway has neither on it nor on the days around it."""
    ours = {key: money for key, money in _of_day(gateway, day) if key not in there}
    for days in AROUND:
        if not ours:
            break
        if (other := day + days * ONE_DAY) <= clock.now().date():
            elsewhere = _sum_up(used(gateway).movements(other))
            ours = {key: money for key, money in ours.items() if key not in elsewhere}
    return ours


def _of_day(gateway: str, day: dt.date) -> Iterator[tuple[Key, tuple[int, str]]]:
    """Our movements of the UTC day; its captures have three local days, or none where they confirmed nothing."""
    begin = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    end = begin + ONE_DAY
    for local in (None, day - ONE_DAY, day, day + ONE_DAY):
        rows = _payments(gateway).filter(captured_day=local, captured_at__gte=begin, captured_at__lt=end)
        yield from (((Moved.IN, ref), (amount_minor, currency)) for ref, amount_minor, currency in rows.iterator())
    sent = Refund.objects.filter(settled_at__gte=begin, settled_at__lt=end, status__in=Refund.SENT)
    for some in _chunks(sent.values_list("gateway_ref", "amount_minor", "currency", "payment_id").iterator()):
        payments = Payment.objects.filter(pk__in=[row[3] for row in some], gateway=gateway)
        paid = set(payments.values_list("pk", flat=True))
        yield from (((Moved.OUT, row[0]), (row[1], row[2])) for row in some if row[3] in paid)


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while some := list(islice(rows, AT_A_TIME)):
        yield some


def _lines(gateway: str, there: Books, here: Books) -> Iterator[str]:
    """A sentence for each movement that is in one of the books alone, or differs."""
    for key in sorted(there.keys() | here.keys()):
        moved, ref = key
        theirs, ours = there.get(key), here.get(key)
        if theirs != ours:
            what = "payment" if moved == Moved.IN else "refund"
            yield f"{what} {ref}: {_money(theirs)} at {gateway}, {_money(ours)} here"


def _money(money: tuple[int, str] | None) -> str:
    return format_money(*money) if money else "nothing"


def _sums(there: Books, here: Books) -> dict[str, dict[str, int]]:
    """By currency: `in_there`, `in_here`, `out_there`, `out_here`."""
    names = [f"{moved}_{place}" for moved in Moved for place in ("there", "here")]
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(names, 0))
    for place, books in (("there", there), ("here", here)):
        for (moved, _ref), (amount_minor, currency) in books.items():
            sums[currency][f"{moved}_{place}"] += amount_minor
    return dict(sums)


def _keep(gateway: str, day: dt.date, **facts: Any) -> Reconciliation:
    try:
        return _put(gateway, day, **facts)
    except IntegrityError:  # somebody else compared it at the same moment
        return _put(gateway, day, **facts)


@atomic
def _put(gateway: str, day: dt.date, **facts: Any) -> Reconciliation:
    """The newest comparison counts; what a person has explained stays explained while the same differs."""
    known = Reconciliation.objects.filter(gateway=gateway, day=day)
    row = known.first()
    if row is None:
        return Reconciliation.objects.create(gateway=gateway, day=day, **facts)
    if row.state == State.EXPLAINED and row.differences == facts["differences"]:
        facts |= {"state": State.EXPLAINED}
    claim(known, **facts)
    return known.get()
