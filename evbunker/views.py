"""Error pages that must not fail themselves, and the living page of the design system."""

import datetime as dt
import re
import sys
from pathlib import Path

from django import forms
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from evbunker import clock
from evbunker.db import is_out_of_reach
from evbunker.errors import Busy
from evbunker.logs import current_request_id
from evbunker.statuses import LOOKS


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, without a session: the request itself may be what is wrong with it."""
    return HttpResponse(_without_request("400.html"), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 if it is the database that does not answer: no context processors, no session, no database."""
    if is_out_of_reach(sys.exception()):
        retry_after = {"Retry-After": str(Busy.retry_after_seconds)}
        return HttpResponse(_without_request("503.html"), status=503, headers=retry_after)
    return HttpResponse(_without_request("500.html"), status=500)


def _without_request(template: str) -> str:
    return render_to_string(template, {"request_id": current_request_id()})


class StyleguideForm(forms.Form):
    """One field of every kind, for the styleguide."""

    email = forms.EmailField(label=_("E-mail address"), help_text=_("We write when something changes."))
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput)
    city = forms.CharField(label=_("City"), required=False)
    minutes = forms.ChoiceField(label=_("How long"), choices=[("30", "30 min"), ("60", "1 h"), ("90", "1 h 30 min")])
    note = forms.CharField(label=_("Note"), widget=forms.Textarea, required=False)
    current = forms.ChoiceField(label=_("Current"), choices=[("ac", "AC"), ("dc", "DC")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label=_("I have read the terms"))


LONG_NAME = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Interchange, north car park, upper deck"
PRICE_LINES = [
    {"label": _("Session fee"), "how": "", "amount_minor": 100},
    {"label": _("Time"), "how": "1 h 30 min x €2.00", "amount_minor": 300},
    {"label": _("Energy, up to"), "how": "28.0 kWh x €0.45", "amount_minor": 1260},
]


def _icons() -> list[str]:
    """Every drawing of the sprite; read from it, so that none is missing here."""
    sprite = finders.find("img/icons.svg")
    assert isinstance(sprite, str)
    return re.findall(r'<symbol id="([a-z-]+)"', Path(sprite).read_text())


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state; mounted with DEBUG only. What it shows are examples, not records."""
    now = clock.now()
    context = {
        "now": now,
        "soon": now + dt.timedelta(minutes=8),
        "earlier": now - dt.timedelta(minutes=5),
        "later": now + dt.timedelta(minutes=90),
        "form": StyleguideForm(),
        "bad_form": StyleguideForm({"email": "not an address", "minutes": "45"}),
        "badges": [name.split(".") for name in LOOKS],
        "icons": _icons(),
        "states": ["free", "taken", "blocked", "past", "closed"],
        "quarters": ["taken", "free", "free", "past"],
        "hours": ["13", "14", "15", "16", "17"],
        "levels": [0, 4, 12, 50, 88, 100],
        "long_name": LONG_NAME,
        "lines": PRICE_LINES,
        "crumbs": [("/", _("Find")), ("#", LONG_NAME)],
        "days": [now + dt.timedelta(days=n) for n in range(14)],
        "themes": ["light", "dark"],
    }
    return render(request, "styleguide.html", context)
