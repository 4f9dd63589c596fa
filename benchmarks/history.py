"""The rows that an invented history left behind, by model.

Nothing is written that no figure reads: no audit trail, no webhooks, no meter values, no outbox.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from benchmarks.bulk import Engine, Row
from benchmarks.charges import Charge, charge
from benchmarks.days import Days
from benchmarks.network import Network, Place, current_of, made_id
from bookings.models import Booking, ChargingSession, ClientSlot, ClientTotal, EcoStat, SlotClaim
from bookings.models.session import EnergySource
from bookings.totals import SUMMED
from payments.earlier_receipts import EARLIER
from payments.models import Payment, PaymentEvent, Receipt, ReceiptSeries

GROWING = (Booking, Payment, PaymentEvent, Receipt, ChargingSession, EcoStat, SlotClaim, ClientSlot)
Rows = dict[Any, list[Row]]
SESSION_OF = {
    Booking.Status.CONFIRMED: ChargingSession.Status.SCHEDULED,
    Booking.Status.IN_USE: ChargingSession.Status.ACTIVE,
    Booking.Status.COMPLETED: ChargingSession.Status.COMPLETED,
    Booking.Status.NO_SHOW: ChargingSession.Status.ABORTED,
}
AT_A_TIME = 5000


class History:
    """`bookings` bookings up to `now`; once read to its end it knows every client's sums and the EVSEs in use."""

    def __init__(self, engine: Engine, network: Network, bookings: int, now: dt.datetime) -> None:
        self.engine, self.network, self.bookings, self.now = engine, network, bookings, now
        self.sums: dict[UUID, Counter[str]] = {}
        self.numbers = Counter[str]()
        self.occupied: set[UUID] = set()
        self.days = Days(engine, network, now)
        self.came: set[UUID] = set()
        self.templates: dict[UUID, dict[Any, Row]] = {}

    def batches(self) -> Iterator[tuple[list[Charge], Rows]]:
        """Oldest first, so that ids and times grow as they do in life."""
        for first in range(0, self.bookings, AT_A_TIME):
            last = min(first + AT_A_TIME, self.bookings)
            charges = [charge(self.network, self.bookings - 1 - number, self.now) for number in range(first, last)]
            rows: Rows = {model: [] for model in GROWING}
            for one in charges:
                self._write(rows, one)
            yield charges, rows

    def totals(self) -> Iterator[Row]:
        template = self.engine.template(ClientTotal, client_id=self.network.clients[0])
        for number, (client, sums) in enumerate(self.sums.items()):
            money = {code: minor for code, minor in sums.items() if code.isupper() and minor}
            known = {name: self.engine.number(sums[name]) for name in ("sessions", "estimated_energy_wh", *SUMMED)}
            key = made_id(9, number, self.now)
            yield template | {"_id": key, "client_id": client.hex, "money_saved": self.engine.json(money)} | known

    def series(self) -> Iterator[Row]:
        """The receipts' series, and that nothing was paid before there were receipts."""
        known = {**self.numbers, EARLIER: int(self.now.timestamp()) + 3600}
        for number, (name, last) in enumerate(known.items()):
            key = UUID(made_id(11, number, self.now))
            yield self.engine.template(ReceiptSeries, id=key, name=name, last_number=last)

    def _write(self, rows: Rows, one: Charge) -> None:
        ids, is_first = _Ids(one), one.client not in self.came
        self.came.add(one.client)
        if one.place.evse_id not in self.templates:
            self.templates[one.place.evse_id] = _templates(self.engine, one.place)
        add_rows(self.engine, self.templates[one.place.evse_id], rows, one, ids)
        rows[Booking][-1]["is_first"] = is_first
        self._document(rows[Receipt], self.templates[one.place.evse_id][Receipt], one, ids)
        if one.is_live:
            self._claim(rows, one, ids)
        if one.status == Booking.Status.IN_USE:
            self.occupied.add(one.place.evse_id)
        if one.saves:
            self._add_up(one)
        self.days.add(one, is_first=is_first)

    def _document(self, receipts: list[Row], template: Row, one: Charge, ids: "_Ids") -> None:
        engine, at, series = self.engine, self.engine.moment(one.confirmed_at), f"TR{one.day.year % 100:02d}"
        self.numbers[series] += 1
        number = self.numbers[series]
        receipts.append(template | {
            "_id": ids.receipt, "created_at": at, "updated_at": at, "issued_at": at, "issued_day": engine.day(one.day),
            "series": series, "number": engine.number(number), "reference": f"{series}-{number:06d}",
            "once": f"receipt:{ids.payment}", "payment_id": ids.payment, "booking_id": ids.booking,
            "client_id": one.client.hex, "amount_minor": engine.number(one.quote.total_minor),
            "tax_minor": engine.number(one.quote.tax_minor), "lines": engine.json(one.quote.lines),
            "starts_at": engine.moment(one.period.starts_at), "ends_at": engine.moment(one.period.ends_at),
        })  # fmt: skip

    def _claim(self, rows: Rows, one: Charge, ids: "_Ids") -> None:
        for slot in one.period.slots():
            key = UUID(made_id(6, one.ago * 100 + slot % 100, one.confirmed_at))
            owner = {"id": key, "slot": slot, "booking_id": UUID(ids.booking)}
            rows[SlotClaim].append(self.engine.template(SlotClaim, evse_id=one.place.evse_id, **owner))
            rows[ClientSlot].append(self.engine.template(ClientSlot, client_id=one.client, **owner))

    def _add_up(self, one: Charge) -> None:
        sums, impact = self.sums.setdefault(one.client, Counter()), one.impact
        sums["sessions"] += 1
        sums["charging_minutes"] += one.period.minutes
        for name in ("energy_wh", "distance_m", "co2_saved_g", "fuel_saved_ml"):
            sums[name] += getattr(impact, name) or 0
        if one.source == EnergySource.ESTIMATED:
            sums["estimated_energy_wh"] += one.energy_wh
        sums[one.place.country.currency] += impact.money_saved_minor or 0


class _Ids:
    """The keys of one booking's rows."""

    def __init__(self, one: Charge) -> None:
        names = ("booking", "payment", "event", "session", "stat", "receipt")
        self.booking, self.payment, self.event, self.session, self.stat, self.receipt = (
            made_id(kind, one.ago, one.confirmed_at) for kind in range(len(names))
        )


def _templates(engine: Engine, place: Place) -> dict[Any, Row]:
    """What all bookings of one EVSE have in common."""
    country = place.country
    who = {"station_id": place.station_id, "client_id": place.station_id, "currency": country.currency}
    seen = {"station_name": place.name, "station_time_zone": country.zone, "client_name": "Driver"}
    booking = {
        "evse_id": place.evse_id, "station_city": country.city, "station_country": country.code,
        "station_network": "Bench", "evse_label": "1", "evse_current": current_of(place.power_w),
        "evse_power_w": place.power_w,
        "tariff_terms": place.terms.as_json(), "quote_minor": 0, "energy_budget_wh": 0,
        "policy_terms": {"free_cancel_hours": 2, "late_refund_bp": 5000, "no_show_fee_bp": 10_000},
    }  # fmt: skip
    event = {"kind": PaymentEvent.Kind.CAPTURED, "currency": country.currency}
    return {
        Booking: engine.template(Booking, **who, **seen, **booking),
        Payment: engine.template(Payment, **who, **seen, gateway="sandbox", status="captured", amount_minor=0),
        PaymentEvent: engine.template(PaymentEvent, **event),
        Receipt: engine.template(
            Receipt,
            kind=Receipt.Kind.RECEIPT,
            number=0,
            client_id=place.station_id,
            currency=country.currency,
            amount_minor=0,
            tax_minor=0,
            tax_bp=place.terms.tax_bp,
            live=False,
            station_name=place.name,
            station_time_zone=country.zone,
            evse_label="1",
        ),
        ChargingSession: engine.template(ChargingSession, **who, **seen, evse_id=place.evse_id, evse_label="1"),
        EcoStat: engine.template(EcoStat, **who, charging_minutes=0, energy_wh=0, distance_m=0),
    }


def add_rows(engine: Engine, templates: dict[Any, Row], rows: Rows, one: Charge, ids: _Ids) -> None:
    """Write one charge into `rows`: what differs from booking to booking, over the EVSE's templates."""
    at, day, number = engine.moment(one.confirmed_at), engine.day(one.day), engine.number
    starts_at, ends_at = engine.moment(one.period.starts_at), engine.moment(one.period.ends_at)
    times = {"created_at": at, "updated_at": at}
    client, booking = {"client_id": one.client.hex}, {"booking_id": ids.booking}
    paid = number(one.quote.total_minor)
    rows[Booking].append(templates[Booking] | times | client | {
        "_id": ids.booking, "status": one.status, "starts_at": starts_at, "ends_at": ends_at,
        "energy_budget_wh": number(one.budget_wh), "confirmed_at": at, "confirmed_day": day, "quote_minor": paid,
        "price_lines": engine.json(one.quote.lines),
    })  # fmt: skip
    rows[Payment].append(templates[Payment] | times | client | booking | {
        "_id": ids.payment, "amount_minor": paid, "captured_minor": paid, "captured_at": at, "captured_day": day,
        "idempotency_key": f"pay:{ids.payment}", "gateway_ref": f"sbx_{ids.payment}", "starts_at": starts_at,
    })  # fmt: skip
    rows[PaymentEvent].append(templates[PaymentEvent] | times | {
        "_id": ids.event, "payment_id": ids.payment, "reference": f"sbx_{ids.payment}", "amount_minor": paid,
    })  # fmt: skip
    rows[ChargingSession].append(templates[ChargingSession] | times | client | booking | {
        "_id": ids.session, "scheduled_for": starts_at, "scheduled_end": ends_at,
        **_session_facts(engine, one, starts_at, ends_at),
    })  # fmt: skip
    if one.saves:
        rows[EcoStat].append(templates[EcoStat] | times | client | booking | {
            "_id": ids.stat, "day": day, "charging_minutes": number(one.period.minutes), "source": one.source,
            **_saved_facts(engine, one),
        })  # fmt: skip


def _session_facts(engine: Engine, one: Charge, starts_at: Any, ends_at: Any) -> Row:
    status = str(SESSION_OF[Booking.Status(one.status)])
    facts: Row = {"status": status}
    if one.status in (Booking.Status.IN_USE, Booking.Status.COMPLETED):
        facts["started_at"] = starts_at
    if one.status == Booking.Status.COMPLETED:
        facts |= {"ended_at": ends_at, "energy_wh": engine.number(one.energy_wh), "energy_source": one.source}
        facts["cost_minor"] = engine.number(one.quote.total_minor)
    return facts


def _saved_facts(engine: Engine, one: Charge) -> Row:
    impact, number = one.impact, engine.number
    assert impact.co2_saved_g is not None, "every country of the network has a grid factor"
    assert impact.money_saved_minor is not None, "and a petrol price"
    return {
        "energy_wh": number(impact.energy_wh), "distance_m": number(impact.distance_m),
        "co2_saved_g": number(impact.co2_saved_g), "fuel_saved_ml": number(impact.fuel_saved_ml),
        "money_saved_minor": number(impact.money_saved_minor), "factors": engine.json(impact.factors),
    }  # fmt: skip
