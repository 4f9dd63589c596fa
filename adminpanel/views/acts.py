"""Acting on a record: each act has a page that says what will happen, and does it when asked by POST."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from adminpanel.access import View, proved_lately, role_required
from adminpanel.acts import Act, WhyForm
from adminpanel.navigation import PAGES
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError


class Changed(DomainError):
    code = "changed"
    message = _("Meanwhile this has become something else. Please read again what will happen.")


def act_view(act: Act) -> View[...]:
    """The view of one act; its address names one id. Whoever has not the role `act.least` may not come here."""

    def view(request: HttpRequest, /, **ids: UUID) -> HttpResponse:
        (found,) = ids.values()
        record = get_object_or_404(act.of.model, pk=found)
        form = WhyForm(request.POST if request.method == "POST" else None, asks=act.asks_why, told=act.told)
        if request.method == "POST" and form.is_valid():
            return _do(request, act, record, form)
        return _page(request, act, record, form)

    guarded = proved_lately(view) if act.moves_money else view
    return require_http_methods(["GET", "HEAD", "POST"])(role_required(act.least)(guarded))


def _do(request: HttpRequest, act: Act, record: Any, form: WhyForm) -> HttpResponse:
    """On to where the record is shown; a refusal is put on the act's page. What was read there must still be so."""
    try:
        if request.POST.get("seen") and not act.why_not(record) and request.POST["seen"] != act.will(record):
            raise Changed
        said = act.do(record, driver(request), form.why)
    except DomainError as error:
        record.refresh_from_db()
        return _page(request, act, record, form, error)
    if isinstance(said, HttpResponse):
        return said
    messages.success(request, said)
    return SeeOther(act.of.shown_at(record))


def _page(request: HttpRequest, act: Act, record: Any, form: WhyForm, error: DomainError | None = None) -> HttpResponse:
    context = {
        "pages": PAGES, "act": act, "form": form, "back": act.of.shown_at(record), "error": error,
        "called": act.of.called, "facts": act.of.facts(record), "why_not": "" if error else act.why_not(record),
    }  # fmt: skip
    again = error is None or isinstance(error, Changed)
    context["will"] = act.will(record) if again and not context["why_not"] else ""
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/act.html", context, status=status)
