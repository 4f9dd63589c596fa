"""Acting on a payment: each act has a page that says what will happen, and does it when asked by POST."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from adminpanel.access import View, proved_lately, role_required
from adminpanel.navigation import PAGES
from adminpanel.payment_acts import Act
from adminpanel.payment_forms import WhyForm
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError
from payments.models import Payment


class Changed(DomainError):
    code = "changed"
    message = _("Meanwhile this has become something else. Please read again what will happen.")


def act_view(act: Act) -> View[...]:
    """The view of one act; its address names one id. Operators alone may come here."""

    def view(request: HttpRequest, /, **ids: UUID) -> HttpResponse:
        (found,) = ids.values()
        record = get_object_or_404(act.model, pk=found)
        form = WhyForm(request.POST if request.method == "POST" else None, asks=act.asks_why)
        if request.method == "POST" and form.is_valid():
            return _do(request, act, record, form)
        return _page(request, act, record, form)

    guarded = proved_lately(view) if act.moves_money else view
    return require_http_methods(["GET", "HEAD", "POST"])(role_required("operator")(guarded))


def _do(request: HttpRequest, act: Act, record: Any, form: WhyForm) -> HttpResponse:
    """On to where the record is shown; a refusal is put on the act's page. What was read there must still be so."""
    try:
        if request.POST.get("seen") and not act.why_not(record) and request.POST["seen"] != act.will(record):
            raise Changed
        said = act.do(record, driver(request), form.why)
    except DomainError as error:
        record.refresh_from_db()
        return _page(request, act, record, form, error)
    messages.success(request, said)
    return SeeOther(shown_at(record))


def _page(request: HttpRequest, act: Act, record: Any, form: WhyForm, error: DomainError | None = None) -> HttpResponse:
    context = {
        "pages": PAGES, "act": act, "form": form, "back": shown_at(record), "error": error,
        "payment": payment_of(record), "why_not": "" if error else act.why_not(record),
    }  # fmt: skip
    again = error is None or isinstance(error, Changed)
    context["will"] = act.will(record) if again and not context["why_not"] else ""
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/payments/act.html", context, status=status)


def payment_of(record: Any) -> Payment | None:
    """The payment that `record` is or belongs to."""
    return record if isinstance(record, Payment) else getattr(record, "payment", None)


def shown_at(record: Any) -> str:
    """The page that shows `record`."""
    payment = payment_of(record)
    return reverse("operations-payment", args=[payment.pk]) if payment else reverse("operations-review")
