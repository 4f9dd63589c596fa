"""Gateways and settings of money that a server must not start with."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from evbunker.checks import TAG
from payments.gateways import KNOWN, may_use
from payments.sandbox_knobs import Knob


@register(TAG)
def check_gateways(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """Every gateway must be known, and the one that moves no money wanted on purpose."""
    named = settings.PAYMENT_GATEWAYS
    if not named:
        yield Warning("PAYMENT_GATEWAYS is empty: nobody can pay.", id="payments.W001")
    for name in named:
        if name not in KNOWN:
            yield Error(f"PAYMENT_GATEWAYS names {name!r}; known are {', '.join(sorted(KNOWN))}.", id="payments.E002")
        elif not may_use(name):
            yield Error(
                "PAYMENT_GATEWAYS names the sandbox, which moves no money.",
                hint="Leave it out, or set SANDBOX_ALLOWED=1 on a site where nobody really charges.",
                id="payments.E003",
            )
        else:
            yield from (Error(sentence, id="payments.E006") for sentence in KNOWN[name]().problems())
    yield from _knobs()
    if "sandbox" in named and not settings.SANDBOX_WEBHOOK_SECRET:
        yield Warning("Without SANDBOX_WEBHOOK_SECRET, the sandbox's webhook answers 503.", id="payments.W004")


def _knobs() -> Iterable[CheckMessage]:
    """The sandbox's faults must be there, and none is where real money moves."""
    known = {str(knob) for knob in Knob}
    for name in settings.SANDBOX_KNOBS:
        if name not in known or not settings.SANDBOX_ALLOWED:
            hint = f"There are {', '.join(sorted(known))}, and only where SANDBOX_ALLOWED=1."
            yield Error(f"SANDBOX_KNOBS names {name!r}.", hint=hint, id="payments.E007")


@register(TAG)
def check_receipts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """Every year must have the day on which the numbers of receipts begin anew; their fonts must be there."""
    starts = settings.FINANCIAL_YEAR_STARTS
    try:
        dt.datetime.strptime(f"2001-{starts}", "%Y-%m-%d").replace(tzinfo=dt.UTC)
    except ValueError:
        yield Error(
            f"FINANCIAL_YEAR_STARTS is {starts!r}.", hint="Month and day, such as 01-01 or 04-01.", id="payments.E005"
        )
    for path in settings.RECEIPT_FONTS:
        if not Path(path).is_file():
            yield Error(f"RECEIPT_FONTS names {path!r}, which is not there.", id="payments.E008")
