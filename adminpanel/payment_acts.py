"""What operators may do with a payment: what each act will do, why it cannot be done now, and doing it.

Each act is a line of `ACTS`. Its page says beforehand what will happen, asks for a word of why where one is due, and
calls one service. Refunds have a page of their own (`adminpanel/views/refunds.py`), for they ask for an amount.
"""

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.acts import Act, NotPossible, Subject
from adminpanel.payment_words import came_currency, review_note
from bookings.models import Booking, Client
from evbunker.moments import format_period
from evbunker.money import format_money
from payments.closing import close_booking, goes_back_minor, may_close
from payments.models import Payment, Receipt
from payments.receipts import resend_receipt
from payments.reconciling_one import reconcile_one
from payments.refunding import REFUNDABLE
from payments.reviewing import NotInReview, accept_review, return_review, why_not_acceptable

REFUND = "refund"


def payment_page(payment: Payment) -> str:
    return reverse("operations-payment", args=[payment.pk])


def payment_facts(payment: Payment) -> list[str]:
    return [format_money(payment.amount_minor, payment.currency), payment.client_name, payment.station_name]


PAYMENT = Subject(Payment, gettext_lazy("Payment"), payment_page, payment_facts)


def kept(payment: Payment) -> str:
    return format_money(payment.kept_minor, came_currency(payment, review_note(payment)))


def why_not_refundable(payment: Payment) -> str:
    """Why nothing of it can be sent back, in a sentence; empty if something can."""
    if payment.status not in REFUNDABLE:
        return str(_("No money has come, so none can be sent back."))
    return "" if payment.kept_minor > 0 else str(_("All of it has been sent back, or is on its way."))


def _will_accept(payment: Payment) -> str:
    surplus_minor = payment.kept_minor - payment.amount_minor
    names = {
        "price": format_money(payment.amount_minor, payment.currency), "client": payment.client_name,
        "surplus": format_money(max(0, surplus_minor), payment.currency),
    }  # fmt: skip
    if surplus_minor > 0:
        return _("The booking is confirmed for its price of %(price)s; %(surplus)s goes back to %(client)s.") % names
    return _("The booking is confirmed for its price of %(price)s. %(client)s is told by e-mail.") % names


def _accept(payment: Payment, actor: Client, note: str) -> str:
    accept_review(payment=payment, actor=actor, note=note)
    return _("Accepted: the booking is confirmed.")


def _will_return(payment: Payment) -> str:
    return _("All of it, %(amount)s, goes back to %(client)s. The booking stays without it.") % {
        "amount": kept(payment), "client": payment.client_name,
    }  # fmt: skip


def _return(payment: Payment, actor: Client, note: str) -> str:
    refund = return_review(payment=payment, actor=actor, note=note)
    if refund is None:
        return _("Nothing was left of it; the review is closed.")
    return _("%(amount)s is on its way back.") % {"amount": format_money(refund.amount_minor, refund.currency)}


def _not_in_review(payment: Payment) -> str:
    return "" if payment.status == Payment.Status.REVIEW else str(NotInReview.message)


def _will_close(payment: Payment) -> str:
    booking = Booking.objects.get(pk=payment.booking_id)
    back_minor = goes_back_minor(booking)
    names = {
        "client": payment.client_name, "amount": format_money(back_minor, booking.currency),
        "when": format_period(booking.starts_at, booking.ends_at, booking.zone),
    }  # fmt: skip
    taken = _("The booking of %(client)s for %(when)s is taken away; somebody else may book the time at once.") % names
    if not back_minor:
        return f"{taken} {_('No money goes back, for none came or all of it went back before.')}"
    back = _("%(amount)s goes back, which is all that is left of what was paid, whatever its policy says.") % names
    return f"{taken} {back} {_('The driver is told by e-mail.')}"


def _why_not_closable(payment: Payment) -> str:
    if payment.status == Payment.Status.REVIEW:
        return str(_("Decide first on what came: accept it or send it back."))
    if may_close(Booking.objects.get(pk=payment.booking_id)):
        return ""
    return str(_("The booking is over, or is time that was added to another, so there is nothing to close."))


def _close(payment: Payment, actor: Client, note: str) -> str:
    booking = Booking.objects.get(pk=payment.booking_id)
    if not close_booking(booking=booking, actor=actor, note=note):
        raise NotPossible(_("Somebody has closed this booking already."))
    return _("The booking is closed.")


def _no_receipt(payment: Payment) -> str:
    return "" if Receipt.objects.filter(payment=payment).exists() else str(_("There is no receipt for it yet."))


def _resend(payment: Payment, actor: Client, _note: str) -> str:
    if resend_receipt(payment=payment, actor=actor) is None:
        raise NotPossible(_("There is no receipt for it yet."))
    return _("The documents are on their way by e-mail.")


ACTS: dict[str, Act] = {
    "accept": Act(
        gettext_lazy("Accept what came"), gettext_lazy("Accept and confirm the booking"), "check", PAYMENT,
        _will_accept, why_not_acceptable, _accept, moves_money=True,
    ),
    "return": Act(
        gettext_lazy("Send all of it back"), gettext_lazy("Send all of it back"), "arrow-left", PAYMENT,
        _will_return, _not_in_review, _return, moves_money=True,
    ),
    "close": Act(
        gettext_lazy("Close the booking"), gettext_lazy("Close it and send everything back"), "close", PAYMENT,
        _will_close, _why_not_closable, _close, moves_money=True,
    ),
    "reconcile": Act(
        gettext_lazy("Reconcile now"), gettext_lazy("Ask the gateway now"), "refresh", PAYMENT,
        lambda payment: _("The gateway is asked how this payment and its refunds stand, and what it says is believed."),
        lambda payment: "", lambda payment, actor, note: reconcile_one(payment=payment, actor=actor), asks_why=False,
    ),
    "resend": Act(
        gettext_lazy("Send the receipt again"), gettext_lazy("Send it again"), "mail", PAYMENT,
        lambda payment: _("All receipts and credit notes of this payment go to %(client)s by e-mail once more.")
        % {"client": payment.client_name},
        _no_receipt, _resend, asks_why=False,
    ),
}  # fmt: skip


def acts_of(payment: Payment) -> list[tuple[str, str | Promise, str]]:
    """What can be done now: the name in the address, what it is called, its icon."""
    refund = [] if why_not_refundable(payment) or payment.status == Payment.Status.REVIEW else [REFUND]
    named = [(name, gettext_lazy("Send money back"), "arrow-left") for name in refund]
    return [*named, *((name, act.title, act.icon) for name, act in ACTS.items() if not act.why_not(payment))]
