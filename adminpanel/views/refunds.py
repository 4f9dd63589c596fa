"""Sending money back by hand: how much and why, then a page that says what will happen, then it is done."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from adminpanel.access import proved_lately, role_required
from adminpanel.acts import NotPossible
from adminpanel.navigation import PAGES
from adminpanel.payment_acts import PAYMENT, payment_page, why_not_refundable
from adminpanel.payment_forms import RefundForm
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError
from evbunker.money import format_money
from payments.models import Payment, Refund
from payments.refunding import RefundTooLarge, refund_by_hand

SEND = "send"
"""The step that does it; any other only shows what it would do."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
@proved_lately
def refund(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """One form sends money once, however often it is sent."""
    payment = get_object_or_404(Payment, pk=payment_id)
    form = RefundForm(request.POST if request.method == "POST" else None, payment=payment)
    if not form.is_valid():
        return _page(request, payment, form)
    try:
        before = _sent_before(payment, form)
        if before is None and request.POST.get("step") != SEND:
            return _page(request, payment, form)
        made = before or _send(request, payment, form)
    except DomainError as error:
        payment.refresh_from_db()
        return _page(request, payment, form, error)
    sent = {"amount": format_money(made.amount_minor, made.currency), "client": payment.client_name}
    messages.success(request, _("%(amount)s is on its way to %(client)s.") % sent)
    return SeeOther(payment_page(payment))


def _once(payment: Payment, form: RefundForm) -> str:
    return f"operator:{payment.pk}:{form.cleaned_data['once']}"


def _sent_before(payment: Payment, form: RefundForm) -> Refund | None:
    """What this very form has sent already. Raises NotPossible if it asked for another amount then."""
    made = Refund.objects.filter(once=_once(payment, form)).first()
    return _as_asked(form, made) if made else None


def _send(request: HttpRequest, payment: Payment, form: RefundForm) -> Refund:
    asked = form.cleaned_data
    made = refund_by_hand(
        payment=payment, amount_minor=asked["amount"], note=form.why, actor=driver(request), once=_once(payment, form)
    )
    return _as_asked(form, made)


def _as_asked(form: RefundForm, made: Refund) -> Refund:
    if made.amount_minor != form.cleaned_data["amount"]:
        sent = format_money(made.amount_minor, made.currency)
        raise NotPossible(_("This form has sent %(amount)s already. Open it anew to send more.") % {"amount": sent})
    return made


def _page(request: HttpRequest, payment: Payment, form: RefundForm, error: DomainError | None = None) -> HttpResponse:
    """The form; once it holds what can be sent, what that will do."""
    amount_minor = form.cleaned_data.get("amount") if form.is_bound else None
    if amount_minor and amount_minor > payment.kept_minor:
        error = error or RefundTooLarge()
    sure = form.is_bound and form.is_valid() and error is None
    context = {
        "pages": PAGES, "payment": payment, "form": form, "error": error, "sure": sure, "back": payment_page(payment),
        "called": PAYMENT.called, "facts": PAYMENT.facts(payment),
        "why_not": why_not_refundable(payment), "amount_minor": amount_minor,
        "left_minor": payment.kept_minor - (amount_minor or 0), "zone": payment.station_time_zone,
    }  # fmt: skip
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/payments/refund.html", context, status=status)
