"""Why a driver was charged what was charged: the arithmetic of one booking, a sentence a step."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from bookings.models import Booking, ChargingSession
from bookings.models.session import EnergySource
from bookings.pricewords import price_table
from bookings.pricing import TariffTerms, price
from evbunker.moments import format_moment
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity
from payments.models import Payment, Refund
from payments.standing import Standing


@dataclass(frozen=True)
class Reckoning:
    """`sentences` tell it in order; `used` is the price table of what was used, None if that is not settled, or
    is the price itself."""

    sentences: list[str]
    used: dict[str, Any] | None


def reckoning_of(standing: Standing) -> Reckoning:
    """From the price that was asked for to what is kept now."""
    booking, session = standing.booking, standing.session
    used = _used(booking, session)
    sentences = [_asked(booking), *map(_came, reversed(standing.paid)), *_not_paid(standing)]
    if session is not None and session.started_at and session.ended_at:
        sentences.append(_charged(booking, session))
    if booking.status == Booking.Status.NO_SHOW:
        sentences.append(_("Nobody came: what is kept is by the terms below."))
    sentences += [_back(refund) for refund in sorted(standing.refunds, key=lambda refund: refund.created_at)]
    if standing.captured_minor:
        sentences.append(_kept(standing))
    return Reckoning(sentences, used)


def _used(booking: Booking, session: ChargingSession | None) -> dict[str, Any] | None:
    """What the session came to, by the lines of its tariff; energy beyond the budget is not charged."""
    if session is None or session.started_at is None or session.ended_at is None:
        return None
    charged_wh = min(session.energy_wh, booking.energy_budget_wh)
    terms = TariffTerms.from_json(booking.tariff_terms)
    cost = price(terms=terms, minutes=booking.minutes, energy_wh=charged_wh)
    settled = cost.total_minor == session.cost_minor != booking.quote_minor
    return price_table(cost.lines, booking.currency) if settled else None


def _asked(booking: Booking) -> str:
    names = {
        "price": format_money(booking.quote_minor, booking.currency),
        "energy": format_quantity(booking.energy_budget_wh, ENERGY),
    }
    return _("The price is %(price)s: the booked time, and energy of at most %(energy)s, paid beforehand.") % names


def _came(payment: Payment) -> str:
    when = format_moment(payment.captured_at or payment.created_at, payment.station_time_zone)
    names = {
        "amount": format_money(payment.captured_minor, payment.currency), "when": when,
        "gateway": payment.gateway.capitalize(),
    }  # fmt: skip
    return _("%(amount)s came through %(gateway)s on %(when)s.") % names


def _not_paid(standing: Standing) -> Iterator[str]:
    if not standing.captured_minor and standing.booking.quote_minor:
        yield _("Nothing was charged so far.") if standing.may_pay else _("Nothing was charged.")


def _charged(booking: Booking, session: ChargingSession) -> str:
    metered = session.energy_source == EnergySource.METERED
    names = {
        "energy": format_quantity(session.energy_wh, ENERGY),
        "how": _("the meter says") if metered else _("estimated from power and time, for there is no meter"),
        "cost": format_money(session.cost_minor, session.currency),
        "over": format_money(max(0, booking.quote_minor - session.cost_minor), booking.currency),
    }  # fmt: skip
    if session.cost_minor >= booking.quote_minor:
        return _("%(energy)s were charged (%(how)s). That costs %(cost)s: all of the price was used.") % names
    return _("%(energy)s were charged (%(how)s). That costs %(cost)s, so %(over)s of the price was not used.") % names


def _back(refund: Refund) -> str:
    names = {"amount": format_money(refund.amount_minor, refund.currency), "why": refund.get_reason_display()}
    if refund.status in Refund.SENT:
        return _("%(amount)s was sent back: %(why)s.") % names
    if refund.status in Refund.REFUSED:
        return _("%(amount)s should go back (%(why)s), and was refused.") % names
    return _("%(amount)s is on its way back: %(why)s.") % names


def _kept(standing: Standing) -> str:
    amount = format_money(standing.kept_minor, standing.booking.currency)
    return _("So the driver pays %(amount)s in all.") % {"amount": amount}


def terms_of(booking: Booking) -> list[tuple[str, int]]:
    """(what, minor units) of everything that costs something by the tariff as it was bought."""
    terms = booking.tariff_terms
    known = [
        (_("A session"), "session_fee_minor"),
        (_("An hour"), "per_hour_minor"),
        (_("A kWh"), "per_kwh_minor"),
        (_("A minute of standing there after charging"), "idle_per_minute_minor"),
    ]
    return [(what, terms[name]) for what, name in known if terms.get(name)]
