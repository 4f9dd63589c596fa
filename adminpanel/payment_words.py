"""How a payment stands, told to an operator: one sentence, what it means, and a tone."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from evbunker.models import Change
from evbunker.money import format_money
from payments.models import Payment
from payments.wording import Words

Status = Payment.Status
REVIEWED = "payment.review"
REVIEWS = {
    "amount": gettext_lazy("Another amount came than was asked for"),
    "currency": gettext_lazy("Another currency came than was asked for"),
    "account": gettext_lazy("The money came to another account than ours"),
    "live_mode": gettext_lazy("Made-up money came where real money was due, or the other way round"),
}


def words_of(payment: Payment, booking: Booking) -> Words:
    """What a payment's page says first."""
    if payment.disputed_at:
        return Words(
            _("The driver's bank called this payment back."),
            _("The booking is not changed by it. Answer the dispute at the payment service."), "trouble",
        )  # fmt: skip
    if payment.status == Status.CAPTURED:
        return _captured(payment, booking)
    return _not_captured(payment)


def _captured(payment: Payment, booking: Booking) -> Words:
    back_minor = payment.refund_reserved_minor
    if payment.captured_day is None and payment.review_reason:
        return Words(_("What came was not what was asked for. It confirmed nothing and goes back."), _how(payment))
    if payment.captured_day is None:
        return Words(_("The money came when the time was gone. It confirmed nothing and goes back."), _how(payment))
    if back_minor == payment.captured_minor:
        return Words(_("Paid, and all of it goes back to the driver."), _how(payment))
    detail = _("The booking is %(status)s.") % {"status": booking.get_status_display()}
    if back_minor:
        return Words(_("Paid, and a part of it goes back to the driver."), f"{detail} {_how(payment)}", "energy")
    return Words(_("Paid, and the booking was confirmed with it."), detail, "energy")


def _how(payment: Payment) -> str:
    """How far what goes back has come."""
    on_the_way = payment.refund_reserved_minor - payment.refunded_minor
    if on_the_way:
        return _("%(amount)s is still on its way.") % {"amount": format_money(on_the_way, payment.currency)}
    if payment.refund_reserved_minor < payment.captured_minor and payment.captured_day is None:
        return _("The gateway refused to send it; see below.")
    return _("It has been sent.") if payment.refunded_minor else ""


def _not_captured(payment: Payment) -> Words:
    said = {
        Status.CREATED: (
            _("The payment is being made at the gateway."),
            _("The gateway has not answered yet. It is tried again by itself; nothing was charged."), "wait",
        ),
        Status.PENDING: (
            _("The driver has a page to pay on, and has not paid there yet, as far as we know."),
            _("The gateway is asked every few minutes. “Reconcile now” asks at once."), "wait",
        ),
        Status.FAILED: (_("The payment did not go through."), _("Nothing was charged."), ""),
        Status.CANCELLED: (
            _("The payment was called off before anything was charged."),
            _("If money comes all the same, it confirms the booking, or goes back by itself."), "",
        ),
        Status.REVIEW: (
            f"{review_words(payment)}.",
            _("It confirmed nothing. Accept it, if that is possible, or send it back."), "trouble",
        ),
    }  # fmt: skip
    return Words(*said[Status(payment.status)])


def review_words(payment: Payment) -> str:
    """Why it is in review, without a full stop."""
    return str(REVIEWS.get(payment.review_reason, _("What came is not what was asked for")))


def asked_and_came(payment: Payment, change: Change | None) -> tuple[str, str]:
    """What was asked for and what came, as amounts with what made them differ. `change` is the note of the review."""
    asked = format_money(payment.amount_minor, payment.currency)
    arrived = format_money(payment.captured_minor, came_currency(payment, change))
    seen = change.after.get("came", {}) if change else {}
    if payment.review_reason == "account" and seen.get("account"):
        arrived = _("%(amount)s at account %(account)s") % {"amount": arrived, "account": seen["account"]}
    if payment.review_reason == "live_mode":
        arrived = (_("%s of real money") if seen.get("live") else _("%s of made-up money")) % arrived
    return asked, arrived


def came_currency(payment: Payment, change: Change | None) -> str:
    """The currency of what came, which may be another than was asked for. `change` is the note of the review."""
    came = change.after.get("came", {}) if change else {}
    return str(came.get("currency", payment.currency))


def review_note(payment: Payment) -> Change | None:
    """The note of the review, if there was one."""
    if not payment.review_reason:
        return None
    return next((one for one in Change.objects.filter(record_id=payment.pk)[:100] if one.action == REVIEWED), None)
