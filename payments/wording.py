"""How a booking stands, told to its driver: one sentence, what it means, and a tone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.charging import energy_so_far_wh, words_of_stop
from bookings.models import ChargingSession
from bookings.models.session import EnergySource
from evbunker.moments import format_moment, format_time
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity
from payments.closing import operators_words
from payments.models import Refund
from payments.standing import Stage, Standing


@dataclass(frozen=True)
class Words:
    """`tone` is one of energy, wait, trouble, or empty for calm."""

    sentence: str
    detail: str = ""
    tone: str = ""


def words_of(standing: Standing) -> Words:
    """What the booking's page says first; whatever its stage, what became of money that came is said too."""
    words = WORDS[standing.stage](standing)
    return replace(words, detail=" ".join(filter(None, [words.detail, *money_sentences(standing)])))


def energy_wh(standing: Standing) -> int:
    """What flowed: as recorded once it is over, estimated until then."""
    session = standing.session
    if session is None or session.started_at is None:
        return 0
    if session.status != ChargingSession.Status.ACTIVE:
        return session.energy_wh
    return energy_so_far_wh(standing.booking, session)


def _to_pay(standing: Standing) -> Words:
    return Words(
        _("EVSE %(evse)s is held for you.") % {"evse": standing.booking.evse_label},
        _("Pay before the time below is over, and it is yours.")
        if standing.booking.quote_minor
        else _("It costs nothing: confirm it before the time below is over, and it is yours."),
        "wait",
    )


def _preparing(standing: Standing) -> Words:
    detail = _("The payment service has not answered yet. We keep trying; you may also try again yourself.")
    return Words(_("We are preparing your payment."), f"{detail} {_until(standing)}", "wait")


def _paying(standing: Standing) -> Words:
    detail = _("If you have paid, this page turns to confirmed by itself. If not, you can go on to pay.")
    return Words(_("Waiting for your payment."), f"{_until(standing)} {detail}", "wait")


def _until(standing: Standing) -> str:
    """Beginning to pay has given the hold more time: say how much."""
    booking = standing.booking
    assert booking.expires_at is not None, "a hold has a deadline"
    return _("You have until %(time)s to pay.") % {"time": format_time(booking.expires_at, booking.zone)}


def _pay_failed(standing: Standing) -> Words:
    return Words(
        _("That payment did not go through."),
        _("Nothing was charged. The hold goes on: you can try again."),
        "trouble",
    )


def _time_over(standing: Standing) -> Words:
    if standing.payment is not None and standing.payment.live_for:
        detail = _(
            "If you have paid all the same, we confirm it if the time is still free; if not, all of it comes back."
        )
    else:
        detail = _("Nothing was charged. You can choose the same time again if it is still free.")
    return Words(_("The time to pay for this booking is over."), detail)


def _review(standing: Standing) -> Words:
    return Words(
        _("We have your payment, but could not confirm the booking with it."),
        _("What arrived differs from the price of the booking. The operator sees it and clears it up."),
        "trouble",
    )


def _returned(standing: Standing) -> Words:
    if standing.payment is not None and standing.payment.review_reason:
        return Words(_("What arrived differs from the price of the booking, so we send it back."), "", "trouble")
    return Words(_("Your payment came when the time was no longer free."), "", "trouble")


def _confirmed(standing: Standing) -> Words:
    booking = standing.booking
    start = format_moment(booking.starts_at, booking.zone)
    detail = _("Be there at %(start)s. You start charging on this page.") % {"start": start}
    return Words(_("Confirmed: EVSE %(evse)s is yours.") % {"evse": booking.evse_label}, detail, "energy")


def _ready(standing: Standing) -> Words:
    booking = standing.booking
    return Words(
        _("Your time has come. Plug in at EVSE %(evse)s and start.") % {"evse": booking.evse_label},
        _("It is yours until %(end)s.") % {"end": format_moment(booking.ends_at, booking.zone)},
        "energy",
    )


def _charging(standing: Standing) -> Words:
    booking, session = standing.booking, standing.session
    assert session is not None, "a booking in use has a session"
    assert session.started_at is not None, "a booking in use has a session that has started"
    return Words(
        _("Charging since %(start)s.") % {"start": format_time(session.started_at, booking.zone)},
        _("It stops at %(end)s, or at %(energy)s if that is sooner.")
        % {
            "end": format_time(booking.ends_at, booking.zone),
            "energy": format_quantity(booking.energy_budget_wh, ENERGY),
        },
        "energy",
    )


def _completed(standing: Standing) -> Words:
    session = standing.session
    assert session is not None, "a completed booking has a session"
    estimated = session.energy_source == EnergySource.ESTIMATED
    detail = [_("Estimated from power and time: this EVSE reports no meter values.")] if estimated else []
    return Words(_charged(session), " ".join([*detail, *quoted(words_of_stop(session))]), "energy")


def _charged(session: ChargingSession) -> str:
    return _("You charged %(energy)s.") % {"energy": format_quantity(session.energy_wh, ENERGY)}


def _not_used(_standing: Standing) -> Words:
    return Words(_("Nobody started charging in this time."), _("The booking is over."))


def _cancelled(standing: Standing) -> Words:
    detail = ""
    if standing.payment is None or not standing.payment.captured_minor:
        detail = _("Nothing was charged.")
    elif not standing.refunds:
        detail = _("By the terms you booked under, nothing comes back.")
    return Words(_("This booking was cancelled."), detail)


def _closed(standing: Standing) -> Words:
    """The operator's words stand with the refunds, if there are any."""
    detail = []
    if standing.session is not None and standing.session.started_at:
        detail.append(_charged(standing.session))
    if not standing.refunds:
        detail += [_("Nothing was charged."), *quoted(operators_words(standing.booking))]
    return Words(_("The operator closed this booking."), " ".join(detail), "trouble")


def money_sentences(standing: Standing) -> list[str]:
    """What became of money that came: what comes back, and what the bank called back."""
    said = refund_sentences(standing)
    if standing.payment is not None and standing.payment.disputed_at:
        said.append(_("Your bank has called this payment back. The operator sees it and clears it up."))
    return said


def refund_sentences(standing: Standing) -> list[str]:
    """What comes back and how far it is, one sentence a refund, and what the operator says of it, once."""
    said: list[str] = []
    for refund in standing.refunds:
        said.append(refund_sentence(refund, standing.booking.zone))
        said += [words for words in quoted(refund.note) if words not in said]
    return said


def quoted(note: str) -> list[str]:
    """The operator's words, if there are any."""
    return [_("The operator writes: “%(note)s”") % {"note": note}] if note else []


def refund_sentence(refund: Refund, zone: ZoneInfo) -> str:
    """One refund, to its driver."""
    amount = format_money(refund.amount_minor, refund.currency)
    if refund.status in Refund.SENT:
        moment = format_moment(refund.settled_at or refund.created_at, zone)
        return _("%(amount)s was sent back to you on %(moment)s.") % {"amount": amount, "moment": moment}
    if refund.status == Refund.Status.SET_ASIDE:
        return _("%(amount)s could not be sent back the first time.") % {"amount": amount}
    if refund.status == Refund.Status.FAILED:
        return _("%(amount)s could not be sent back. The operator sees it and clears it up.") % {"amount": amount}
    return _("%(amount)s is on its way back to you.") % {"amount": amount}


WORDS: dict[Stage, Callable[[Standing], Words]] = {
    Stage.TO_PAY: _to_pay,
    Stage.PREPARING: _preparing,
    Stage.PAYING: _paying,
    Stage.PAY_FAILED: _pay_failed,
    Stage.TIME_OVER: _time_over,
    Stage.REVIEW: _review,
    Stage.RETURNED: _returned,
    Stage.CONFIRMED: _confirmed,
    Stage.READY: _ready,
    Stage.CHARGING: _charging,
    Stage.COMPLETED: _completed,
    Stage.NOT_USED: _not_used,
    Stage.CANCELLED: _cancelled,
    Stage.CLOSED: _closed,
}
