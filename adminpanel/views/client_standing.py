"""Suspending and restoring: a page that says what will happen and to whom, then it is done."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import View, proved_lately, role_required
from adminpanel.acts import DRIVER, WhyForm
from adminpanel.client_acts import client_page
from adminpanel.client_standing import CHANGES, MOST_AT_ONCE, Change, Line, close_all, lines_of
from adminpanel.views.acts import Changed
from bookings.models import Client
from bookings.views.answers import SeeOther, driver
from evbunker.admin import uuid_of
from evbunker.errors import DomainError

DO = "do"
"""The step that does it; any other only shows what it would do."""
STAY, CLOSE = "stay", "close"


class StandingForm(WhyForm):
    """Why; and what becomes of the bookings to come, if that is to be said."""

    bookings = forms.ChoiceField(
        label=gettext_lazy("Bookings to come"), widget=forms.RadioSelect, initial=STAY,
        choices=[
            (STAY, gettext_lazy("They stay as they are, paid and reserved")),
            (CLOSE, gettext_lazy("Close them: the time is free again, and all that was paid goes back")),
        ],
    )  # fmt: skip

    def __init__(self, data: Any = None, *, may_close: bool) -> None:
        super().__init__(data, told=DRIVER)
        if not may_close:
            del self.fields["bookings"]


def standing_view(change: Change) -> View[...]:
    """The view of one change of standing: `client` in its address or form, once or many times, says whose."""

    def view(request: HttpRequest) -> HttpResponse:
        is_asked = request.method == "POST" and request.POST.get("step") == DO
        form = StandingForm(request.POST if is_asked else None, may_close=change.may_close)
        lines = lines_of(change, _chosen(request), driver(request))
        if not is_asked or not form.is_valid() or not any(line.will for line in lines):
            return _page(request, change, lines, form)
        if request.POST.get("seen") != _seen(lines):
            return _page(request, change, lines, form, Changed())
        return _do(request, change, lines, form)

    guarded = proved_lately(view) if change.may_close else view
    return require_http_methods(["GET", "HEAD", "POST"])(role_required("operator")(guarded))


def _chosen(request: HttpRequest) -> list[Client]:
    asked = (request.POST if request.method == "POST" else request.GET).getlist("client")[:MOST_AT_ONCE]
    ids = dict.fromkeys(found for text in asked if (found := uuid_of(text)))
    known = Client.objects.in_bulk(list(ids))
    return [known[one] for one in ids if one in known]


def _seen(lines: list[Line]) -> str:
    """Changes when what will happen does."""
    told = "\n".join(f"{line.client.pk} {line.will}" for line in lines if line.will)
    return hashlib.sha256(told.encode()).hexdigest()


def _do(request: HttpRequest, change: Change, lines: list[Line], form: StandingForm) -> HttpResponse:
    """Each by itself: what is refused to one stops none of the others."""
    actor, done, closed = driver(request), 0, 0
    for client in [line.client for line in lines if line.will]:
        try:
            was_done = change.do(client=client, actor=actor, reason=form.why)
        except DomainError as refusal:
            messages.error(request, f"{client}: {refusal}")
            continue
        done += was_done
        if not was_done:
            messages.warning(request, _("%(client)s: somebody else was quicker.") % {"client": client})
        if form.cleaned_data.get("bookings") == CLOSE:
            count, refused = close_all(client, actor=actor, note=form.why)
            closed += count
            for why in refused:
                messages.error(request, _("Not closed: %(why)s") % {"why": why})
    _tell(request, change, done, closed)
    return SeeOther(client_page(lines[0].client) if len(lines) == 1 else reverse("operations-clients"))


def _tell(request: HttpRequest, change: Change, done: int, closed: int) -> None:
    if done and change.may_close:
        said = ngettext("%(count)d client is suspended.", "%(count)d clients are suspended.", done)
        messages.success(request, said % {"count": done})
    elif done:
        said = ngettext("%(count)d client is restored.", "%(count)d clients are restored.", done)
        messages.success(request, said % {"count": done})
    if closed:
        said = ngettext("%(count)d booking is closed.", "%(count)d bookings are closed.", closed)
        messages.success(request, said % {"count": closed})


def _page(
    request: HttpRequest, change: Change, lines: list[Line], form: StandingForm, error: DomainError | None = None
) -> HttpResponse:
    context = {
        "change": change, "form": form, "error": error, "seen": _seen(lines), "step": DO,
        "will": [line for line in lines if line.will], "will_not": [line for line in lines if not line.will],
        "back": client_page(lines[0].client) if len(lines) == 1 else reverse("operations-clients"),
        "called": _("Client") if len(lines) == 1 else _("Clients"),
    }  # fmt: skip
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/clients/standing.html", context, status=status)


suspend, restore = (standing_view(CHANGES[name]) for name in ("suspend", "restore"))
