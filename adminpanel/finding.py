"""Which payments an operator looks for. Whatever is combined, an index finds the rows, and few are looked through.

One filter chooses the index, the rarest that was given; the others are compared row by row. A page ends when it is full
or when LOOKED_AT rows were looked through, and says how far back that came.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bookings.models import Client
from evbunker.admin import uuid_of
from evbunker.paging import PAGE, Place, following
from payments.models import Payment, Receipt, Refund

AT_ONCE = 100
LOOKED_AT = 1000
"""So many rows are looked through for one page."""
MOST_REFRESHED = 200
"""So many rows a page that somebody keeps open may grow to by itself."""
REFUND_FAILED, DISPUTED = "refund_failed", "disputed"
RARE = (REFUND_FAILED, DISPUTED, Payment.Status.REVIEW)
"""States that choose the index before anything else does."""
BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Wanted:
    """What the payments of a list have in common. `state` is a status, REFUND_FAILED or DISPUTED; amounts need a
    `currency`; `since` and `until` bound when they were begun, half-open. Empty: any."""

    q: str = ""
    state: str = ""
    gateway: str = ""
    currency: str = ""
    at_least_minor: int | None = None
    at_most_minor: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    station: UUID | None = None
    client: UUID | None = None

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, one.name) not in ("", None) for one in fields(self))

    def fits(self, payment: Payment) -> bool:
        """Does `payment` have all of it? Failed refunds are not its own: the list begins with them."""
        return all(
            (
                self._fits_state(payment),
                not self.gateway or payment.gateway == self.gateway,
                not self.currency or payment.currency == self.currency,
                self.at_least_minor is None or payment.amount_minor >= self.at_least_minor,
                self.at_most_minor is None or payment.amount_minor <= self.at_most_minor,
                self.since is None or payment.created_at >= self.since,
                self.until is None or payment.created_at < self.until,
                self.station is None or payment.station_id == self.station,
                self.client is None or payment.client_id == self.client,
            )
        )

    def _fits_state(self, payment: Payment) -> bool:
        if self.state == DISPUTED:
            return payment.disputed_at is not None
        return self.state in ("", REFUND_FAILED) or payment.status == self.state


@dataclass(frozen=True)
class Found:
    """One page of a list. `next` is the cursor after it, empty at the end; `looked_back_to` is when the last payment
    was begun that was looked at, if the page ends there without being full. `gap`: too much has come on top, so some
    that stood below are left out."""

    payments: list[Payment] = field(default_factory=list)
    next: str = ""
    looked_back_to: dt.datetime | None = None
    gap: bool = False


def find(wanted: Wanted, *, cursor: str = "", down_to: str = "") -> Found:
    """The page of what is `wanted` that begins after `cursor`; with `down_to`, what stands above that cursor now.

    Raises BadCursor.
    """
    if wanted.q and "@" not in wanted.q:
        return Found([payment for payment in named(wanted.q) if wanted.fits(payment)])
    if wanted.q:
        client = Client.objects.filter(email=wanted.q.strip().lower()).values_list("pk", flat=True).first()
        if client is None or wanted.client not in (None, client):
            return Found()
        wanted = Wanted(**{**_as_dict(wanted), "q": "", "client": client})
    place = Place.parse(cursor) if cursor else None
    bottom = Place.parse(down_to) if down_to else None
    return _page(wanted, place, bottom)


def _as_dict(wanted: Wanted) -> dict[str, Any]:
    return {one.name: getattr(wanted, one.name) for one in fields(wanted)}


def _page(wanted: Wanted, place: Place | None, bottom: Place | None) -> Found:
    most = MOST_REFRESHED if bottom else PAGE
    shown: dict[UUID, Payment] = {}
    last = place
    for looked, (here, payment) in enumerate(_walk(wanted, place), 1):
        if bottom and here < bottom:
            return Found(list(shown.values()), bottom.cursor)
        if wanted.fits(payment):
            if last and len(shown) == most:
                return Found(list(shown.values()), last.cursor, gap=bottom is not None)
            shown[payment.pk] = payment
        last = here
        if looked == LOOKED_AT:
            return Found(list(shown.values()), here.cursor, payment.created_at)
    return Found(list(shown.values()))


def _walk(wanted: Wanted, place: Place | None) -> Iterator[tuple[Place, Payment]]:
    """Candidates from `place` on, each with its own place, AT_ONCE a query."""
    rows, by = _indexed(wanted)
    while True:
        batch = following(rows, by=by, place=place, limit=AT_ONCE)
        payments = _payments_of(batch)
        for row in batch:
            place = Place.of(row, by)
            yield place, payments[row.payment_id if isinstance(row, Refund) else row.pk]
        if len(batch) < AT_ONCE:
            return


def _payments_of(batch: list[Any]) -> dict[UUID, Payment]:
    if batch and isinstance(batch[0], Refund):
        return {one.pk: one for one in Payment.objects.filter(pk__in={row.payment_id for row in batch})}
    return {one.pk: one for one in batch}


def _indexed(wanted: Wanted) -> tuple[QuerySet[Any], str]:
    """Rows that an index has in order, and the moment they are ordered by."""
    if wanted.state == REFUND_FAILED:
        return Refund.objects.filter(status=Refund.Status.FAILED), "created_at"
    if wanted.state == DISPUTED:
        return Payment.objects.filter(disputed_at__gte=BEGINNING), "disputed_at"
    return _between(Payment.objects.filter(**_narrowest(wanted)), wanted), "created_at"


def _narrowest(wanted: Wanted) -> dict[str, Any]:
    """The one filter that chooses the index."""
    if wanted.state in RARE:
        return {"status": wanted.state}
    if wanted.client:
        return {"client_id": wanted.client}
    if wanted.station:
        return {"station_id": wanted.station}
    return {"status": wanted.state} if wanted.state else {}


def _between(rows: QuerySet[Payment], wanted: Wanted) -> QuerySet[Payment]:
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    return rows.filter(created_at__lt=wanted.until) if wanted.until else rows


def named(term: str) -> list[Payment]:
    """The payments that `term` names: an id of a payment or of what belongs to one, a reference of the gateway, the
    number of a receipt. Each is one look into an index."""
    term = term.strip()
    ids = _of_id(term_id) if (term_id := uuid_of(term)) else _of_reference(term)
    payments = Payment.objects.filter(pk__in=ids)
    return sorted(payments, key=lambda payment: (payment.created_at, payment.pk), reverse=True)


def _of_id(found: UUID) -> list[UUID]:
    refunds = Refund.objects.filter(pk=found).values_list("payment_id", flat=True)
    of_booking = Payment.objects.filter(booking_id=found).values_list("pk", flat=True)[:PAGE]
    return [found, *refunds, *of_booking]


def _of_reference(term: str) -> list[UUID]:
    paid = Payment.objects.filter(gateway_ref=term).values_list("pk", flat=True)
    back = Refund.objects.filter(gateway_ref=term).values_list("payment_id", flat=True)
    numbered = Receipt.objects.filter(reference=term.upper()).values_list("payment_id", flat=True)
    return [*paid, *back, *numbered]
